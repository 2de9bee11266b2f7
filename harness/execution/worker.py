"""What a worker process does: set itself up once, then run after run; a result folder each."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.specs import RunSpec

_progress: Any = None


def start(progress: Any, plugins: list[str]) -> None:
    """Initialise the process. progress: shared float that holds the share of the current run done."""
    global _progress  # noqa: PLW0603 - one process, one progress cell
    _progress = progress
    # Ctrl-C reaches the whole process group; the parent decides what happens to its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(1)
    from harness.cli.options import load

    load(plugins)


def work(spec: RunSpec, device: str, outbox: Path) -> tuple[str, str, Path]:
    """Run one run. Returns outcome, reason and the folder that holds the result."""
    import torch

    from harness.run import execute
    from harness.tracking import result_folder

    started = time.time()
    place = torch.device(device)
    _progress.value = 0.0
    try:
        result = execute(spec, place, _report)
    except (Exception, SystemExit) as error:  # a plugin may raise anything: its run fails alone, and is named
        if os.environ.get("SNRBENCH_DEBUG"):
            traceback.print_exc()
        result = result_folder.failed(spec, f"{type(error).__name__}: {' '.join(str(error).split())}"[:500])
    folder = result_folder.write(outbox, result, place, started, time.time())
    return result.outcome, result.reason, folder


def _report(share: float) -> None:
    _progress.value = share


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        sys.stderr.flush()
        os._exit(1)
