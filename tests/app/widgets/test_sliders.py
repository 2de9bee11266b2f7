"""Positions and steps of sliders."""

from __future__ import annotations

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from app.widgets.sliders import pitch, positions


def test_log_positions_are_round_and_hold_the_exact_value():
    values = positions(FloatDistribution(0.1, 3, log=True), 0.7315)
    assert {0.1, 0.5, 0.75, 1.0, 2.5, 3.0, 0.7315} <= set(values)
    assert values == sorted(values)
    assert positions(IntDistribution(1, 30, log=True), 7)[:3] == [1, 2, 3]


@pytest.mark.parametrize(("low", "high", "step"), [(-3, 3, 0.05), (0.9, 1, 0.001), (0, 20, 0.2), (-20, -1, 0.2)])
def test_steps_are_round(low, high, step):
    assert pitch(low, high) == pytest.approx(step)
