"""What schedules that learn while training share: a histogram over the time of a base, and what moves it.

Only per-sample ε-errors at the λ drawn reach a schedule, so every rule here is written in terms of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from schedules.densities.density import Array, Density
from schedules.densities.stepped import Stepped

FLOOR = 1e-3  # share of the mass that stays with the base, so that every λ is measured again


class Learned(Stepped):
    """A histogram over the time of a base, changed by what training measures; equal bins."""

    def __init__(self, base: Density, bins: int, floor: float = FLOOR) -> None:
        super().__init__(base, np.linspace(0.0, 1.0, bins + 1), np.ones(bins))
        self._count = bins
        self._floor = floor

    def update(self, logsnr: Array, loss: Array) -> None:
        """Learn from draws λ and their squared ε-errors, both (n,), in the order in which they were drawn."""
        finite = np.isfinite(loss)
        levels = self.learn(self.bins(logsnr[finite]), logsnr[finite], np.maximum(loss[finite], 0.0))
        total = levels.sum()
        if total > 0:
            self.set_levels((1.0 - self._floor) * levels / total + self._floor / self._count)

    def learn(self, bins: np.ndarray, logsnr: Array, loss: Array) -> Array:
        """Take in the bin, λ and loss of each sample, (n,); return the levels wanted, (B,), up to a factor."""
        raise NotImplementedError

    def importance(self, x: Array) -> Array:
        """p_base(λ)/p(λ): the factor on the loss that keeps the objective of the base."""
        return 1.0 / self._density[self.bins(x)]

    def state_dict(self) -> dict[str, Any]:
        """The histogram, bit by bit, and what it was learned from."""
        histogram = {"density": self._density, "mass": self._mass}
        return {key: value.copy() for key, value in {**histogram, **self.memory()}.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put back what `state_dict` returned."""
        self._density, self._mass = np.array(state["density"]), np.array(state["mass"])
        for key, value in self.memory().items():
            value[...] = state[key]

    def memory(self) -> dict[str, np.ndarray]:
        """The arrays that learning keeps, by name."""
        raise NotImplementedError


class MovingMean:
    """Mean of the values of each bin, which forgets half its past every `half_life` values of the bin.

    mean, weight: (B,); weight is what the mean is divided by, 0 where nothing was seen
    """

    def __init__(self, bins: int, half_life: float) -> None:
        self._decay = 0.5 ** (1.0 / half_life)
        self.mean, self.weight = np.zeros(bins), np.zeros(bins)

    def add(self, bins: np.ndarray, values: Array) -> None:
        """Take in (n,) values and their bins."""
        count = np.bincount(bins, minlength=self.mean.size)
        total = np.bincount(bins, weights=values, minlength=self.mean.size)
        retained = self._decay**count
        # Samples of one call share one weight; their sum is what the recursion would give.
        share = np.where(count > 0, (1.0 - retained) / np.maximum(count, 1), 0.0)
        self.mean[...] = retained * self.mean + share * total
        self.weight[...] = retained * self.weight + (1.0 - retained)

    def __call__(self) -> Array | None:
        """The means, (B,); None until every bin has a value."""
        return self.mean / self.weight if np.all(self.weight > 0) else None


class Adam:
    """Adam (arXiv:1412.6980) on one array: step against a gradient."""

    def __init__(self, size: int, rate: float, betas: tuple[float, float] = (0.9, 0.99), eps: float = 1e-8) -> None:
        self._rate, self._betas, self._eps = rate, betas, eps
        self.first, self.second, self.steps = np.zeros(size), np.zeros(size), np.zeros(1)

    def step(self, gradient: Array) -> Array:
        """What to add to the parameters, (size,)."""
        beta1, beta2 = self._betas
        self.steps += 1
        self.first[...] = beta1 * self.first + (1.0 - beta1) * gradient
        self.second[...] = beta2 * self.second + (1.0 - beta2) * gradient**2
        mean = self.first / (1.0 - beta1 ** self.steps[0])
        scale = np.sqrt(self.second / (1.0 - beta2 ** self.steps[0])) + self._eps
        return -self._rate * mean / scale

    def memory(self) -> dict[str, np.ndarray]:
        """Its state, by name."""
        return {"adam_first": self.first, "adam_second": self.second, "adam_steps": self.steps}
