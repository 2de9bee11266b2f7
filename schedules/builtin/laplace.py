"""Laplace and Cauchy densities over log SNR: peaked at the crossing of signal and noise.

Hang et al. 2024 (arXiv:2407.03297), table 1.
"""

from __future__ import annotations

from scipy import stats

from schedules import Density, register
from schedules.spaces import Float


@register("laplace", space={"loc": Float(-3, 3), "scale": Float(0.1, 3, log=True)}, paper="arXiv:2407.03297")
def laplace(loc: float = 0.0, scale: float = 0.5) -> Density:
    """p(λ) = exp(−|λ − μ|/b) / (2b): most samples where signal and noise are equal.

    loc:   centre μ, nats
    scale: b > 0, nats; the paper finds 0.5 best at 256×256 and 0.75 at 512×512
    What diffusers calls "laplace" is another density, `diffusers_laplace`: its median is +0.883, its 1 % and 99 % lie
    at −0.61 and +2.69 instead of ∓1.96.
    """
    return stats.laplace(loc, scale)


@register("cauchy", space={"loc": Float(-3, 3), "scale": Float(0.1, 3, log=True)}, paper="arXiv:2407.03297")
def cauchy(loc: float = 0.0, scale: float = 1.0) -> Density:
    """p(λ) = γ / (π((λ − μ)² + γ²)): heavier tails than Laplace, so extreme λ are never starved.

    loc:   centre μ, nats
    scale: half width γ > 0 at half maximum, nats
    """
    return stats.cauchy(loc, scale)
