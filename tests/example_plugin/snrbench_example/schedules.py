"""The module that the entry point names: importing it registers the schedule."""

from optuna.distributions import FloatDistribution as Float
from scipy import stats

from schedules import register


@register("example_gumbel", space={"loc": Float(-3, 3), "scale": Float(0.2, 3, log=True)})
def example_gumbel(loc: float = 0.0, scale: float = 1.0):
    """p(λ) = exp(−z − e^{−z}) / scale, z = (λ − loc)/scale: a Gumbel density, with its long tail at the clean end.

    loc:   mode, in nats of log SNR
    scale: > 0, in nats
    """
    return stats.gumbel_r(loc, scale)
