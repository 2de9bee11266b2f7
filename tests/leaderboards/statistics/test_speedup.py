"""Speed-up: interpolation by hand, and each convention for what has no plain number."""

from __future__ import annotations

from math import inf, isnan, log

import numpy as np
import pytest

from leaderboards.statistics.speedup import Reach, Speedup, all_over_seeds, over_cells, reach_all

MARKS = (0.25, 0.5, 1.0)


def reach(costs: list[float], goal: float) -> Reach:
    """Of one curve, beside another that changes nothing."""
    return reach_all(MARKS, np.array([costs, [9.0, 9.0, 0.0]]), np.array([goal, 1.0]))[0]


def over_seeds(*reaches: Reach) -> Speedup:
    """Of one entry, beside one that has more seeds."""
    return all_over_seeds([[Reach(0.3)] * 4, list(reaches)])[1]


def test_a_power_law_is_read_off_exactly():
    """score = 1 / steps is a straight line in logs: it reaches twice its final score at half the budget."""
    costs = [log(4), log(2), log(1)]
    assert reach(costs, log(2)).log_speedup == pytest.approx(log(2))
    assert reach(costs, log(1.5)).log_speedup == pytest.approx(log(1.5))
    assert reach(costs, log(3)).log_speedup == pytest.approx(log(3))


def test_the_first_crossing_counts():
    assert reach([1.0, 0.0, 1.0], 0.0).log_speedup == pytest.approx(log(2))


def test_the_baselines_own_curve_gives_one():
    assert reach([3.0, 2.0, 1.0], 1.0).log_speedup == pytest.approx(0.0)


def test_below_at_the_first_mark_is_a_bound():
    speed_up = reach([0.5, 0.4, 0.3], 0.6)
    assert speed_up.censored
    assert speed_up.log_speedup == pytest.approx(log(4))
    total = over_seeds(speed_up, speed_up)
    assert (total.value, total.note) == (pytest.approx(4), ">=4")
    assert isnan(total.low)


def test_a_bound_among_exact_seeds_makes_a_bound():
    total = over_seeds(Reach(log(4), censored=True), Reach(log(1)))
    assert (total.value, total.note) == (pytest.approx(2), ">=2")


def test_never_reached():
    assert reach([3.0, 2.0, 1.0], 0.5).log_speedup == -inf
    assert over_seeds(Reach(-inf), Reach(-inf)).note == "not reached"
    some = over_seeds(Reach(-inf), Reach(log(2)), Reach(log(3)))
    assert (some.value, some.note) == (None, "reached by 2 of 3 seeds")


def test_no_curve():
    assert over_seeds().note == "no curve"


def test_interval_is_t_of_the_logs():
    """Log speed-ups 0.6, 0.7, 0.8: t₀.₉₇₅(2) · 0.1 / √3 = 0.248414."""
    total = over_seeds(Reach(0.6), Reach(0.7), Reach(0.8))
    assert np.log([total.value, total.low, total.high]) == pytest.approx(
        [0.7, 0.7 - 0.248414, 0.7 + 0.248414], abs=1e-6
    )
    assert total.note == ""


def test_one_seed_has_no_interval():
    total = over_seeds(Reach(log(2)))
    assert total.value == pytest.approx(2)
    assert isnan(total.low)


def test_over_cells_averages_logs():
    assert over_cells([Reach(log(4)), Reach(log(1))]) == Reach(pytest.approx(log(2)), False)
    assert over_cells([Reach(log(4), censored=True), Reach(0.0)]).censored
    assert over_cells([Reach(log(4)), Reach(-inf)]).log_speedup == -inf
