"""How much memory there is for workers, and how much one holds."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

CGROUPS = (  # limit and use of version 2 and of version 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def resident(pid: int) -> int:
    """Bytes that a process holds in memory, without the files that it has mapped; 0 for one that is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        if Path("/proc/self/statm").exists():
            held, of_files = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
            return (int(held) - int(of_files)) * os.sysconf("SC_PAGE_SIZE")
        command = ["ps", "-o", "rss=", "-p", str(pid)]
        return 1024 * int(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return 0


def available() -> int | None:
    """Bytes that may still be allocated on this machine, or in this container; None where that cannot be told."""
    limits = [limit for limit in (_of_machine(), *(_of_group(*files) for files in CGROUPS)) if limit is not None]
    return min(limits, default=None)


def _of_machine() -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return 1024 * int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0])
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _of_group(limit: str, used: str) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return max(0, int(Path(limit).read_text()) - int(Path(used).read_text()))
    return None
