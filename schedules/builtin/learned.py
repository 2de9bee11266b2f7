"""Schedules that learn while training, from the λ drawn and the squared ε-error of each sample.

Each keeps a histogram over the time of a base schedule (`schedules.densities.stepped`) and starts as that base.
`update(logsnr, loss)` moves it; `importance(λ)` = p_base(λ)/p(λ) is the factor that keeps the base's objective, so that
only the sampling is learned.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from schedules import Density, create, register
from schedules.densities.density import Array, survival, upper_quantile
from schedules.learned import Learned, MovingMean
from schedules.spaces import Choice, Float, Int

_BASES = Choice(("cosine", "flow_uniform", "iddpm_cosine", "ddpm_linear", "uniform_logsnr"))
_BINS = Int(10, 1000)


class SecondMoment(Learned):
    """Levels √E[L²] from the last ten losses of each bin, once every bin has ten."""

    def __init__(self, base: Density, bins: int, history: int) -> None:
        super().__init__(base, bins)
        self._history = np.zeros((bins, history))
        self._seen = np.zeros(bins, dtype=np.int64)

    def learn(self, bins: np.ndarray, logsnr: Array, loss: Array) -> Array:
        for index in np.unique(bins):
            new = loss[bins == index][-self._history.shape[1] :]
            self._history[index] = np.concatenate([self._history[index], new])[-self._history.shape[1] :]
            self._seen[index] += new.size
        if np.any(self._seen < self._history.shape[1]):
            return np.ones(self._count)
        return np.sqrt(np.mean(self._history**2, axis=1))

    def memory(self) -> dict[str, np.ndarray]:
        return {"history": self._history, "seen": self._seen}


class MeanError(Learned):
    """Levels E[loss] of each bin, a moving average that forgets half its past every `half_life` samples of the bin."""

    def __init__(self, base: Density, bins: int, half_life: float) -> None:
        super().__init__(base, bins)
        self._error = MovingMean(bins, half_life)

    def learn(self, bins: np.ndarray, logsnr: Array, loss: Array) -> Array:
        self._error.add(bins, loss)
        error = self._error()
        return np.ones(self._count) if error is None else error

    def memory(self) -> dict[str, np.ndarray]:
        return {"mean": self._error.mean, "weight": self._error.weight}


class Curriculum(Learned):
    """A histogram that moves from a base to a target as samples are seen, whatever their loss."""

    def __init__(self, base: Density, target: Density, samples: float, bins: int = 400) -> None:
        super().__init__(base, bins)
        self._samples = samples
        self._seen = np.zeros(1)
        mass = np.diff(survival(target, upper_quantile(base, np.linspace(0.0, 1.0, bins + 1))))
        self._target = np.maximum(mass, 0.0)

    def learn(self, bins: np.ndarray, logsnr: Array, loss: Array) -> Array:
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
    Raya et al. 2026 (InfoNoise): the rate from the denoising losses of training, only p adapted, the objective kept, by
    its abstract; its estimator was not read and may smooth differently. In time of a base other than uniform_logsnr the
    rate is taken per unit of that time
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
