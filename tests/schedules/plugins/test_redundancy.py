"""No space holds two parameters for one thing: the density's derivative in its parameters has full rank."""

import numpy as np
import pytest

import schedules
from schedules.plugins import redundancy
from schedules.schedule import SCHEDULES
from schedules.transforms import TRANSFORMS

SHARES = 1 / (1 + np.exp(-np.linspace(-6, 6, 61)))
POINTS = 3
FULL = 0.01
"""Least singular value of the Jacobian with unit columns: 1e-5 at most where one is redundant, else 0.05 or more."""
STATIC = [name for name in SCHEDULES.names() if not schedules.create(name).learns]


def searched(info):
    """Parameters that are numbers, with what is searched of them."""
    return {
        key: domain for key, domain in info.ranges.items() if key not in info.given and not hasattr(domain, "choices")
    }


def at(domain, place):
    """A value at a share of a range."""
    low, high = (np.log(x) if domain.log else x for x in (domain.low, domain.high))
    value = low + place * (high - low)
    value = float(np.clip(np.exp(value) if domain.log else value, domain.low, domain.high))
    return round(value) if isinstance(domain.low, int) else value


def least_singular_value(quantiles, ranges, places):
    """Of ∂λ_q/∂θ with columns of length 1, θ in shares of their ranges; 0 for a parameter without effect."""
    columns = []
    for key, domain in ranges.items():
        step = max(1e-4, 1.01 / (domain.high - domain.low)) if isinstance(domain.low, int) else 1e-4
        low, high = ({**places, key: float(np.clip(places[key] + by, 0, 1))} for by in (-step, step))
        values = [{name: at(ranges[name], place) for name, place in side.items()} for side in (low, high)]
        columns.append(quantiles(values[1]) - quantiles(values[0]))
    jacobian = np.stack(columns, axis=1)
    lengths = np.linalg.norm(jacobian, axis=0)
    return 0.0 if np.any(lengths < 1e-12) else float(np.linalg.svd(jacobian / lengths, compute_uv=False)[-1])


def best_of_several(quantiles, ranges):
    """The largest least singular value at some points: full rank somewhere is full rank nearly everywhere."""
    rng = np.random.default_rng(1)
    points = [{key: rng.uniform(0.2, 0.8) for key in ranges} for _ in range(POINTS)]
    return max(least_singular_value(quantiles, ranges, places) for places in points)


@pytest.mark.parametrize("name", [name for name in STATIC if searched(schedules.info(name))])
def test_the_searched_parameters_of_a_schedule_are_independent(name):
    ranges = searched(schedules.info(name))
    assert best_of_several(lambda values: schedules.create(name, **values).ppf(SHARES), ranges) > FULL


@pytest.mark.parametrize("name", [name for name in TRANSFORMS.names() if name not in ("truncate", "sine")])
def test_the_searched_parameters_of_a_transform_are_independent(name):
    info = TRANSFORMS.info(name)
    base = schedules.create("split_lognormal", scale_1=0.7).density

    def quantiles(values):
        return np.asarray(info.function(base, **{**info.params, **values}).ppf(SHARES))

    assert best_of_several(quantiles, searched(info)) > FULL


REDUNDANT = {
    "edm": ["sigma_data"],
    "edm2": ["sigma_data"],
    "cosine_interpolated": ["image_d"],
    "piecewise": ["k4"],
    "sigmoid": ["tau"],
    "diffusers_logit_normal": ["a"],
    "ddpm_linear": ["T"],
    "scaled_linear": ["T"],
    "geodiff_sigmoid": ["T"],
}


@pytest.mark.parametrize("name", REDUNDANT)
def test_what_is_given_says_nothing_that_is_not_searched(name):
    """The Jacobian of the whole domain lacks the rank that the space has."""
    info = schedules.info(name)
    assert list(info.given) == REDUNDANT[name]
    last = {**searched(info), **{key: info.ranges[key] for key in info.given}}

    def quantiles(values):
        return schedules.create(name, **values).ppf(redundancy.SHARES)

    assert redundancy.redundant(quantiles, info.params, last) == REDUNDANT[name]
    assert best_of_several(lambda values: schedules.create(name, **values).ppf(SHARES), last) < 1e-3


def test_given_parameters_stay_valid_and_specs_stay():
    assert schedules.parse("edm:sigma_data=0.5") == schedules.create("edm", sigma_data=0.5)
    assert schedules.parse("edm:p_mean=2.646,p_std=1.343,sigma_data=1.076").params["sigma_data"] == 1.076
    with pytest.raises(schedules.UserError, match=r"sigma_data=3.* a number in \[0.1, 2\]"):
        schedules.parse("edm:sigma_data=3")
    assert list(schedules.info("edm").space) == ["p_mean", "p_std"]
    assert list(schedules.info("edm").domain) == ["p_mean", "p_std", "sigma_data"]


def test_a_parameter_without_effect_is_redundant_and_one_that_acts_elsewhere_is_not():
    ranges = {"loc": schedules.info("laplace").ranges["loc"], "idle": schedules.info("laplace").ranges["scale"]}

    def quantiles(values):
        return schedules.create("laplace", loc=values["loc"]).ppf(redundancy.SHARES)

    assert redundancy.redundant(quantiles, {"loc": 0.0, "idle": 1.0}, ranges) == ["idle"]
    parabola = schedules.info("parabola")  # without curvature it has no centre
    assert redundancy.redundant(
        lambda values: schedules.create("parabola", **values).ppf(redundancy.SHARES),
        {"w": 0.0, "c": 0.5},
        parabola.ranges,
    ) == []  # fmt: skip
