"""No process outlives the one that started it."""

from __future__ import annotations

import contextlib
import ctypes
import signal

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have the system end this process when its parent's thread is gone, where it can (Linux)."""
    # For a plugin that never lets another Python thread run; elsewhere than on Linux the closed connection has to do.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
