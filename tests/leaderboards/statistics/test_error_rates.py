"""Protocol 6: boards of known truth seldom say what is not so; `tests/benchmarks/error_rates.py` is the whole of it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))
from error_rates import rates
from kinds_of_noise import KINDS, one_wild

BOARDS = 400
LUCK = 3 * np.sqrt(0.05 * 0.95 / BOARDS)
CASES = [
    ("equal", 10, 3, True),
    ("unequal, 5 df", 16, 5, False),
    ("unequal, 2 df", 4, 3, True),
    ("two groups", 16, 3, False),
    ("grows with the mean", 16, 5, False),
    ("t3", 4, 5, True),
    ("skewed", 10, 8, True),
    ("families", 16, 5, False),
    ("twins", 10, 3, True),
]


@pytest.mark.parametrize(("kind", "entries", "seeds", "of_track"), CASES)
def test_boards_hold_their_error_rate(kind: str, entries: int, seeds: int, of_track: bool):
    """Groups of equal entries among different ones: family-wise error, for all pairs and for a focus, and intervals."""
    for section in rates(KINDS[kind], entries, seeds, 3, apart=True, of_track=of_track, boards=BOARDS, seed=0):
        assert max(section.wrong, section.focus, section.noisiest) < 0.05 + LUCK
        assert section.ranks > 0.95 - LUCK
        assert section.covered > 0.93
        assert section.covered_noisy > 0.89


def test_more_is_told_apart_than_by_ordinary_t():
    section = rates(KINDS["unequal, 5 df"], 30, 3, 1, apart=True, of_track=False, boards=60, seed=0)[0]
    assert section.found > 5 * section.ordinary_found
    assert section.wrong < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


@pytest.mark.parametrize("times", [3, 10])
@pytest.mark.parametrize("where", ["one", "all"])
def test_one_wild_entry_among_four(times: float, where: str):
    """Protocol 6: at most 8 %, where moderating it like the others would be wrong in up to half of all boards."""
    options = {"apart": False, "of_track": True, "boards": BOARDS, "seed": 1, "track": KINDS["unequal, 5 df"]}
    for section in rates(one_wild(times, where), 4, 3, 3, **options):
        assert section.wrong < 0.08 + 3 * np.sqrt(0.08 * 0.92 / BOARDS)
