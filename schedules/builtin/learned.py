"""Schedules that learn while training, from the λ drawn and the squared ε-error of each sample.

Each keeps a histogram over the time of a base schedule (`schedules.stepped`) and starts as that base. `update(logsnr,
loss)` moves it; `importance(λ)` = p_base(λ)/p(λ) is the factor that keeps the base's objective, so that only the
sampling is learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from schedules import Density, create, register
from schedules.density import Array, survival, upper_quantile
from schedules.spaces import Choice, Float, Int
from schedules.stepped import Stepped

_BASES = Choice(("cosine", "flow_uniform", "iddpm_cosine", "ddpm_linear", "uniform_logsnr"))
_BINS = Int(10, 1000)
_FLOOR = 1e-3  # share of the mass that stays with the base, so that every λ is measured again


class Learned(Stepped):
    """A histogram over the time of a base, changed by what training measures; equal bins."""

    def __init__(self, base: Density, bins: int, floor: float = _FLOOR) -> None:
        super().__init__(base, np.linspace(0.0, 1.0, bins + 1), np.ones(bins))
        self._count = bins
        self._floor = floor

    def update(self, logsnr: Array, loss: Array) -> None:
        """Learn from draws λ and their squared ε-errors, both (n,), in the order in which they were drawn."""
        known = np.isfinite(loss)
        levels = self.learn(self.bins(logsnr[known]), np.maximum(loss[known], 0.0))
        total = levels.sum()
        if total > 0:
            self.set_levels((1.0 - self._floor) * levels / total + self._floor / self._count)

    def learn(self, bins: np.ndarray, loss: Array) -> Array:
        """Take in (n,) bins and losses; return the levels wanted, (B,), up to a factor."""
        raise NotImplementedError

    def importance(self, x: Array) -> Array:
        """p_base(λ)/p(λ): the factor on the loss that keeps the objective of the base."""
        return 1.0 / self._density[self.bins(x)]

    def state_dict(self) -> dict[str, Any]:
        """The histogram and what it was learned from."""
        return {"levels": self._density.copy(), **{key: value.copy() for key, value in self.memory().items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put back what `state_dict` returned."""
        self.set_levels(state["levels"])
        for key, value in self.memory().items():
            value[...] = state[key]

    def memory(self) -> dict[str, np.ndarray]:
        """The arrays that learning keeps, by name."""
        raise NotImplementedError


class SecondMoment(Learned):
    """Levels √E[L²] from the last ten losses of each bin, once every bin has ten."""

    def __init__(self, base: Density, bins: int, history: int) -> None:
        super().__init__(base, bins)
        self._history = np.zeros((bins, history))
        self._seen = np.zeros(bins, dtype=np.int64)

    def learn(self, bins: np.ndarray, loss: Array) -> Array:
        for one in np.unique(bins):
            new = loss[bins == one][-self._history.shape[1] :]
            self._history[one] = np.concatenate([self._history[one], new])[-self._history.shape[1] :]
            self._seen[one] += new.size
        if np.any(self._seen < self._history.shape[1]):
            return np.ones(self._count)
        return np.sqrt(np.mean(self._history**2, axis=1))

    def memory(self) -> dict[str, np.ndarray]:
        return {"history": self._history, "seen": self._seen}


class MeanError(Learned):
    """Levels E[loss] of each bin, a moving average that forgets half its past every `memory` samples of the bin."""

    def __init__(self, base: Density, bins: int, half_life: float) -> None:
        super().__init__(base, bins)
        self._decay = 0.5 ** (1.0 / half_life)
        self._mean = np.zeros(bins)
        self._weight = np.zeros(bins)

    def learn(self, bins: np.ndarray, loss: Array) -> Array:
        count = np.bincount(bins, minlength=self._count)
        total = np.bincount(bins, weights=loss, minlength=self._count)
        kept = self._decay**count
        # Samples of one call share one weight; their sum is what the recursion would give.
        share = np.where(count > 0, (1.0 - kept) / np.maximum(count, 1), 0.0)
        self._mean[...] = kept * self._mean + share * total
        self._weight[...] = kept * self._weight + (1.0 - kept)
        if np.any(self._weight == 0):
            return np.ones(self._count)
        return self._mean / self._weight

    def memory(self) -> dict[str, np.ndarray]:
        return {"mean": self._mean, "weight": self._weight}


class Curriculum(Learned):
    """A histogram that moves from a base to a target as samples are seen, whatever their loss."""

    def __init__(self, base: Density, target: Density, samples: float, bins: int = 400) -> None:
        super().__init__(base, bins)
        self._samples = samples
        self._seen = np.zeros(1)
        mass = np.diff(survival(target, upper_quantile(base, np.linspace(0.0, 1.0, bins + 1))))
        self._target = np.maximum(mass, 0.0)

    def learn(self, bins: np.ndarray, loss: Array) -> Array:
        self._seen += bins.size
        share = min(1.0, float(self._seen[0]) / self._samples)
        return (1.0 - share) / self._count + share * self._target

    def importance(self, x: Array) -> Array:
        return np.ones(np.shape(x))

    def memory(self) -> dict[str, np.ndarray]:
        return {"seen": self._seen}


@register("loss_second_moment", space={"bins": _BINS, "history": Int(2, 100), "base": _BASES}, paper="arXiv:2102.09672")
def loss_second_moment(bins: int = 100, history: int = 10, base: str = "cosine") -> Density:
    """p_t ∝ √E[L_t²] over bins of the base's time, mixed with 0.1 % uniform: the least variance of a weighted loss.

    bins, history: how many bins, and losses kept of each (10); uniform until every bin is full
    base:          schedule whose time is divided, and whose objective `importance` = 1/p keeps
    Nichol & Dhariwal 2021, section 3.3, which applies it to L_vlb; here L is the ε-error that training reports
    """
    return SecondMoment(create(base).density, bins, history)


_HALF_LIFE = Float(10, 1e5, log=True)


@register(
    "adaptive_elbo",
    space={"low": Float(-20, -1), "high": Float(1, 20), "bins": _BINS, "half_life": _HALF_LIFE},
    paper="arXiv:2303.00848",
)
def adaptive_elbo(low: float = -10.0, high: float = 10.0, bins: int = 100, half_life: float = 700.0) -> Density:
    """p(λ) ∝ moving average of the ε-error in equal bins of λ, for w(λ) = 1.

    low, high: range of λ
    half_life: samples of a bin after which half its past is forgotten; 700 is a decay of 0.999
    Kingma & Gao 2023, appendix F, where a monotone w(λ) multiplies the average. With the weightings `elbo` and
    `sigmoid`, which divide by p, the objective stays what it is
    """
    return MeanError(create("uniform_logsnr", low=low, high=high).density, bins, half_life)


@register("infonoise", space={"bins": _BINS, "half_life": _HALF_LIFE, "base": _BASES}, paper="arXiv:2602.18647")
def infonoise(bins: int = 100, half_life: float = 700.0, base: str = "uniform_logsnr") -> Density:
    """p ∝ conditional entropy rate, from training losses: dI/dλ = ½ mmse(λ), the ε-error of a good network.

    bins, half_life: of the moving average
    base:            schedule whose objective `importance` keeps, and whose time is divided
    arXiv:2602.18647 (alias entropy_rate), at second hand: the estimator there may smooth differently. In time of a
    base other than uniform_logsnr the rate is taken per unit of that time
    """
    return MeanError(create(base).density, bins, half_life)


@register(
    "curriculum_mixture",
    space={"samples": Float(1e3, 1e9, log=True), "loc": Float(-6, 6), "scale": Float(0.3, 5, log=True), "base": _BASES},
    paper="arXiv:2404.07946",
)
def curriculum_mixture(
    samples: float = 1e5, loc: float = 0.0, scale: float = 2.0, base: str = "flow_uniform"
) -> Density:
    """From the base to N(loc, scale²): p = (1 − c)·p_base + c·N, c = min(1, samples seen / samples).

    samples:    after how many samples the normal stands alone
    loc, scale: of λ, nats
    base:       what training starts with
    A curriculum in the manner of SpeeD's code (`clts`) and arXiv:2404.07946, at second hand; the objective moves with
    it
    """
    return Curriculum(create(base).density, stats.norm(loc, scale), samples)
