"""Peak memory of a stretch of work."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

import torch

MIB = 2**20


def reset_peak(device: torch.device) -> None:
    """Start counting anew, where the system can (CUDA, Linux)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mib(device: torch.device) -> float:
    """MiB held at the peak: by torch's allocator on a CUDA device, otherwise resident in this process.

    Of a CUDA device that is what no other process can have: blocks that are free again, and pools of graphs, are in it.

    Of an Apple GPU it is what its driver holds at the end: torch's pool there keeps what it once had.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / MIB
    if device.type == "mps":
        return torch.mps.driver_allocated_memory() / MIB
    with contextlib.suppress(OSError, IndexError, ValueError):
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MIB if sys.platform == "darwin" else peak / 1024
