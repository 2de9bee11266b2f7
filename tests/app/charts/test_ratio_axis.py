"""The axis of intervals against the baseline."""

from __future__ import annotations

import pytest

from app.charts.ratio_axis import Axis


def test_an_axis_holds_every_mean_that_is_better_than_the_baseline():
    axis = Axis(logarithmic=True, low=0.4, high=1.2)
    assert axis.share(0.4) == 0
    assert axis.share(5) == 1
    assert axis.share(float("nan")) is None
    middle = axis.share(0.4**0.5 * 1.2**0.5)
    assert middle == pytest.approx(0.5)
    texts = [text for _, text in axis.ticks()]
    assert "0 %" in texts
    assert 2 <= len(texts) <= 5
    linear = Axis(logarithmic=False, low=-2.0, high=1.0)
    assert linear.reference == pytest.approx(2 / 3)
    assert [text for _, text in linear.ticks()] == ["−2", "−1", "0", "+1"]


def test_an_axis_is_not_flattened_by_what_is_far_away():
    near = [(0.55, 0.45, 0.65), (0.8, 0.7, 0.9), (0.9, 0.85, 0.97), (1.1, 1.0, 1.2)]
    axis = Axis.around([*near, (36.0, 0.01, 1e5)], logarithmic=True)
    assert axis.share(0.55) < 0.3
    assert axis.share(1.1) > axis.share(0.55) + 0.2
    far = axis.places(36.0, 0.01, 1e5)
    assert (far["low"], far["high"], far["before"], far["after"]) == (0, 1, True, True)
    inside = Axis.around(near, logarithmic=True)
    assert not any(inside.places(*interval)[end] for interval in near for end in ("before", "after"))
    assert all(0 < inside.share(end) < 1 for interval in near for end in interval)


def test_the_baselines_own_zeros_take_no_part_in_what_is_far_away():
    """Two entries in four targets, half of it the baseline's: the other's largest change was off the axis."""
    moved = [(1.27, 1.18, 1.36), (1.05, 1.02, 1.08), (1.07, 1.0, 1.14), (1.06, 0.99, 1.13)]
    axis = Axis.around([*moved, *[(1.0, 1.0, 1.0)] * 4], logarithmic=True)
    assert axis.high > 1.36
    assert Axis.around([(1.0, 1.0, 1.0)], logarithmic=True).reference == pytest.approx(0.5)
