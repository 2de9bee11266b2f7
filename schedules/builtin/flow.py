"""Densities over the time of flow matching's straight path x_t = (1 − t) x₀ + t ε, λ = 2 ln((1 − t)/t).

A density f(t) becomes p(λ) = ½ t(1 − t) f(t). Here t = 0 is clean; JiT, GR00T and flow_matching count the other way.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import expit

from schedules import Density, from_time, register
from schedules.densities.beta import Beta
from schedules.densities.density import Array, Continuous
from schedules.densities.flow_time import from_flow_time
from schedules.spaces import Float


@register("flow_uniform", paper="arXiv:2210.02747")
def flow_uniform() -> Density:
    """p(λ) = ½ t(1 − t), t = 1/(1 + e^{λ/2}): uniform time on the straight path.

    Also rectified flow (arXiv:2209.03003) and FM-OT. Identity: logistic(0, 2).
    """
    return stats.logistic(0.0, 2.0)


_BETA = {"a": Float(0.5, 5, log=True), "b": Float(0.5, 5, log=True), "s": Float(0.9, 1)}


@register("flow_beta", space=_BETA, paper="arXiv:2410.24164")
def flow_beta(a: float = 1.5, b: float = 1.0, s: float = 0.999) -> Density:
    """t = (1 − s) + s·u with u ~ Beta(a, b): more of the noise end for a > b.

    a, b: shape; π0, openpi and SmolVLA take 1.5 and 1
    s:    share of [0, 1] that is used; 1 leaves nothing out
    Identity: for s = 1, e^{λ/2} ~ betaprime(b, a); a = b = s = 1 is flow_uniform. π0, Black et al. 2024.
    """
    return SqueezedBeta(a, b, s)


class SqueezedBeta(Continuous):
    """λ of flow time t = (1 − s) + s·u, u ~ Beta(a, b)."""

    def __init__(self, a: float, b: float, s: float) -> None:
        self._beta, self._s = Beta(a, b), s

    def pdf(self, x: Array) -> Array:
        t, rest = expit(-0.5 * np.asarray(x)), expit(0.5 * np.asarray(x))
        u, u_rest = self._inside(t, rest)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            value = 0.5 * t * rest * np.exp(self._beta.log_pdf(u, u_rest)) / self._s
        return np.where((u > 0) & (u_rest > 0), value, 0.0)

    def cdf(self, x: Array) -> Array:
        return self._beta.above(*self._inside(expit(-0.5 * np.asarray(x)), expit(0.5 * np.asarray(x))))

    def sf(self, x: Array) -> Array:
        return self._beta.below(*self._inside(expit(-0.5 * np.asarray(x)), expit(0.5 * np.asarray(x))))

    def ppf(self, q: Array) -> Array:
        return self._logsnr(self._beta.logit_isf(q))

    def isf(self, q: Array) -> Array:
        return self._logsnr(self._beta.logit_ppf(q))

    def _inside(self, t: Array, rest: Array) -> tuple[Array, Array]:
        """u and 1 − u of a time; 0 and 1 before the first time that is used."""
        u_rest = np.minimum(rest / self._s, 1.0)
        u = t if self._s == 1.0 else np.clip((t - (1.0 - self._s)) / self._s, 0.0, 1.0)
        return u, u_rest

    def _logsnr(self, tau: Array) -> Array:
        t = (1.0 - self._s) + self._s * expit(tau)
        return 2.0 * (np.log(self._s * expit(-tau)) - np.log(t))


@register("flow_u_shape", space={"a": Float(0.5, 8)}, paper="arXiv:2405.20320")
def flow_u_shape(a: float = 4.0) -> Density:
    """f(t) ∝ e^{at} + e^{a(1 − t)}: both ends of the path, little of its middle.

    a: steepness. Lee et al. 2024 ("Improving the training of rectified flows"); its code's default is 2,
       the commands of its README have 4
    """
    total = 2.0 * np.expm1(a)

    def below(t: Array, rest: Array) -> Array:
        return (np.expm1(a * t) - np.exp(a) * np.expm1(-a * t)) / total

    return from_flow_time(
        pdf=lambda t, rest: a * (np.exp(a * t) + np.exp(a * rest)) / total,
        below=below,
        above=lambda t, rest: below(rest, t),
    )


@register("parabola", space={"w": Float(0, 20), "c": Float(0.2, 0.8)}, paper="OneTrainer")
def parabola(w: float = 7.7, c: float = 0.5) -> Density:
    """f(t) ∝ max(0, 2 − w(t − c)²): an inverted parabola over time, cut at 0.

    w: curvature; 0 is uniform, Chroma's trainer takes 7.7
    c: centre. OneTrainer's code ("inverted parabola", its bias is c − ½)
    """
    half = np.sqrt(2.0 / w) if w > 0 else np.inf
    first, last = max(0.0, c - half), min(1.0, c + half)

    def area(edge: float, length: Array, sign: float) -> Array:
        """∫ of 2 − w(t − c)² over `length` from an edge inwards: exact for short lengths too."""
        start = edge - c
        return length * (2.0 - w * (start**2 + sign * start * length + length**2 / 3.0))

    total = float(area(first, np.asarray(last - first), 1.0))
    return from_flow_time(
        pdf=lambda t, rest: np.where((t >= first) & (t <= last), np.maximum(0.0, 2.0 - w * (t - c) ** 2), 0.0) / total,
        below=lambda t, rest: area(first, np.clip(t - first, 0.0, last - first), 1.0) / total,
        above=lambda t, rest: area(last, np.clip(rest - (1.0 - last), 0.0, last - first), -1.0) / total,
        nodes=[edge for edge in (first, last) if 0 < edge < 1],
    )


@register("sigmoid_ramp", space={"w": Float(0.1, 20, log=True), "c": Float(0, 1)}, paper="OneTrainer")
def sigmoid_ramp(w: float = 5.0, c: float = 0.5) -> Density:
    """f(t) ∝ 1 / (1 + e^{−w(t − c)}): a smooth step towards the noise end.

    w: steepness; 5 is a house choice, OneTrainer's default 0 is uniform
    c: where the step is. OneTrainer's code ("sigmoid", its bias is c − ½)
    """
    start, end = expit(-w * c), expit(w * (1.0 - c))
    total = np.log1p(start * np.expm1(w))

    def before(t: Array) -> Array:
        return np.log1p(start * np.expm1(w * t)) / total

    def after(rest: Array) -> Array:
        return -np.log1p(end * np.expm1(-w * rest)) / total

    return from_flow_time(
        pdf=lambda t, rest: w * expit(w * (t - c)) / total,
        below=lambda t, rest: np.where(t < 0.5, before(t), 1.0 - after(rest)),
        above=lambda t, rest: np.where(t < 0.5, 1.0 - before(t), after(rest)),
    )


@register("mode", space={"s": Float(-1, 1.75)}, paper="arXiv:2403.03206")
def mode(s: float = 1.29) -> Density:
    """t = 1 − u − s(cos²(πu/2) − 1 + u), u ~ U(0, 1): heavy tails (s > 0: peaked at the middle; s < 0: at the ends).

    s: between −1 and 2/(π − 2) = 1.7519, where p(0) grows without bound; 0 is flow_uniform
    Esser et al. 2024 (SD3), eq. 20, with 1.29 and 1.75 tried
    """

    def part(share: Array) -> Array:
        """t = part(1 − u) and 1 − t = part(u), so that neither is a difference of near numbers."""
        return (1.0 + s) * share - s * np.sin(0.5 * np.pi * share) ** 2

    return from_time(
        lambda t: 2.0 * (np.log(part(1.0 - t)) - np.log(part(t))),
        complement=lambda rest: 2.0 * (np.log(part(rest)) - np.log(part(1.0 - rest))),
    )
