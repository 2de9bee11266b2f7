"""OneTrainer's _get_timestep_discrete: continuous distributions are shifted, discrete ones are weights of a grid."""

import json

import numpy as np
import pytest

import schedules
from schedules import UserError, trainers

STEPS = 1000
FLUX_LINE, QWEN_LINE = (1.15, 4096), (0.9, 8192)


def logsnr(t):
    with np.errstate(divide="ignore"):
        return 2 * (np.log(1 - t) - np.log(t))


def continuous(settings, rng, count):
    """u of UNIFORM, LOGIT_NORMAL, HEAVY_TAIL and BETA."""
    weight, bias = settings["noising_weight"], settings["noising_bias"]
    name = settings["timestep_distribution"]
    if name == "LOGIT_NORMAL":
        return 1 / (1 + np.exp(-rng.normal(bias, weight + 1, count)))
    if name == "BETA":
        return rng.beta(weight, bias, count)
    u = rng.uniform(size=count)
    return 1 - u - weight * (np.cos(np.pi / 2 * u) ** 2 - 1 + u) if name == "HEAVY_TAIL" else u


def weights(settings, shift, count):
    """Weights of the grid: the distribution at the unshifted place, times the size of the place."""
    x = np.linspace(0, 1, count)
    u, size = x / (shift - shift * x + x), shift / (shift + x - x * shift) ** 2
    weight, centre = settings["noising_weight"], settings["noising_bias"] + 0.5
    if settings["timestep_distribution"] == "COS_MAP":
        return size * 2 / (np.pi - 2 * np.pi * u + 2 * np.pi * u**2)
    if settings["timestep_distribution"] == "INVERTED_PARABOLA":
        return size * np.clip(2 - weight * (u - centre) ** 2, 0, None)
    u = u / (shift - shift * u + u)  # SIGMOID does it twice
    return size / (1 + np.exp(-weight * (u - centre)))


def shift_of(settings):
    if not settings["dynamic_timestep_shifting"]:
        return settings["timestep_shift"]
    last, end = QWEN_LINE if settings["model_type"] == "QWEN" else FLUX_LINE
    return np.exp(0.5 + (last - 0.5) * (settings["tokens"] - 256) / (end - 256))


def index(settings, rng, count):
    low, high = int(STEPS * settings["min_noising_strength"]), int(STEPS * settings["max_noising_strength"])
    shift = shift_of(settings)
    if settings["timestep_distribution"] in ("COS_MAP", "INVERTED_PARABOLA", "SIGMOID"):
        share = weights(settings, shift, high - low)
        return rng.choice(high - low, count, p=share / share.sum()) + low
    step = continuous(settings, rng, count) * (high - low) + low
    return (STEPS * shift * step / ((shift - 1) * step + STEPS)).astype(int)


def flow(settings, rng, count):
    return logsnr((index(settings, rng, count) + 1).clip(1, STEPS) / STEPS)


def stable_diffusion(settings, rng, count):
    signal = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, STEPS) ** 2)
    signal = signal[index(settings, rng, count).clip(0, STEPS - 1)]
    return np.log(signal / (1 - signal))


def entries(name, weight=0.0, bias=0.0, shift=1.0, **more):
    own = {"timestep_distribution": name, "noising_weight": weight, "noising_bias": bias, "timestep_shift": shift}
    return json.dumps({"learning_rate": 1e-4, "optimizer": {"optimizer": "ADAMW"}, **own, **more})


@pytest.mark.parametrize(
    ("config", "cell"),
    [
        (entries("UNIFORM", shift=3), 0.004),
        (entries("LOGIT_NORMAL", weight=0.3, bias=-0.8), 0.004),
        (entries("LOGIT_NORMAL", shift=2.5), 0.004),
        (entries("HEAVY_TAIL", weight=0.9, shift=2), 0.008),
        (entries("COS_MAP", shift=1.5), 0.004),
        (entries("INVERTED_PARABOLA", weight=7.7), 0.004),
        (entries("INVERTED_PARABOLA", weight=5, bias=0.1, shift=2), 0.006),
        (entries("SIGMOID", weight=6, bias=0.2), 0.004),
        (entries("BETA", weight=0.8, bias=1), 0.008),
        (entries("BETA", weight=2, bias=1.4, shift=2), 0.006),
    ],
)
def test_draw(both_ways, config, cell):
    both_ways("onetrainer", config, flow, cell=cell)


def test_where_window_and_shift_come(both_ways):
    """Of the continuous distributions the window comes first, of those of the grid the shift."""
    window = {"min_noising_strength": 0.2, "max_noising_strength": 0.9}
    first = both_ways("onetrainer", entries("LOGIT_NORMAL", shift=3, **window), flow, cell=0.006, exact=False)
    assert first.spec == "logit_normal|flow_window:low=0.2,high=0.9|shift:a=3"
    second = both_ways("onetrainer", entries("COS_MAP", shift=3, **window), flow, cell=0.006, exact=False)
    assert second.spec == "cosmap|shift:a=3|flow_window:low=0.2,high=0.9"


@pytest.mark.parametrize(("model", "tokens"), [("FLUX_DEV_1", 1024), ("QWEN", 4096)])
def test_dynamic_shift(both_ways, model, tokens):
    config = entries("LOGIT_NORMAL", dynamic_timestep_shifting=True, model_type=model)
    both_ways("onetrainer", config, flow, cell=0.004, tokens=tokens)


def test_dynamic_shift_of_an_unknown_model():
    config = entries("UNIFORM", dynamic_timestep_shifting=True, model_type="HI_DREAM_FULL")
    with pytest.raises(UserError, match="needs a model_type whose scheduler is known here"):
        trainers.read("onetrainer", config)


@pytest.mark.parametrize(
    "config",
    [
        entries("UNIFORM", model_type="STABLE_DIFFUSION_XL_10_BASE"),
        entries("BETA", 0.8, 1.0, model_type="STABLE_DIFFUSION_15"),
    ],
)
def test_stable_diffusion(both_ways, config):
    both_ways("onetrainer", config, stable_diffusion, cell=0.008)


def test_sigmoid_that_shifts_back_twice():
    """Its draw is not the shifted ramp, so a shift is refused rather than read wrongly."""
    settings = trainers.read("onetrainer", entries("SIGMOID", weight=6)).settings
    drawn = flow({**settings, "timestep_shift": 3.0}, np.random.default_rng(0), 100_000)
    shifted = schedules.parse("sigmoid_ramp:w=6|shift:a=3")
    assert abs(np.mean(drawn < shifted.ppf(0.5)) - 0.5) > 0.05
    with pytest.raises(UserError, match="takes the shift back twice"):
        trainers.read("onetrainer", entries("SIGMOID", weight=6, shift=3))


def test_what_is_another_models_is_not_the_nearest():
    """SDXL's own table is nearer to one next to it, but nobody said that it is SDXL."""
    wanted, uniform = schedules.parse("scaled_linear|offset:by=0.1"), '"timestep_distribution": "UNIFORM"'
    assert "model_type" not in trainers.express(wanted, "onetrainer", pinned=f"{{{uniform}}}").flags
    pinned = f'{{{uniform}, "model_type": "STABLE_DIFFUSION_XL_10_BASE"}}'
    assert trainers.express(wanted, "onetrainer", pinned=pinned).w1 == pytest.approx(0.1, abs=1e-3)


def test_presets(own_line):
    own_line("onetrainer")
