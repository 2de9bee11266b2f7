"""Flags → density → flags: what a trainer draws has exact flags, wherever its numbers are."""

import math
import warnings

import numpy as np
import pytest

import schedules
from schedules import UserError, trainers
from schedules.relatives.similarity import SAME, total_variation

CORNERS = [(0.98, 0.02), (0.93, 0.034)]
"""Shares of the way through the ranges of two numbers."""
WAYS = [
    pytest.param(name, way, id=f"{name}-{'-'.join(map(str, way.fixed.values()))}")
    for name in trainers.names()
    for way in trainers.get(name).ways
    if len(way.free) == 2 and not way.needs and not way.kind
]


def at(span, share):
    """A number with four digits."""
    low, high = (math.log(span.low), math.log(span.high)) if span.log else (span.low, span.high)
    value = low + share * (high - low)
    return float(f"{math.exp(value) if span.log else value:.4g}")


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_what_a_trainer_draws_has_exact_flags(name, way):
    trainer = trainers.get(name)
    for shares in [*CORNERS, np.random.default_rng(0).uniform(size=2)]:
        numbers = {flag: at(span, float(share)) for (flag, span), share in zip(way.free.items(), shares, strict=True)}
        try:
            schedule = trainers.read(name, trainer.write({**way.fixed, **numbers})).schedule
        except UserError:  # no registered schedule reaches that
            continue
        expression = trainers.express(schedule, name)
        assert expression.exact, numbers
        assert total_variation(trainers.read(name, expression.flags).schedule, schedule) < SAME


@pytest.mark.parametrize("spec", ["sigmoid_ramp:w=14.015,c=0.034", "sigmoid_ramp:w=19,c=0.01"])
def test_a_fit_that_runs_into_a_bound_begins_again(spec):
    expression = trainers.express(schedules.parse(spec), "onetrainer")
    assert expression.exact
    assert "SIGMOID" in expression.flags


def test_the_nearest_flags_at_a_bound_are_found_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not trainers.express(schedules.parse("cauchy:loc=0.8266,scale=0.2919"), "onetrainer").exact
