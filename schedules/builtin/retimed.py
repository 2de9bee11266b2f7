"""Time drawn unevenly on another schedule's λ(t): t = 0 is clean, t = 1 is noise."""

from __future__ import annotations

import numpy as np
from optuna.distributions import CategoricalDistribution as Choice
from optuna.distributions import FloatDistribution as Float
from optuna.distributions import IntDistribution as Int

from schedules import Density, create, register
from schedules.density import Array, Continuous, survival, upper_quantile
from schedules.transforms.builtin.retime import retime

_BASES = ["ddpm_linear", "scaled_linear", "iddpm_cosine", "cosine", "flow_uniform", "vp_sde"]


@register(
    "beta_timestep",
    space={"a": Float(0.4, 4, log=True), "b": Float(0.4, 4, log=True), "base": Choice(_BASES)},
    paper="doi:10.1007/978-3-031-72646-0_7",
)
def beta_timestep(a: float = 0.8, b: float = 1.0, base: str = "ddpm_linear") -> Density:
    """t ~ Beta(a, b) on a base schedule's λ(t): p(λ) = p_base(λ) · beta(t(λ); a, b).

    a, b: B-TTDM has b = 1 and a < 1, more of the clean end
    base: a schedule with its default parameters; `base|retime:a=…,b=…` takes any
    Zheng et al. 2024 (ECCV). arXiv:2407.12173 is Beta spacing of *inference* steps
    """
    return retime(create(base).density, a, b)


@register("cubic", space={"side": Choice(["noise", "clean"]), "base": Choice(_BASES)}, paper="arXiv:2302.08453")
def cubic(side: str = "noise", base: str = "ddpm_linear") -> Density:
    """t = 1 − u³ (noise) or u³ (clean), u ~ U(0, 1): Beta(1, ⅓) or Beta(⅓, 1) on a base schedule.

    side: which end gets more. T2I-Adapter, Mou et al. 2023, section 3.4 (noise); ai-toolkit's code has both
    base: a schedule with its default parameters
    """
    return (
        retime(create(base).density, 1.0, 1.0 / 3.0)
        if side == "noise"
        else retime(create(base).density, 1.0 / 3.0, 1.0)
    )


@register(
    "speed", space={"tau": Int(100, 900), "k": Float(1, 20, log=True), "base": Choice(_BASES)}, paper="arXiv:2405.17403"
)
def speed(tau: int = 700, k: float = 5.0, base: str = "ddpm_linear") -> Density:
    """Time steps up to τ of 1000 drawn k times as often as those after it.

    tau:  step after which λ(t) hardly changes
    k:    ratio of the two densities. Its code draws with tanh(±∞) + 1.5, that is 2.5 against 0.5, so k = 5 (read), and puts
          the step where √(1 − ᾱ) grows by less than 1e-4
    base: a schedule with its default parameters
    Wang et al. 2024 (SpeeD), eq. 3. Its code also pairs each draw with a mirrored one, which is left out here
    """
    return Stepped(create(base).density, tau / 1000, k)


class Stepped(Continuous):
    """The base with a time density of k up to t = edge and 1 after it, normalised."""

    def __init__(self, base: Density, edge: float, k: float) -> None:
        self._base, self._edge = base, edge
        total = k * edge + 1.0 - edge
        self._early, self._late = k / total, 1.0 / total

    def pdf(self, x: Array) -> Array:
        return np.asarray(self._base.pdf(x)) * np.where(survival(self._base, x) <= self._edge, self._early, self._late)

    def cdf(self, x: Array) -> Array:
        rest = np.asarray(self._base.cdf(x))
        return np.where(rest < 1.0 - self._edge, self._late * rest, 1.0 - self._early * survival(self._base, x))

    def sf(self, x: Array) -> Array:
        time = survival(self._base, x)
        return np.where(time <= self._edge, self._early * time, 1.0 - self._late * np.asarray(self._base.cdf(x)))

    def ppf(self, q: Array) -> Array:
        q = np.asarray(q, dtype=np.float64)
        late = q < self._late * (1.0 - self._edge)
        noisy = np.asarray(self._base.ppf(np.minimum(q / self._late, 1.0 - self._edge)))
        return np.where(late, noisy, upper_quantile(self._base, np.minimum((1.0 - q) / self._early, self._edge)))

    def isf(self, q: Array) -> Array:
        q = np.asarray(q, dtype=np.float64)
        early = q < self._early * self._edge
        clean = upper_quantile(self._base, np.minimum(q / self._early, self._edge))
        return np.where(early, clean, np.asarray(self._base.ppf(np.minimum((1.0 - q) / self._late, 1.0 - self._edge))))
