"""What all figures have in common: round labels."""

from __future__ import annotations

import pytest

from app.charts.frame import round_step, round_values


@pytest.mark.parametrize(("low", "high"), [(0.96, 1.04), (0.2, 0.6), (0.1, 30), (1e-6, 1e4), (1.0, 1.0), (2, 5.9)])
def test_log_axes_have_a_few_round_labels(low, high):
    ticks = round_values(low, high)
    assert 1 <= len(ticks) <= 12
    assert ticks == sorted(ticks)


def test_round_step():
    assert [round_step(least) for least in (0.9, 1, 1.1, 3, 6)] == [1, 1, 2, 5, 10]
