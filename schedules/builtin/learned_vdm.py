"""VDM's learned noise schedule: the monotone λ(t) under which the bound's estimator varies least."""

from __future__ import annotations

import numpy as np

from schedules import Density, create, register
from schedules.densities.density import Array
from schedules.learned import Adam, Learned
from schedules.spaces import Float, Int


class LeastVariance(Learned):
    """Levels softmax(θ), θ descending the variance of e(λ)/p(λ)."""

    def __init__(self, base: Density, bins: int, rate: float) -> None:
        super().__init__(base, bins)
        self._adam = Adam(bins, rate)
        self._theta = np.zeros(bins)

    def learn(self, bins: np.ndarray, logsnr: Array, loss: Array) -> Array:
        squared = (loss / self._density[bins]) ** 2
        if squared.sum() > 0:
            share = np.bincount(bins, weights=squared, minlength=self._count) / squared.sum()
            # ∂ ln V / ∂θ_b = p_b − share_b, V = E_p[(e/p)²]
            self._theta += self._adam.step(self._density / self._count - share)
            self._theta -= self._theta.max()
        return np.exp(self._theta)

    def memory(self) -> dict[str, np.ndarray]:
        return {"theta": self._theta, **self._adam.memory()}


@register(
    "vdm_learned",
    space={
        "low": Float(-20, -1),
        "high": Float(1, 20),
        "rate": Float(1e-3, 0.5, log=True),
        "bins": Int(10, 400),
    },
    paper="arXiv:2107.00630",
)
def vdm_learned(low: float = -5.0, high: float = 13.3, rate: float = 0.05, bins: int = 50) -> Density:
    """λ(t) monotone, trained to minimise the variance of the bound's estimator ½ |dλ/dt| ‖ε − ε̂‖², t ~ U(0, 1).

    low, high: range of λ; the start is uniform on it. γ = −λ from −13.3 to 5
    rate:      of Adam, one step an update
    bins:      pieces of λ(t)
    Kingma et al. 2021, section "Variance minimization": the bound does not depend on λ(t) between its ends, its
    variance does, so λ(t) descends the squared estimate. Its least value is at p(λ) ∝ √E[‖ε − ε̂‖⁴]. Adapted: there a
    monotone network of 1024 units is trained jointly and the ends follow the bound itself (google-research/vdm, read);
    here λ(t) is piecewise linear and the ends stay, for neither prior nor reconstruction loss reaches a schedule.
    `importance` keeps the objective of the uniform start, the bound
    """
    return LeastVariance(create("uniform_logsnr", low=low, high=high).density, bins, rate)
