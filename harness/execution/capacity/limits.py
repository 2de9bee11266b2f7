"""What a run may take when nobody says: so much that only what went wrong takes more."""

from __future__ import annotations

from harness.execution.capacity.free_memory import available
from harness.execution.job import Limits

GIB = 2**30
TIMES_THE_EXPECTED = 20.0
LEAST_SECONDS, UNKNOWN_SECONDS = 15 * 60.0, 24 * 3600.0
SHARE_OF_MEMORY = 0.9
LEAST_GIB_WITH_A_GPU = 4.0
"""What the libraries of a GPU hold in the memory of the host counts too."""


def completed(limits: Limits, expected: float | None, slots: int, device: str) -> Limits:
    """The limits as asked; what was not asked for: 20 times the expected seconds, and a worker's share of memory.

    expected: seconds of the longest kind of run; None when nothing is known
    """
    seconds, gib = limits.seconds, limits.gib
    if seconds is None:
        seconds = UNKNOWN_SECONDS if expected is None else max(LEAST_SECONDS, TIMES_THE_EXPECTED * expected)
    free = available()
    if gib is None and free is not None:
        gib = SHARE_OF_MEMORY * free / GIB / slots
        gib = gib if device.startswith("cpu") else max(gib, LEAST_GIB_WITH_A_GPU)
    return Limits(seconds, gib)
