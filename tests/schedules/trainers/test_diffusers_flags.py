"""diffusers' training scripts: u by its own function, then an index into its own scheduler's falling times."""

import numpy as np
import pytest

import schedules
from schedules import UserError, trainers

STEPS = 1000


def shifted_times(a):
    """Times of FlowMatchEulerDiscreteScheduler as constructed: falling from 1, shifted by a."""
    t = np.linspace(1, STEPS, STEPS)[::-1] / STEPS
    return a * t / (1 + (a - 1) * t)


def u_of(settings, rng, count):
    if settings["weighting_scheme"] == "logit_normal":
        return 1 / (1 + np.exp(-rng.normal(settings["logit_mean"], settings["logit_std"], count)))
    u = rng.uniform(size=count)
    if settings["weighting_scheme"] == "mode":
        return 1 - u - settings["mode_scale"] * (np.cos(np.pi * u / 2) ** 2 - 1 + u)
    return u


def draw(settings, rng, count):
    indices = (u_of(settings, rng, count) * STEPS).astype(int).clip(0, STEPS - 1)
    t = shifted_times(settings["shift"])[indices]
    with np.errstate(divide="ignore"):
        return 2 * (np.log(1 - t) - np.log(t))


@pytest.mark.parametrize(
    ("flags", "cell"),
    [
        ("--weighting_scheme none", 0.002),
        ("--weighting_scheme cosmap shift=3", 0.002),
        ("--weighting_scheme=logit_normal --logit_mean -0.5 --logit_std 0.8 # shift=3", 0.004),
        ("--weighting_scheme mode --mode_scale 0.8", 0.004),
        ("--weighting_scheme mode shift=2", 0.008),
    ],
)
def test_draw(both_ways, flags, cell):
    both_ways("diffusers-flags", flags, draw, cell=cell)


def test_presets(own_line):
    own_line("diffusers-flags")


def test_a_shift_that_is_given_stays():
    """SD3's scheduler has 3, so SD3's paper density needs logit_mean 0 − and without a shift −ln 3."""
    sd3 = schedules.parse("preset/sd3")
    assert "--logit_mean 0 --logit_std 1  # shift=3" in trainers.express(sd3, "diffusers-flags", pinned="shift=3").flags
    assert "--logit_mean -1.0986" in trainers.express(sd3, "diffusers-flags").flags


def test_weightings_are_named():
    assert trainers.read("diffusers-flags", "--weighting_scheme sigma_sqrt").weighting == "sigma_sqrt"
    assert trainers.read("diffusers-flags", "--weighting_scheme cosmap").weighting == "cosmap_weight"


def test_no_sigma_data():
    with pytest.raises(UserError, match="does not depend on σ_d"):
        trainers.read("diffusers-flags", "", sigma_data=0.5)
