"""ai-toolkit: a batch's 1000 falling times, then an index of them."""

import numpy as np
import pytest

from schedules import UserError, trainers

STEPS = 1000


def falling_times(settings, rng):
    """Times of one batch, from noise to clean, or λ of the table of Stable Diffusion."""
    kind = settings["timestep_type"]
    if settings["linear_timesteps"] or kind in ("linear", "weighted"):
        return np.linspace(STEPS, 1, STEPS) / STEPS
    if kind == "sigmoid":
        return np.sort(1 - 1 / (1 + np.exp(-rng.normal(size=STEPS))))[::-1]
    t = np.linspace(1, 0.001, STEPS)
    if "shift" in settings:
        a = settings["shift"]
        # The scheduler's own sigma_min is shifted already.
        t = np.linspace(1, a * 0.001 / (1 + (a - 1) * 0.001), STEPS)
    else:
        a = np.exp(0.5 + (1.15 - 0.5) * (settings["tokens"] - 256) / (4096 - 256))
    return a * t / (1 + (a - 1) * t)


def indices(settings, rng, count):
    low, high = settings["min_denoising_steps"], min(settings["max_denoising_steps"], STEPS - 1)
    where = settings["content_or_style"]
    if where == "balanced":
        return rng.integers(low, high, count).astype(float)
    u = rng.uniform(size=count) ** 3
    index = (u if where == "content" else 1 - u) * STEPS
    return (low + index * (high - low) / (STEPS - 1)).clip(low, high)  # which the trainer rounds down


def draw(settings, rng, count):
    steps = np.arange(STEPS)
    if settings["noise_scheduler"] == "ddpm":
        signal = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, STEPS) ** 2)[::-1]
        return np.interp(indices(settings, rng, count), steps, np.log(signal / (1 - signal)))
    share = count // 100
    batches = [np.interp(indices(settings, rng, share), steps, falling_times(settings, rng)) for _ in range(100)]
    t = np.concatenate(batches)
    with np.errstate(divide="ignore"):
        return 2 * (np.log(1 - t) - np.log(t))


def entries(**train):
    lines = "\n".join(f'      {name}: "{value}"' for name, value in train.items())
    return f"config:\n  process:\n    - type: 'sd_trainer'\n    train:\n      batch_size: 1  # small\n{lines}\n"


@pytest.mark.parametrize(
    ("config", "within"),
    [
        (entries(noise_scheduler="flowmatch"), (0.0, 1.0)),
        (entries(timestep_type="linear"), (0.0, 1.0)),
        (entries(timestep_type="linear", content_or_style="content"), (0.0, 1.0)),
        (entries(timestep_type="linear", content_or_style="style"), (0.0, 0.88)),
        (entries(noise_scheduler="ddpm", content_or_style="style"), (0.0, 0.88)),
        (entries(timestep_type="sigmoid", content_or_style="content"), (0.3, 1.0)),
    ],
)
def test_draw(both_ways, config, within):
    """A tenth of cubic draws falls on the last of 1000 times, where the grid ends; a sorted draw's end scatters."""
    both_ways("ai-toolkit", config, draw, cell=0.003, within=within)


@pytest.mark.parametrize("tokens", [1024, 4096])
def test_shift_by_tokens(both_ways, tokens):
    both_ways("ai-toolkit", entries(timestep_type="flux_shift"), draw, tokens=tokens, cell=0.002, exact=False)


def test_fixed_shift(both_ways):
    density = both_ways("ai-toolkit", "timestep_type: shift  # shift=3", draw, cell=0.004, pinned="# shift=3")
    assert density.spec == "flow_uniform|shift:a=3"


@pytest.mark.parametrize("where", ["balanced", "style"])
def test_first_and_last_steps_cut_shares(both_ways, where):
    """The ends are blurred, as the 200th of 1000 draws scatters by 1.3 % of them."""
    config = entries(timestep_type="sigmoid", min_denoising_steps=200, max_denoising_steps=700, content_or_style=where)
    within = (0.0, 1.0) if where == "balanced" else (0.0, 0.6)
    both_ways("ai-toolkit", config, draw, cell=0.02, within=within, exact=False)


def test_content_is_the_noise_end():
    content = trainers.read("ai-toolkit", entries(timestep_type="linear", content_or_style="content")).schedule
    assert content.ppf(0.5) < -2


@pytest.mark.parametrize("kind", ["lognorm_blend", "one_step", "eight_step", "next_sample"])
def test_what_has_no_density_is_refused(kind):
    with pytest.raises(UserError, match=f"timestep_type={kind} "):
        trainers.read("ai-toolkit", f"timestep_type: {kind}")


def test_presets(own_line):
    own_line("ai-toolkit")
