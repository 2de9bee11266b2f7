"""Stable Cascade's schedule: a histogram over λ that follows the loss, batch by batch."""

from __future__ import annotations

import numpy as np

from schedules import Density, create, register
from schedules.densities.density import Array
from schedules.learned import Learned
from schedules.spaces import Float, Int


class LastLoss(Learned):
    """Levels p_b ← β p_b + (1 − β) L, once a batch for each bin that was drawn, L the loss drawn last there."""

    def __init__(self, base: Density, bins: int, beta: float, batch: int, floor: float) -> None:
        super().__init__(base, bins, floor=0.0)
        self._beta, self._batch, self._least = beta, batch, floor
        self._levels = np.ones(bins)

    def learn(self, bins: np.ndarray, logsnr: Array, loss: Array) -> Array:
        for start in range(0, bins.size, self._batch):
            of_batch = slice(start, start + self._batch)
            last = dict(zip(bins[of_batch].tolist(), loss[of_batch].tolist(), strict=True))
            drawn = np.fromiter(last, dtype=np.int64)
            new = np.fromiter(last.values(), dtype=np.float64)
            self._levels[drawn] = self._beta * self._levels[drawn] + (1.0 - self._beta) * new
        return self._levels + self._least

    def importance(self, x: Array) -> Array:
        return np.ones(np.shape(x))

    def memory(self) -> dict[str, np.ndarray]:
        return {"levels": self._levels}


@register(
    "cascade_adaptive",
    space={
        "low": Float(-20, -1),
        "high": Float(1, 20),
        "beta": Float(0.5, 0.999),
        "bins": Int(10, 1000),
        "floor": Float(0, 1),
    },
    given={"batch": Int(1, 4096, log=True)},
    paper="Stable Cascade",
)
def cascade_adaptive(
    low: float = -10.0, high: float = 10.0, beta: float = 0.99, bins: int = 100, floor: float = 0.0, batch: int = 128
) -> Density:
    """p(λ) ∝ moving average of the loss in equal bins of λ, which begins at 1 and takes one loss a bin from each batch.

    low, high: range of λ
    beta:      β, what a batch leaves of the average
    floor:     added to every bin before they are normalised (its min_probs)
    batch:     samples after which the average moves; of several in one bin the last one counts, as in the code
    Stable Cascade's gdf (AdaptiveTrainSchedule, read). The objective moves with the schedule, as there; there the loss
    is that of its own target and weight, here the ε-error
    """
    return LastLoss(create("uniform_logsnr", low=low, high=high).density, bins, beta, batch, floor)
