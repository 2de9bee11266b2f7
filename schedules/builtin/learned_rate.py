"""A schedule whose distribution changes at a constant rate, measured while training."""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit

from schedules import Density, create, register
from schedules.densities.density import Array, upper_quantile
from schedules.learned import Learned, MovingMean
from schedules.spaces import Choice, Float, Int

_OUTLIER = 10.0


class ConstantRate(Learned):
    """Levels from the drop of the x₀-error across each bin."""

    def __init__(self, base: Density, bins: int, half_life: float, xi: float, keep: float) -> None:
        super().__init__(base, bins, floor=keep)
        self._error = MovingMean(bins, half_life)
        signal = np.sqrt(expit(upper_quantile(base, self._edges)))
        self._signal_steps = -np.diff(signal)
        self._xi = xi

    def learn(self, bins: np.ndarray, logsnr: Array, loss: Array) -> Array:
        # At the noisy end e^{−λ} makes much of little: no sample counts for more than _OUTLIER.
        self._error.add(bins, np.minimum(np.exp(-logsnr) * loss, _OUTLIER))
        error = self._error()
        if error is None:
            return np.ones(self._count)
        # The mean alone predicts with error 1 on data of unit variance; what is left to know never falls with t.
        error = isotonic_regression(np.minimum(error, 1.0)).x
        at_edges = np.concatenate([[0.0], 0.5 * (error[1:] + error[:-1]), [1.0]])
        speed = np.diff(at_edges) / self._signal_steps
        return speed**self._xi * self._signal_steps

    def importance(self, x: Array) -> Array:
        return np.ones(np.shape(x))

    def memory(self) -> dict[str, np.ndarray]:
        return {"mean": self._error.mean, "weight": self._error.weight}


@register(
    "constant_rate",
    space={
        "xi": Float(0.25, 2),
        "keep": Float(0.01, 0.9, log=True),
        "bins": Int(10, 400),
        "half_life": Float(10, 1e5, log=True),
        "base": Choice(("cosine", "flow_uniform", "uniform_logsnr")),
    },
    paper="arXiv:2411.12188",
)
def constant_rate(
    xi: float = 1.0, keep: float = 0.1, bins: int = 50, half_life: float = 700.0, base: str = "cosine"
) -> Density:
    """dα/dt ∝ v(α)^{−ξ}: time runs slowly where the distribution changes fast, v its speed along the path.

    xi:        ξ; 1 makes the rate constant and does not depend on what α is
    keep:      share of the base's density that stays
    bins:      intervals of the base's time in which the speed is measured
    half_life: samples of a bin after which half its past is forgotten
    base:      what training starts with
    Okada et al. 2024. There v is measured by a discrepancy between neighbouring noise levels: FID, or the distance of a
    trained network's x₀- or ε-predictions, and the schedule is fixed before training. Adapted: only errors are at hand
    here. On a path where x_α is a degraded x_{α'}, the best predictions satisfy E‖x̂₀(α') − x̂₀(α)‖² = m(α) − m(α'), m
    the x₀-error e^{−λ}‖ε − ε̂‖², so v = |dm/dα|, m an average of training errors made monotone; p(α) ∝ v^ξ. The
    objective moves with the schedule, as there
    """
    return ConstantRate(create(base).density, bins, half_life, xi, keep)
