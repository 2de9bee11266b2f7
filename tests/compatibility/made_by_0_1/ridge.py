"""A schedule of a user's own, written for snrbench 0.1."""

from optuna.distributions import FloatDistribution as Float
from scipy import stats

from schedules import register


@register("ridge", space={"loc": Float(-2, 2), "width": Float(0.5, 4, log=True)}, paper="none")
def ridge(loc: float = 0.5, width: float = 1.5):
    """Logistic density over log SNR, p(λ) = sech²((λ − loc) / (2 width)) / (4 width)."""
    return stats.logistic(loc, width)
