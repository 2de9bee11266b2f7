"""A weighting that learns while training: the loss divided by a running average of itself, in bins of λ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from schedules import Schedule
from schedules.densities.density import Array
from schedules.spaces import Float, Int
from schedules.weightings import LearnedWeighting, register

_RANGE = (1e-7, 1e7)


class AverageLoss:
    """ω(λ) = 1/L_b, L_b ← β L_b + (1 − β) L once a batch for each bin that was drawn, L the loss drawn last there."""

    def __init__(self, low: float, high: float, bins: int, beta: float, batch: int) -> None:
        self._edges = np.linspace(low, high, bins - 1)
        self._losses = np.ones(bins)
        self._beta, self._batch = beta, batch

    def __call__(self, logsnr: Array, target: str, schedule: Schedule) -> Array:
        return np.clip(1.0 / self._losses[np.searchsorted(self._edges, logsnr)], *_RANGE)

    def update(self, logsnr: Array, loss: Array) -> None:
        """Consecutive batches of the (n,) samples."""
        finite = np.isfinite(loss)
        bins, loss = np.searchsorted(self._edges, logsnr[finite]), np.maximum(loss[finite], 0.0)
        for start in range(0, bins.size, self._batch):
            of_batch = slice(start, start + self._batch)
            last = dict(zip(bins[of_batch].tolist(), loss[of_batch].tolist(), strict=True))
            drawn, new = np.fromiter(last, dtype=np.int64), np.fromiter(last.values(), dtype=np.float64)
            self._losses[drawn] = self._beta * self._losses[drawn] + (1.0 - self._beta) * new

    def state_dict(self) -> dict[str, Any]:
        """The average of each bin."""
        return {"losses": self._losses.copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put back what `state_dict` returned."""
        self._losses[...] = state["losses"]


@register(
    "loss_average",
    space={"low": Float(-20, -1), "high": Float(1, 20), "beta": Float(0.5, 0.999), "bins": Int(10, 1000)},
    given={"batch": Int(1, 4096, log=True)},
    paper="Stable Cascade",
)
def loss_average(
    low: float = -10.0, high: float = 10.0, beta: float = 0.99, bins: int = 300, batch: int = 128
) -> LearnedWeighting:
    """ω(λ) = 1/(moving average of the ε-error at λ), which begins at 1: all λ count alike in the end.

    low, high: range of λ; what lies outside has a bin on either side
    beta:      β, what a batch leaves of the average
    batch:     samples after which the average moves; of several in one bin the last one counts, as in the code
    Stable Cascade's gdf (AdaptiveLossWeight, read), where the loss is that of its own target: dividing by an average in
    narrow bins takes its factor c(λ) out, so the ε-error serves every target
    Losses that are divided by themselves, sample by sample (iMF, TiM: L/(sg L + c)^p), are no functions of λ
    """
    return AverageLoss(low, high, bins, beta, batch)
