"""Which seeds serve what. Scoring uses 0 … N − 1; tuning must never measure on what it is judged by."""

from __future__ import annotations

FIRST_TUNING, FIRST_CONFIRMING = 1_000_000, 2_000_000


def tuning(count: int) -> range:
    """Seeds of every trial."""
    return range(FIRST_TUNING, FIRST_TUNING + count)


def confirming(count: int) -> range:
    """Seeds that the best trials are measured on again."""
    return range(FIRST_CONFIRMING, FIRST_CONFIRMING + count)
