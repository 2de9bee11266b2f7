"""Schedules for other people's training loops: a JSON table, a PyTorch file that needs nothing of ours, a diffusers configuration."""

from __future__ import annotations

import json

import numpy as np
from scipy.special import expit

from schedules.density import Array
from schedules.errors import UserError, unknown
from schedules.schedule import Schedule

FORMATS = ("torch", "diffusers", "json")
STEPS = 1000


def export(schedule: Schedule, to: str) -> str:
    """The schedule as text in a format: torch, diffusers or json. UserError: unknown format, or a schedule that learns."""
    if to not in FORMATS:
        raise unknown("export format", to, FORMATS)
    if schedule.learns:
        raise UserError(f"schedule {schedule.spec!r} learns while training; there is no fixed density to export")
    return {"torch": to_torch, "diffusers": to_diffusers, "json": to_json}[to](schedule)


def to_json(schedule: Schedule) -> str:
    """Spec, source and 1001 quantiles: {"q": […], "logsnr": […]}, q from 0.0005 to 0.9995 in equal steps."""
    shares = (np.arange(1001) + 0.5) / 1001
    return json.dumps(
        {
            "spec": schedule.spec,
            "source": schedule.info.paper,
            "fingerprint": schedule.fingerprint,
            "q": shares.tolist(),
            "logsnr": schedule.ppf(shares).tolist(),
        },
        indent=1,
    )


def to_diffusers(schedule: Schedule, steps: int = STEPS) -> str:
    """Configuration whose noise levels are λ at the middles t = (i − ½)/T of equal shares of the mass, i = 1 … T.

    `scheduler` is the configuration of a DDPMScheduler (trained_betas); `flow_sigmas` are the same levels on the straight path,
    for `FlowMatchEulerDiscreteScheduler.set_timesteps(sigmas=…)`, from noise to clean.
    """
    logsnr = np.minimum.accumulate(schedule.logsnr((np.arange(steps) + 0.5) / steps))
    log_signal = -np.logaddexp(0.0, -logsnr)
    betas = -np.expm1(np.diff(log_signal, prepend=0.0))
    return json.dumps(
        {
            "spec": schedule.spec,
            "scheduler": {
                "_class_name": "DDPMScheduler",
                "num_train_timesteps": steps,
                "trained_betas": betas.tolist(),
                "clip_sample": False,
            },
            "flow_sigmas": expit(-0.5 * logsnr)[::-1].tolist(),
        },
        indent=1,
    )


def to_torch(schedule: Schedule) -> str:
    """A Python file with the quantile function as a cubic table in logit q, and what a training loop needs of it."""
    z = np.linspace(-20.0, 20.0, 1025)
    logsnr = np.maximum.accumulate(np.where(z < 0, schedule.ppf(expit(z)), schedule.logsnr(expit(-z))))
    return _TORCH.format(
        spec=schedule.spec,
        source=schedule.info.paper or "–",
        values=_rows(logsnr),
        slopes=_rows(_monotone_slopes(z, logsnr)),
    )


def _monotone_slopes(z: Array, value: Array) -> Array:
    from scipy.interpolate import PchipInterpolator

    return np.asarray(PchipInterpolator(z, value).derivative()(z))


def _rows(values: Array, width: int = 8) -> str:
    texts = [f"{value:.9g}" for value in values]
    return "\n".join("    " + ", ".join(texts[at : at + width]) + "," for at in range(0, len(texts), width))


_TORCH = '''"""Noise schedule `{spec}` ({source}), exported by snrbench. Needs PyTorch only.

λ = log SNR = ln(α²/σ²) for data of unit variance. `sample` draws λ for a batch; the functions below it turn λ into what a
training loop wants: (α, σ) of a variance-preserving path, σ of EDM, or t of flow matching's straight path (t = 1 noise).
"""

import torch

_FIRST, _LAST = -20.0, 20.0  # logit q of the first and last value
_LOGSNR = torch.tensor([
{values}
], dtype=torch.float64)
_SLOPE = torch.tensor([
{slopes}
], dtype=torch.float64)


def quantile(q):
    """λ below which a share q of the draws lies; any shape, float64."""
    q = torch.as_tensor(q, dtype=torch.float64)
    step = (_LAST - _FIRST) / (len(_LOGSNR) - 1)
    place = ((torch.logit(q).clamp(_FIRST, _LAST) - _FIRST) / step).clamp(0, len(_LOGSNR) - 1 - 1e-9)
    i = place.floor().long()
    u = place - i
    values, slopes = _LOGSNR.to(q.device), _SLOPE.to(q.device) * step
    return (
        (1 + 2 * u) * (1 - u) ** 2 * values[i]
        + u * (1 - u) ** 2 * slopes[i]
        + u**2 * (3 - 2 * u) * values[i + 1]
        - u**2 * (1 - u) * slopes[i + 1]
    )


def sample(n, generator=None, device="cpu"):
    """n draws of λ, stratified: one from each of n equal shares of the mass, in random order."""
    order = torch.randperm(n, generator=generator, device=device)
    q = (order + torch.rand(n, generator=generator, device=device, dtype=torch.float64)) / n
    return quantile(q)


def alpha_sigma(logsnr):
    """α and σ with α² + σ² = 1."""
    return torch.sigmoid(logsnr).sqrt(), torch.sigmoid(-logsnr).sqrt()


def edm_sigma(logsnr):
    """σ of x₀ + σ ε."""
    return torch.exp(-logsnr / 2)


def flow_time(logsnr):
    """t of (1 − t) x₀ + t ε."""
    return torch.sigmoid(-logsnr / 2)
'''
