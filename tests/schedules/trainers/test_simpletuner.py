"""SimpleTuner's sample_flow_sigmas and apply_flow_schedule_shift."""

import numpy as np
import pytest

from schedules import UserError, trainers


def draw(settings, rng, count):
    if settings["flow_use_uniform_schedule"]:
        t = rng.uniform(size=count)
    elif settings["flow_use_beta_schedule"]:
        t = rng.beta(settings["flow_beta_schedule_alpha"], settings["flow_beta_schedule_beta"], count)
    else:
        t = 1 / (1 + np.exp(-settings["flow_sigmoid_scale"] * rng.normal(size=count)))
    a = settings["flow_schedule_shift"]
    if a <= 0:
        mu = 0.5 + (1.15 - 0.5) * (settings["tokens"] - 256) / (4096 - 256)
        a = np.exp(mu) if settings["flow_schedule_auto_shift"] else 1.0
    t = a * t / (1 + (a - 1) * t)
    with np.errstate(divide="ignore"):
        return 2 * (np.log(1 - t) - np.log(t))


@pytest.mark.parametrize(
    ("flags", "tokens"),
    [
        ("", None),
        ("--flow_sigmoid_scale 0.7 --flow_schedule_shift 1.15", None),
        ("--flow_use_uniform_schedule --flow_schedule_shift=0", None),
        ("--flow_use_uniform_schedule true --flow_schedule_shift 4", None),
        ("--flow_use_beta_schedule --flow_beta_schedule_alpha 1.5 --flow_schedule_shift 1", None),
        ('{"flow_use_beta_schedule": true, "--flow_beta_schedule_alpha": 3, "flow_beta_schedule_beta": 0.4}', None),
        ("--flow_schedule_shift 0 --flow_schedule_auto_shift", 1024),
        ("--flow_use_uniform_schedule --flow_use_beta_schedule", None),
        ("--flow_use_uniform_schedule --flow_cubic_schedule_weights 1", None),
    ],
)
def test_draw(both_ways, flags, tokens):
    both_ways("simpletuner", flags, draw, tokens=tokens)


def test_presets(own_line):
    own_line("simpletuner")


def test_auto_shift_beside_a_shift_is_said_to_do_nothing():
    read = trainers.read("simpletuner", "--flow_schedule_auto_shift")
    assert read.schedule.spec == "logit_normal|shift:a=3"
    assert any("no effect" in note for note in read.notes)


@pytest.mark.parametrize(
    "flags",
    [
        "--mixflow_enabled",
        "--flow_custom_timesteps 0.2,0.5",
        "--flux_fast_schedule",
        "--flow_cubic_schedule_weights 1,2,1",
    ],
)
def test_what_has_no_registered_density_is_refused(flags):
    with pytest.raises(UserError, match=f"^simpletuner: {flags.split()[0].strip('-')}"):
        trainers.read("simpletuner", flags)
