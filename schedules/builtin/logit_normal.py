"""Logit-normal times on the straight path, and what codes made of them.

logit t ~ N(m, s²) and λ = −2 logit t give λ ~ N(−2m, (2s)²).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats
from scipy.special import expit, ndtr, ndtri

from schedules import Density, register
from schedules.densities.density import Array, Continuous
from schedules.densities.flow_time import Part, from_flow_time
from schedules.densities.tabulated import logit
from schedules.spaces import Float

_M, _S = Float(-2, 2), Float(0.3, 3, log=True)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_NEAR = 0.1  # distance from a cut, relative to the cut's own, within which a mass is integrated, not subtracted


@register("logit_normal", space={"m": _M, "s": _S}, paper="arXiv:2403.03206")
def logit_normal(m: float = 0.0, s: float = 1.0) -> Density:
    """p(λ) = N(−2m, (2s)²), from logit t ~ N(m, s²).

    m, s: of logit t; m > 0 moves mass towards noise. Esser et al. 2024 (SD3).
          diffusers' training scripts draw its mirror image, `diffusers_logit_normal`
    """
    return stats.norm(-2.0 * m, 2.0 * s)


@register(
    "diffusers_logit_normal",
    space={"m": _M, "s": _S},
    given={"a": Float(0.1, 10, log=True)},  # moves λ as m does
    paper="diffusers",
)
def diffusers_logit_normal(m: float = 0.0, s: float = 1.0, a: float = 1.0) -> Density:
    """p(λ) = N(+2m − 2 ln a, (2s)²): what diffusers' training scripts draw, mirrored against the paper.

    They use the logit-normal u as an index into timesteps that fall from noise to clean and are shifted by a already,
    so t = shift(1 − u). For m = 0 both agree. diffusers 0.42.1, compute_density_for_timestep_sampling and its callers

    m, s: of logit u
    a:    the scheduler's shift
    """
    return stats.norm(2.0 * m - 2.0 * np.log(a), 2.0 * s)


@register("meanflow", space={"m": _M, "s": _S}, paper="arXiv:2505.13447")
def meanflow(m: float = -0.4, s: float = 1.0) -> Density:
    """logit t is the larger of two draws of N(m, s²): P(λ ≤ x) = 1 − Φ((−x/2 − m)/s)².

    m, s: of each draw. MeanFlow, Geng et al. 2025 and its code (t and r are two draws, t the larger).
    Identity: skewnorm(−1, −2m, 2s)
    """
    return LargerOfTwo(m, s)


class LargerOfTwo(Continuous):
    """λ = −2x where x is the larger of two draws of N(m, s²)."""

    def __init__(self, m: float, s: float) -> None:
        self._m, self._s = m, s

    def pdf(self, x: Array) -> Array:
        z = self._z(x)
        return ndtr(z) * np.exp(-0.5 * z**2) / (np.sqrt(2.0 * np.pi) * self._s)

    def cdf(self, x: Array) -> Array:
        beyond = ndtr(-self._z(x))
        return beyond * (2.0 - beyond)

    def sf(self, x: Array) -> Array:
        return ndtr(self._z(x)) ** 2

    def ppf(self, q: Array) -> Array:
        return -2.0 * (self._m - self._s * ndtri(-np.expm1(0.5 * np.log1p(-np.asarray(q)))))

    def isf(self, q: Array) -> Array:
        return -2.0 * (self._m + self._s * ndtri(np.sqrt(q)))

    def _z(self, x: Array) -> Array:
        return (-0.5 * np.asarray(x, dtype=np.float64) - self._m) / self._s


_STRETCHED = {"m": _M, "s": _S, "p_low": Float(1e-4, 0.1, log=True), "p_high": Float(0.9, 0.9999)}


@register("stretched_logit_normal", space=_STRETCHED, paper="arXiv:2410.10629")
def stretched_logit_normal(m: float = 0.0, s: float = 1.0, p_low: float = 0.005, p_high: float = 0.999) -> Density:
    """Logit-normal time cut at its own quantiles p_low and p_high, then stretched back over (0, 1).

    t = (u − u_low)/(u_high − u_low), so that both ends of the path keep a density above 0.

    m, s:          of logit u
    p_low, p_high: shares cut off; LTX-2 takes 0.005 and 0.999 and adds 10 % of uniform time (a mixture). Code of Sana
    """
    ends = expit(m + s * ndtri(np.array([p_low, p_high])))
    density, below, above = _stretched(m, s, float(ends[0]), float(ends[1]))
    return from_flow_time(density, below, above)


@register(
    "reflected_logit_normal",
    space={**_STRETCHED, "m": Float(-3, 3)},
    given={"eps": Float(1e-4, 0.05, log=True)},
    paper="LTX-2 trainer",
)
def reflected_logit_normal(
    m: float = 0.0, s: float = 1.0, p_low: float = 0.005, p_high: float = 0.999, eps: float = 1e-3
) -> Density:
    """As `stretched_logit_normal`, but times below ε, those beyond the lower cut among them, are reflected: t → 2ε − t.

    m, s:          of logit u
    p_low, p_high: quantiles that are stretched to 0 and 1
    eps:           ε, the first time that is trained
    LTX-2's trainer (ShiftedLogitNormalTimestepSampler, read), without its 10 % of uniform time (`preset/ltx2`). What
    lies above p_high is put on t = 1 there, a point mass of 1 − p_high that has no density over λ: it is left out here
    """
    low, high = (float(cut) for cut in expit(m + s * ndtri(np.array([p_low, p_high]))))
    width, beyond = high - low, 1.0 - p_high

    def z(v: Array, rest: Array) -> Array:
        u, u_rest = low + width * v, (1.0 - high) + width * rest
        with np.errstate(divide="ignore", invalid="ignore"):
            return (np.log(np.maximum(u, 0.0)) - np.log(u_rest) - m) / s

    # What the reflection throws beyond t = 1 is clamped there as well.
    lost = float(ndtr(z(np.asarray(2.0 * eps - 1.0), np.asarray(2.0 - 2.0 * eps))))
    inside = p_high - lost

    def drawn(v: Array, rest: Array) -> Array:
        """Density of v before the reflection; 0 where u would be negative."""
        u, u_rest = low + width * v, (1.0 - high) + width * rest
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.exp(-0.5 * z(v, rest) ** 2) / (u * u_rest) * width / (np.sqrt(2.0 * np.pi) * s * inside)
        return np.where(u > 0, np.nan_to_num(value, nan=0.0), 0.0)

    def mirrored(v: Array) -> tuple[Array, Array]:
        return 2.0 * eps - v, 1.0 - 2.0 * eps + v

    def density(v: Array, rest: Array) -> Array:
        return np.where(v >= eps, drawn(v, rest) + drawn(*mirrored(v)), 0.0)

    last = 2.0 * eps + low / width  # v of the reflected u = 0: nothing is reflected beyond
    near_eps = _NEAR * eps
    near_high = _NEAR * min((1.0 - high) / width, 1.0 - last if last < 1 else 1.0)

    def below(v: Array, rest: Array) -> Array:
        over = np.maximum(v - eps, 0.0)
        far = (ndtr(z(v, rest)) - ndtr(z(*mirrored(v)))) / inside
        close = _area(lambda x: density(eps + x, 1.0 - eps - x), np.minimum(over, near_eps))
        return np.where(over < near_eps, close, far)

    def above(v: Array, rest: Array) -> Array:
        far = (ndtr(-z(v, rest)) - beyond + ndtr(z(*mirrored(v))) - lost) / inside
        close = _area(lambda x: density(1.0 - x, x), np.minimum(rest, near_high))
        return np.where(v <= eps, 1.0, np.where(rest < near_high, close, far))

    return from_flow_time(density, below, above, nodes=[node for node in (eps, last) if 0 < node < 1])


@register("trunc_logit_normal", space={"low": Float(0.005, 0.5)}, paper="stable-audio-tools")
def trunc_logit_normal(low: float = 0.075) -> Density:
    """s = logit-normal(0, 1) on [low, 1]; t = 1 − (s − low)/(1 − low): keeps weight at pure noise.

    low: where s is cut. stable-audio-tools' code, truncated_logistic_normal_rescaled
    """
    density, below, above = _stretched(0.0, 1.0, low, 1.0)
    return from_flow_time(
        lambda t, rest: density(rest, t), lambda t, rest: above(rest, t), lambda t, rest: below(rest, t)
    )


def _stretched(m: float, s: float, low: float, high: float) -> tuple[Part, Part, Part]:
    """Density and both masses, of (v, 1 − v), for v = (u − low)/(high − low), u logit-normal on [low, high]."""
    width = high - low
    to_low, to_high = ndtr((logit(np.asarray(low)) - m) / s), ndtr((m - logit(np.asarray(high))) / s)
    mass = 1.0 - to_low - to_high

    def z(v: Array, rest: Array) -> Array:
        with np.errstate(divide="ignore"):
            return (np.log(low + width * v) - np.log((1.0 - high) + width * rest) - m) / s

    def density(v: Array, rest: Array) -> Array:
        u, u_rest = low + width * v, (1.0 - high) + width * rest
        with np.errstate(divide="ignore", invalid="ignore"):
            log_value = -0.5 * z(v, rest) ** 2 - np.log(u) - np.log(u_rest)
        return np.nan_to_num(np.exp(log_value), nan=0.0) * width / (np.sqrt(2.0 * np.pi) * s * mass)

    near_low, near_high = _NEAR * low / width, _NEAR * (1.0 - high) / width

    def below(v: Array, rest: Array) -> Array:
        far = (ndtr(z(v, rest)) - to_low) / mass
        return np.where(v < near_low, _area(lambda x: density(x, 1.0 - x), np.minimum(v, near_low)), far)

    def above(v: Array, rest: Array) -> Array:
        far = (ndtr(-z(v, rest)) - to_high) / mass
        return np.where(rest < near_high, _area(lambda x: density(1.0 - x, x), np.minimum(rest, near_high)), far)

    return density, below, above


def _area(function: Callable[[Array], Array], length: Array) -> Array:
    """∫₀^length of a smooth positive function, with full relative accuracy for short lengths."""
    points = 0.5 * length[..., None] * (1.0 + _NODES)
    return 0.5 * length * (function(points) @ _WEIGHTS)
