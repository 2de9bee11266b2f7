"""musubi-tuner: every --timestep_sampling, from its own formula."""

import numpy as np
import pytest

import schedules
from schedules import UserError, trainers

LINES = {"flux": (0.5, 4096, 1.15), "flux2": (0.5, 4096, 1.15), "qwen": (0.5, 8192, 0.9), "krea2": (0.5, 6400, 1.15)}


def logsnr(t):
    with np.errstate(divide="ignore"):
        return 2 * (np.log(1 - t) - np.log(t))


def sized(name, settings, rng, count):
    first, end, last = LINES[name]
    a = np.exp(first + (last - first) * (settings["tokens"] - 256) / (end - 256))
    t = 1 / (1 + np.exp(-settings["sigmoid_scale"] * rng.normal(size=count)))
    return a * t / (1 + (a - 1) * t)


def of_logsnr(value):
    return 1 / (1 + np.exp(0.5 * value))


def times(settings, rng, count):
    way = settings["timestep_sampling"]
    bell = 1 / (1 + np.exp(-settings["sigmoid_scale"] * rng.normal(size=count)))
    a = settings["discrete_flow_shift"]
    if way.startswith("qinglong"):
        name = way.partition("_")[2]
        pick, t = rng.uniform(size=count), sized(name, settings, rng, count)
        clean = of_logsnr(rng.normal(5.36, 1.0, count))
        if name == "qwen":
            return np.where(pick < 0.95, t, clean)
        own = of_logsnr(rng.normal(settings["logit_mean"], settings["logit_std"], count))
        return np.where(pick < 0.79, t, np.where(pick < 0.9, own, clean))
    if way == "ideogram4_shift":
        mean = 0.5 * np.log(settings["tokens"] * 16 * 16 / (512 * 512))
        return 1 / (1 + np.exp(-(mean + 1.5 * rng.normal(size=count))))
    if way == "logsnr":
        return of_logsnr(rng.normal(settings["logit_mean"], settings["logit_std"], count))
    if way in ("uniform", "sigmoid", "shift"):
        return {"uniform": rng.uniform(size=count), "sigmoid": bell, "shift": a * bell / (1 + (a - 1) * bell)}[way]
    return sized(way.removesuffix("_shift"), settings, rng, count)


def draw(settings, rng, count):
    low, high = settings["min_timestep"] / 1000, settings["max_timestep"] / 1000
    if settings["timestep_sampling"] == "sigma":
        u = rng.uniform(size=count)
        if settings["weighting_scheme"] == "logit_normal":
            u = 1 / (1 + np.exp(-rng.normal(settings["logit_mean"], settings["logit_std"], count)))
        if settings["weighting_scheme"] == "mode":
            u = 1 - u - settings["mode_scale"] * (np.cos(np.pi * u / 2) ** 2 - 1 + u)
        return logsnr(np.linspace(1, 0, 1001)[(1000 * (u * (high - low) + low)).astype(int)])
    t = times(settings, rng, 4 * count if settings["preserve_distribution_shape"] else count)
    if settings["preserve_distribution_shape"]:
        return logsnr(t[(t >= low) & (t <= high)][:count])
    return logsnr(t * (high - low) + low)


@pytest.mark.parametrize(
    ("flags", "tokens"),
    [
        ("uniform", None),
        ("sigmoid --sigmoid_scale 0.8", None),
        ("shift --discrete_flow_shift 3 --sigmoid_scale 1.3", None),
        ("flux_shift", 1024),
        ("flux2_shift", 2304),
        ("qwen_shift --sigmoid_scale 1.1", 4096),
        ("krea2_shift", 6400),
        ("ideogram4_shift", 4096),
        ("logsnr --logit_mean -6 --logit_std 2", None),
    ],
)
def test_draw(both_ways, flags, tokens):
    both_ways("musubi", f"--timestep_sampling {flags}", draw, tokens=tokens)


@pytest.mark.parametrize(
    "flags",
    [
        "qinglong_flux --logit_mean -4 --logit_std 1.5",
        "qinglong_qwen",
        "shift --discrete_flow_shift 2 --min_timestep 100 --max_timestep 900",
        "shift --discrete_flow_shift 2 --min_timestep 100 --max_timestep 900 --preserve_distribution_shape",
    ],
)
def test_draw_that_only_these_flags_give(both_ways, flags):
    both_ways("musubi", f"--timestep_sampling {flags}", draw, exact=False)


@pytest.mark.parametrize("flags", ["mode --mode_scale 0.7", "none", "logit_normal --logit_mean 1 --logit_std 0.5"])
def test_by_index(both_ways, flags):
    both_ways("musubi", f"--weighting_scheme {flags}", draw, cell=0.004)


def test_the_window_of_an_index_counts_from_noise(both_ways):
    density = both_ways("musubi", "--min_timestep 600 --max_timestep 1000", draw, cell=0.004, exact=False)
    assert density.spec == "flow_uniform|flow_window:high=0.4"


def test_shift_does_nothing_by_index():
    assert trainers.read("musubi", "--discrete_flow_shift 3").schedule.spec == "flow_uniform"
    shifted = trainers.express(schedules.parse("flow_uniform|shift:a=3"), "musubi")
    assert not shifted.exact
    assert "--timestep_sampling shift" in shifted.flags


def test_presets(own_line):
    own_line("musubi")


def test_an_empty_window_is_refused():
    with pytest.raises(UserError, match="min_timestep 900 is not below max_timestep 100"):
        trainers.read("musubi", "--min_timestep 900 --max_timestep 100")
