"""EDM2's loss, σ drawn as in training/training_loop.py."""

import numpy as np
import pytest

from schedules import UserError, trainers

PRESETS = {"edm2-img512": (-0.4, 1.0), "edm2-img64": (-0.8, 1.6)}


def draw(settings, rng, count):
    """ln σ = P_std·n + P_mean, a preset's constants where no flag overrides them; data of σ_d = 0.5."""
    mean, deviation = PRESETS[settings["preset"].rpartition("-")[0]]
    log_sigma = rng.normal(size=count) * settings.get("P_std", deviation) + settings.get("P_mean", mean)
    return -2 * log_sigma + 2 * np.log(settings["sigma_data"])


@pytest.mark.parametrize(
    "flags",
    ["--preset=edm2-img512-xxl", "--preset=edm2-img64-s --P_std=1.4", "torchrun train_edm2.py --P_mean -1.5 --P_std 2"],
)
def test_draw(both_ways, flags):
    assert trainers.read("edm2", flags).weighting == "uncertainty"
    both_ways("edm2", flags, draw)


def test_sigma_data(both_ways):
    both_ways("edm2", "--preset=edm2-img512-s", draw, sigma_data=1.0)
    assert trainers.read("edm2", "", sigma_data=1.0).schedule.spec == "edm2"


def test_presets(own_line):
    own_line("edm2")


def test_unknown_preset():
    with pytest.raises(UserError, match="did you mean edm2-img64-xl"):
        trainers.read("edm2", "--preset=edm2-img64-xll")
