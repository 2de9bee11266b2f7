"""sd-scripts: FLUX's, Lumina's, SD3's and SDXL's draws, each from its own formula."""

import numpy as np
import pytest

import schedules
from schedules import UserError, trainers

STEPS = 1000
FLUX = "flux_train_network.py --timestep_sampling"


def shift(t, a):
    return a * t / (1 + (a - 1) * t)


def logsnr(t):
    with np.errstate(divide="ignore"):
        return 2 * (np.log(1 - t) - np.log(t))


def u_of(settings, rng, count):
    if settings["weighting_scheme"] == "logit_normal":
        return 1 / (1 + np.exp(-rng.normal(settings["logit_mean"], settings["logit_std"], count)))
    u = rng.uniform(size=count)
    if settings["weighting_scheme"] == "mode":
        return 1 - u - settings["mode_scale"] * (np.cos(np.pi * u / 2) ** 2 - 1 + u)
    return u


def flux(settings, rng, count):
    """flux_train_utils: uniform, sigmoid, shift, flux_shift; sigma is an index into falling, shifted times."""
    way = settings["timestep_sampling"]
    if way == "sigma":
        t = np.linspace(1, STEPS, STEPS)[::-1] / STEPS
        return logsnr(shift(t, settings["discrete_flow_shift"])[(u_of(settings, rng, count) * STEPS).astype(int)])
    mu = 0.5 + (1.15 - 0.5) * (settings["tokens"] - 256) / (4096 - 256)
    a = {"shift": settings.get("discrete_flow_shift", 3.0)}.get(way, np.exp(mu) if way.endswith("shift") else 1.0)
    bell = 1 / (1 + np.exp(-settings["sigmoid_scale"] * rng.normal(size=count)))
    t = rng.uniform(size=count) if way in ("uniform", "nextdit_shift") else bell
    return logsnr(shift(t, a))


def sd3(settings, rng, count):
    """sd3_train_utils: u is the time itself, shifted, squeezed into the window, cut to a whole step."""
    low, high = settings.get("min_timestep", 0), settings.get("max_timestep", STEPS)
    u = shift(u_of(settings, rng, count), settings.get("training_shift", 1.0))
    return logsnr((u * (high - low) + low).astype(int) / STEPS)


def sdxl(settings, rng, count):
    """train_util: a uniform index of scaled_linear."""
    low, high = int(settings.get("min_timestep", 0)), int(settings.get("max_timestep", STEPS))
    signal = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, STEPS) ** 2)[rng.integers(low, high, count)]
    return np.log(signal / (1 - signal))


@pytest.mark.parametrize(
    ("flags", "tokens"),
    [
        (f"{FLUX} uniform", None),
        (f"{FLUX} sigmoid --sigmoid_scale 1.7", None),
        (f"{FLUX} shift", None),
        (f"{FLUX} shift --discrete_flow_shift 1.15 --sigmoid_scale=0.6", None),
        (f"{FLUX} flux_shift --sigmoid_scale 1.2", 4096),
        (f"{FLUX} flux_shift", 1024),
        ("lumina_train.py --timestep_sampling nextdit_shift", 2048),
    ],
)
def test_flux(both_ways, flags, tokens):
    both_ways("sd-scripts", flags, flux, tokens=tokens)


@pytest.mark.parametrize(
    "flags",
    [
        "--weighting_scheme uniform --discrete_flow_shift 3",
        "--weighting_scheme mode --mode_scale 0.9 --discrete_flow_shift 3",
    ],
)
def test_flux_by_index(both_ways, flags):
    both_ways("sd-scripts", f"{FLUX} sigma {flags}", flux, cell=0.004)


def test_flux_by_index_is_mirrored(both_ways):
    """--logit_mean moves mass towards clean data here and towards noise in SD3's script."""
    flags = "--weighting_scheme logit_normal --logit_mean 1 --logit_std 0.7"
    by_index = trainers.read("sd-scripts", f"{FLUX} sigma --discrete_flow_shift 1 {flags}")
    drawn = flux(by_index.settings, np.random.default_rng(0), 100_000)
    assert np.median(drawn) == pytest.approx(2.0, abs=0.03)
    assert by_index.schedule.ppf(0.5) == pytest.approx(2.0, abs=1e-12)
    by_time = both_ways("sd-scripts", f"sd3_train.py {flags}", sd3, cell=0.004, pinned="sd3_train.py")
    assert by_time.ppf(0.5) == pytest.approx(-2.0, abs=1e-12)
    with pytest.raises(UserError, match=r"which script\?.*opposite directions"):
        trainers.read("sd-scripts", flags)


@pytest.mark.parametrize(
    ("flags", "cell"),
    [
        ("--weighting_scheme logit_normal --training_shift 3", 0.006),
        ("--weighting_scheme uniform --training_shift=0.7", 0.002),
        ("--weighting_scheme mode --training_shift=2", 0.006),
    ],
)
def test_sd3(both_ways, flags, cell):
    line = f"accelerate launch sd3_train_network.py --learning_rate 1e-4 {flags}"
    both_ways("sd-scripts", line, sd3, cell=cell, pinned="sd3_train_network.py")


def test_sd3_in_a_window(both_ways):
    flags = "sd3_train.py --weighting_scheme logit_normal --min_timestep 200 --max_timestep 900"
    density = both_ways("sd-scripts", flags, sd3, cell=0.006, exact=False)
    assert density.spec == "logit_normal|flow_window:low=0.2,high=0.9"


@pytest.mark.parametrize("window", ["", "--min_timestep 100 --max_timestep 700"])
def test_sdxl(both_ways, window):
    both_ways("sd-scripts", f"sdxl_train.py {window}", sdxl, cell=0.002, exact=not window)


def test_presets(own_line):
    own_line("sd-scripts")


def test_weightings_need_sigma_scaled():
    """FLUX's script scales by σ unless told otherwise, the others don't."""
    assert trainers.read("sd-scripts", "flux_train.py --weighting_scheme cosmap").weighting == "cosmap_weight"
    raw = "flux_train.py --weighting_scheme cosmap --model_prediction_type raw"
    assert trainers.read("sd-scripts", raw).weighting == "native"
    assert trainers.read("sd-scripts", "anima_train.py --weighting_scheme cosmap").weighting == "native"


def test_defaults_are_the_scripts_own():
    specs = {
        "flux_train.py": "flow_uniform|shift:a=3",
        "anima_train.py": "logit_normal",
        "lumina_train.py": "logit_normal|shift:a=6",
        "hunyuan_image_train_network.py": "flow_uniform|shift:a=5",
        "sd3_train.py": "flow_uniform",
        "train_network.py": "scaled_linear",
    }
    assert {script: trainers.read("sd-scripts", script).schedule.spec for script in specs} == specs


def test_what_a_script_does_not_read_is_refused():
    for flags in (
        "flux_train.py --timestep_sampling nextdit_shift",
        "flux_train.py --training_shift 3",
        "sd3_train.py --timestep_sampling sigmoid",
    ):
        with pytest.raises(UserError, match="sd-scripts: "):
            trainers.read("sd-scripts", flags)


def test_a_script_that_is_given_is_kept():
    shifted = schedules.parse("flow_uniform|shift:a=2")
    assert "--training_shift 2" in trainers.express(shifted, "sd-scripts", pinned="sd3_train.py").flags
    assert "--discrete_flow_shift 2" in trainers.express(shifted, "sd-scripts").flags
