"""EDM's three losses, σ drawn as in training/loss.py."""

import numpy as np
import pytest

import schedules
from schedules import UserError, trainers


def draw(settings, rng, count):
    """σ of EDMLoss, VPLoss, VELoss; the data have standard deviation σ_d."""
    if settings["precond"] == "edm":
        sigma = np.exp(rng.normal(size=count) * settings["P_std"] + settings["P_mean"])
    elif settings["precond"] == "vp":
        t = 1 + rng.uniform(size=count) * (settings["epsilon_t"] - 1)
        sigma = np.sqrt(np.exp(0.5 * settings["beta_d"] * t**2 + settings["beta_min"] * t) - 1)
    else:
        ratio = settings["sigma_max"] / settings["sigma_min"]
        sigma = settings["sigma_min"] * ratio ** rng.uniform(size=count)
    return 2 * np.log(settings["sigma_data"] / sigma)


@pytest.mark.parametrize(
    ("flags", "sigma_data"),
    [
        ("--precond=edm", None),
        ("EDMLoss(P_mean=-0.4, P_std=1.0)", 1.0),
        ("c.loss_kwargs.update(P_mean=3.5, P_std = 0.7, sigma_data=0.9)", None),
        ("--precond ve", None),
        ("--precond=ve c.loss_kwargs.update(sigma_min=0.01, sigma_max=50)", 1.0),
        ("--precond=vp --beta_min=0.2", None),
    ],
)
def test_draw(both_ways, flags, sigma_data):
    both_ways("edm", flags, draw, sigma_data=sigma_data)


def test_presets(own_line):
    own_line("edm")


def test_sigma_data_is_counted_in():
    """At σ_d = 1 EDM's constants are N(2.4, 2.4²), at its own 0.5 N(1.014, 2.4²); P_mean follows the same shift."""
    assert trainers.read("edm", "", sigma_data=1.0).schedule.spec == "edm"
    assert trainers.read("edm", "").schedule.ppf(0.5) == pytest.approx(2.4 + 2 * np.log(0.5), abs=1e-12)
    wanted = schedules.create("style_friendly")
    for sigma_data in (0.5, 1.0, 2.0):
        flags = trainers.express(wanted, "edm", sigma_data=sigma_data).flags
        read = trainers.read("edm", flags).settings
        assert read["P_mean"] == pytest.approx(3 + np.log(sigma_data), abs=1e-8)
        assert read["sigma_data"] == sigma_data
        assert f"c.network_kwargs.update(sigma_data={sigma_data:g})" in flags


def test_sigma_data_out_of_range():
    with pytest.raises(UserError, match=r"--sigma-data 0: expected a number in \[0.001, 1000\]"):
        trainers.read("edm", "", sigma_data=0.0)
