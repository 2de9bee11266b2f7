"""Minutes → runs: never more than they buy, never less than says anything."""

import math
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schedules
from leaderboards.recommending import families
from leaderboards.recommending.allowance import Allowance
from leaderboards.recommending.planning import CLOSING, LEAST_SEEDS, SLACK, planned
from schedules.errors import UserError
from schedules.relatives import similarity


@given(st.floats(1, 600), st.floats(0.5, 300), st.integers(1, 16), st.integers(1, 3), st.floats(0, 900))
def test_a_plan_fits_into_its_minutes_or_says_how_many_it_takes(minutes, seconds, workers, trial_seeds, besides):
    try:
        plan = planned(minutes, seconds, workers, trial_seeds, besides)
    except UserError as refused:
        needed = float(re.search(r"--minutes (\d+), more", str(refused)).group(1))
        plan = planned(needed, seconds, workers, trial_seeds, besides)
        assert needed > minutes
        minutes = needed
    assert plan.runs * seconds <= SLACK * (60 * minutes - besides) * workers * (1 + 1e-9)
    assert plan.seeds >= LEAST_SEEDS


def test_more_minutes_never_buy_less():
    plans = [planned(minutes, 7, 2) for minutes in (6, 8, 15, 30, 60)]
    assert [plan.runs for plan in plans] == sorted(plan.runs for plan in plans)
    assert [plan.seeds for plan in plans] == sorted(plan.seeds for plan in plans)


def test_the_minutes_are_of_all_commands_together():
    now = time.monotonic()
    fresh, later = Allowance(10, 0.0, now), Allowance(10, 4.0, now)
    assert fresh.deadline - later.deadline == pytest.approx(240)
    assert later.deadline == pytest.approx(now + 360 - CLOSING)
    assert not later.is_over
    assert Allowance(10, 9.9, now).is_over
    assert Allowance(10, 0.0, now - 700).seconds_left < 0


def test_logit_normal_and_edm_are_one_family():
    """N(−2m, (2s)²) and N(−2 P_mean, (2 P_std)²)."""
    assert families.is_same("logit_normal:m=0.3,s=0.7", schedules.parse("edm:p_mean=0.3,p_std=0.7"))
    assert families.is_same(
        "logit_normal:m=0.3,s=0.7|shift:a=2", schedules.parse(f"logit_normal:m={0.3 + math.log(2)},s=0.7")
    )


@pytest.mark.parametrize("best", ["logit_normal:m=-0.4,s=0.9", "laplace:loc=1,scale=0.7", "cosine_shifted:loc=1"])
def test_what_is_compared_is_distinct_and_holds_cosine_the_defaults_and_neighbours(best):
    specs = families.compared(best, ["laplace:scale=0.6", best], 15)
    assert len(specs) >= 15
    assert specs[:2] == ["cosine", schedules.parse(best).spec]
    parsed = [schedules.parse(spec) for spec in specs]
    close = [
        (one.spec, other.spec)
        for at, one in enumerate(parsed)
        for other in parsed[:at]
        if similarity.total_variation(one, other) < similarity.SAME
    ]
    assert not close
    for default in families.trainers_defaults():
        assert any(families.is_same(spec, schedules.parse(default.spec)) for spec in specs)


def test_neighbours_are_wider_narrower_and_beside():
    widths = {float(s.ppf(0.75) - s.ppf(0.25)) for s in map(schedules.parse, families.around("logit_normal"))}
    medians = {round(float(s.ppf(0.5)), 2) for s in map(schedules.parse, families.around("logit_normal"))}
    own = float(schedules.parse("logit_normal").ppf(0.75) - schedules.parse("logit_normal").ppf(0.25))
    assert min(widths) == pytest.approx(own / 2, rel=0.01)
    assert max(widths) == pytest.approx(own * 2, rel=0.01)
    assert len(medians) == 5


def test_neighbours_of_what_lies_at_the_end_of_its_space_are_those_that_can_be():
    neighbours = families.around("logit_normal:m=-1.9,s=2.9")
    assert len(neighbours) == 6  # none twice as wide
    assert "logit_normal:m=-1.9,s=2.9|offset:by=1.956" in neighbours
