"""A Python file that needs PyTorch only."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array
from schedules.densities.inverse import invert
from schedules.exports import Format
from schedules.schedule import Schedule

_REACH = 30.0  # |logit q| that the table covers


def to_torch(schedule: Schedule) -> str:
    """A Python file with the quantile function as a cubic table in logit q, and what a training loop needs of it.

    Error of the table: 1e-6 in λ, relative beyond |λ| = 1.

        >>> import schedules
        >>> from schedules.export import to_torch
        >>> "import torch" in to_torch(schedules.parse("laplace"))
        True
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

FORMAT = Format("torch", to_torch, file="schedule.py", language="python", place=1)
