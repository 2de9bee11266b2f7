"""General families that hold others as special cases: for asking what it is about a density that helps."""

from __future__ import annotations

import numpy as np
from scipy import stats

from schedules import Density, from_points, register
from schedules.densities.tabulated import tabulated
from schedules.spaces import Float

_LOC, _SCALE = Float(-3, 3), Float(0.1, 5, log=True)


@register("uniform_logsnr", space={"low": Float(-20, -1), "high": Float(1, 20)}, paper="arXiv:2107.00630")
def uniform_logsnr(low: float = -10.0, high: float = 10.0) -> Density:
    """p(λ) = 1/(high − low) on [low, high]: every noise level alike.

    low, high: nats; ±10 is a house choice, VDM's fixed linear schedule has −5 and 13.3 (arXiv:2107.00630 and its code).
               Also
    k-diffusion's log-uniform σ and likelihood importance sampling on a VP path (arXiv:2101.09258)
    """
    return stats.uniform(low, high - low)


@register("generalized_normal", space={"loc": _LOC, "scale": _SCALE, "shape": Float(0.5, 8, log=True)})
def generalized_normal(loc: float = 0.0, scale: float = 1.0, shape: float = 1.5) -> Density:
    """p(λ) ∝ exp(−(|λ − μ|/a)^β): from Laplace (β = 1) over Gaussian (β = 2) towards uniform.

    loc:   centre μ, nats
    scale: a > 0, nats
    shape: β > 0. Identity: gennorm(β, μ, a)
    """
    return tabulated(stats.gennorm(shape, loc, scale))


@register("student_t", space={"loc": _LOC, "scale": _SCALE, "df": Float(1, 100, log=True)})
def student_t(loc: float = 0.0, scale: float = 1.0, df: float = 3.0) -> Density:
    """p(λ) ∝ (1 + (λ − μ)²/(ν s²))^{−(ν + 1)/2}: from Cauchy (ν = 1) to Gaussian (ν → ∞).

    loc:   centre μ, nats
    scale: s > 0, nats
    df:    degrees of freedom ν
    """
    return tabulated(stats.t(df, loc, scale))


_KNOTS = np.linspace(-12.0, 12.0, 9)


_HEIGHT = Float(0.01, 10, log=True)


@register(
    "piecewise",
    space={f"k{index}": _HEIGHT for index in (1, 2, 3, 5, 6, 7)},
    given={"k4": _HEIGHT},  # only ratios count: the middle one is the unit of the others
)
def piecewise(
    k1: float = 0.05,
    k2: float = 0.2,
    k3: float = 0.6,
    k4: float = 1.0,
    k5: float = 0.6,
    k6: float = 0.2,
    k7: float = 0.05,
) -> Density:
    """A monotone cubic through seven free heights: what a search over all schedules tunes.

    k1 … k7: relative density at λ = −9, −6, −3, 0, 3, 6, 9; it falls to 0 at ±12. Only ratios matter
    """
    return from_points(_KNOTS, [0.0, k1, k2, k3, k4, k5, k6, k7, 0.0])
