"""A sampler of time that is rewarded by the drop of the variational bound it brings."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, polygamma, psi

from schedules import Density, create, register
from schedules.densities.density import Array, upper_quantile
from schedules.learned import Adam, Learned, MovingMean
from schedules.spaces import Choice, Float, Int

_LIMIT = 20.0  # |λ| beyond which no bound is counted
_RANGE = (0.3, 10.0)  # of a and b
_SLOWER = 4.0  # half-life of the average that the drop is measured against


class BetaPolicy(Learned):
    """Levels of Beta(a, b) over time; a and b climb the expected drop of the bound plus the entropy."""

    def __init__(self, base: Density, bins: int, half_life: float, rate: float, entropy: float) -> None:
        super().__init__(base, bins)
        self._recent, self._before = MovingMean(bins, half_life), MovingMean(bins, _SLOWER * half_life)
        self._adam = Adam(2, rate, betas=(0.9, 0.999))
        self._shape = np.ones(2)
        self._entropy = entropy
        self._width = -np.diff(np.clip(upper_quantile(base, self._edges), -_LIMIT, _LIMIT))
        self._middle = 0.5 * (self._edges[1:] + self._edges[:-1])

    def learn(self, bins: np.ndarray, logsnr: Array, loss: Array) -> Array:
        self._recent.add(bins, loss)
        self._before.add(bins, loss)
        recent, before = self._recent(), self._before()
        if recent is not None and before is not None and (self._width @ recent) > 0:
            drop = self._width * (before - recent) / (self._width @ recent / self._count)
            climb = self._score(drop) + self._entropy * self._entropy_slope()
            # a and b are exponentials of the parameters, so that they stay positive.
            step = self._adam.step(-climb * self._shape)
            self._shape[...] = np.clip(self._shape * np.exp(step), *_RANGE)
        return self._policy()

    def _policy(self) -> Array:
        return np.diff(betainc(self._shape[0], self._shape[1], self._edges))

    def _score(self, reward: Array) -> Array:
        """∇ E_t[reward(t)] = E_t[reward(t) ∇ ln π(t)], a sum over bins where REINFORCE draws t; the mean is taken off.

        ∇ ln Beta(t; a, b) = (ln t − ψ(a) + ψ(a + b), ln(1 − t) − ψ(b) + ψ(a + b))
        """
        mass = self._policy()
        logs = np.log(np.stack([self._middle, 1.0 - self._middle]))
        return (logs - psi(self._shape)[:, None] + psi(self._shape.sum())) @ (mass * (reward - mass @ reward))

    def _entropy_slope(self) -> Array:
        """∂H/∂a = −(a − 1) ψ'(a) + (a + b − 2) ψ'(a + b), and the same in b."""
        a = self._shape
        return -(a - 1.0) * polygamma(1, a) + (a.sum() - 2.0) * polygamma(1, a.sum())

    def importance(self, x: Array) -> Array:
        return np.ones(np.shape(x))

    def memory(self) -> dict[str, np.ndarray]:
        return {
            "shape": self._shape,
            "now": self._recent.mean,
            "now_weight": self._recent.weight,
            "before": self._before.mean,
            "before_weight": self._before.weight,
            **self._adam.memory(),
        }


@register(
    "adaptive_nonuniform",
    space={
        "rate": Float(1e-3, 0.5, log=True),
        "entropy": Float(1e-4, 1, log=True),
        "bins": Int(10, 400),
        "half_life": Float(10, 1e5, log=True),
        "base": Choice(("ddpm_linear", "iddpm_cosine", "cosine", "flow_uniform")),
    },
    paper="arXiv:2411.09998",
)
def adaptive_nonuniform(
    rate: float = 0.05, entropy: float = 0.01, bins: int = 50, half_life: float = 300.0, base: str = "ddpm_linear"
) -> Density:
    """t ~ Beta(a, b), trained by policy gradient on the drop of the variational bound, with an entropy bonus.

    rate:      of Adam, one step an update; the code's 1e-3 is for far longer training
    entropy:   factor on the entropy of Beta(a, b), against the drop relative to the bound
    bins:      intervals of the base's time in which the bound is measured
    half_life: samples of a bin after which half its past is forgotten; the drop is against an average four times slower
    base:      schedule whose time is drawn
    Kim et al. 2024; its code read (ku-dmlab/Adaptive-Timestep-Sampler). There a network gives a and b for each x₀ (at
    first softplus(½) = 0.97 each); every 20 steps the bound is evaluated before and after the step, for each x₀ at a
    few t chosen by regression, and the drop rewards the t that was drawn. The loss carries no importance weight, nor
    here. Adapted: one a and b, at first 1, for all x₀; the drop is that of the training errors' average at t itself,
    times the λ that the bin spans; the policy gradient is summed exactly over t
    """
    return BetaPolicy(create(base).density, bins, half_life, rate, entropy)
