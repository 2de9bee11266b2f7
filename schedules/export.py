"""Schedules for other people's training loops: a JSON table, a PyTorch file of its own, a diffusers configuration."""

from __future__ import annotations

import json
import math

import numpy as np
from scipy.special import expit

from schedules.density import Array
from schedules.errors import UserError, unknown
from schedules.inverse import invert
from schedules.schedule import Schedule

FORMATS = ("torch", "diffusers", "json")
STEPS = 1000
_BITS = 23  # of float32's fraction
SINGLE = (-2.0 * _BITS * math.log(2.0), math.log(2.0**_BITS - 1.0))
"""λ at which float32 still tells apart: 1 − t of the straight path from 0 (noise), and 1 − ᾱ from 0 (clean)."""
_REACH = 30.0  # |logit q| that the PyTorch table covers


def export(schedule: Schedule, to: str) -> str:
    """The schedule as text: torch, diffusers or json. UserError: unknown format, or a schedule that learns."""
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

    `scheduler` is the configuration of a DDPMScheduler (trained_betas); `flow_sigmas` are the same levels on the
    straight path, for `FlowMatchEulerDiscreteScheduler.set_timesteps(sigmas=…)`, from noise to clean. Both work in
    float32: levels beyond `SINGLE` are put at its ends, so that each is finite, and `cut` says how many.
    """
    wanted = np.minimum.accumulate(schedule.logsnr((np.arange(steps) + 0.5) / steps))
    log_signal = _reachable(-np.logaddexp(0.0, -np.clip(wanted, *SINGLE)))
    betas = -np.expm1(np.diff(log_signal, prepend=0.0))
    logsnr = log_signal - np.log(-np.expm1(log_signal))
    return json.dumps(
        {
            "spec": schedule.spec,
            "cut": _cut(wanted, logsnr),
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


def _reachable(log_signal: Array) -> Array:
    """ln ᾱ_i without a fall so deep that its β would be 1 in float32."""
    deepest = -_BITS * math.log(2.0)
    for i in range(1, log_signal.size):
        log_signal[i] = max(log_signal[i], log_signal[i - 1] + deepest)
    return log_signal


def _cut(wanted: Array, logsnr: Array) -> str:
    """What became of levels that float32 cannot hold."""
    moved = int(np.sum(np.abs(wanted - logsnr) > 1e-6 * np.maximum(1.0, np.abs(wanted))))
    if not moved:
        return "nothing: every level is finite in float32"
    reach = f"log SNR reaches from {wanted[-1]:.4g} to {wanted[0]:.4g}, beyond what float32 tells from noise or data"
    return f"{moved} of {wanted.size} levels: {reach}; they are put at the ends of [{SINGLE[0]:.4g}, {SINGLE[1]:.4g}]"


def to_torch(schedule: Schedule) -> str:
    """A Python file with the quantile function as a cubic table in logit q, and what a training loop needs of it.

    Error of the table: 1e-6 in λ, relative beyond |λ| = 1.
    """
    shares = expit(np.linspace(-_REACH, 0.0, 65))
    start = np.concatenate([schedule.ppf(shares), schedule.logsnr(shares)])
    place, logsnr, slope = invert(lambda x: _logit_mass(schedule, x), start, tolerance=1e-8).nodes
    return _TORCH.format(
        spec=schedule.spec,
        source=schedule.info.paper or "–",
        places=_rows(place),
        values=_rows(logsnr),
        slopes=_rows(slope),
    )


def _logit_mass(schedule: Schedule, logsnr: Array) -> tuple[Array, Array]:
    """z = logit q at λ, and dz/dλ."""
    below, above = schedule.cdf(logsnr), schedule.time(logsnr)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.clip(np.log(below) - np.log(above), -_REACH, _REACH)
        return z, schedule.pdf(logsnr) / (below * above)


def _rows(values: Array, width: int = 8) -> str:
    texts = [f"{value:.13g}" for value in values]
    return "\n".join("    " + ", ".join(texts[at : at + width]) + "," for at in range(0, len(texts), width))


_TORCH = '''"""Noise schedule `{spec}` ({source}), exported by snrbench. Needs PyTorch only.

λ = log SNR = ln(α²/σ²) for data of unit variance. `sample` draws λ for a batch; the functions below it turn λ into
what a training loop wants: (α, σ) of a variance-preserving path, σ of EDM, or t of flow matching's straight path
(t = 1 is noise).
"""

import torch

# The quantile function at nodes: logit q, λ, and dλ/d(logit q); a cubic between them.
_PLACE = torch.tensor([
{places}
], dtype=torch.float64)
_LOGSNR = torch.tensor([
{values}
], dtype=torch.float64)
_SLOPE = torch.tensor([
{slopes}
], dtype=torch.float64)


def quantile(q):
    """λ below which a share q of the draws lies; any shape, float64."""
    q = torch.as_tensor(q, dtype=torch.float64)
    place, values, slopes = (table.to(q.device) for table in (_PLACE, _LOGSNR, _SLOPE))
    z = torch.logit(q).clamp(place[0], place[-1])
    i = torch.searchsorted(place, z, right=True).clamp(1, len(place) - 1) - 1
    width = place[i + 1] - place[i]
    u = (z - place[i]) / width
    return (
        (1 + 2 * u) * (1 - u) ** 2 * values[i]
        + u * (1 - u) ** 2 * slopes[i] * width
        + u**2 * (3 - 2 * u) * values[i + 1]
        - u**2 * (1 - u) * slopes[i + 1] * width
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
