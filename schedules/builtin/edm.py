"""Log-normal noise levels: normal densities over log SNR.

ln σ ~ N(P_mean, P_std²) for data of standard deviation σ_d gives λ = −2 ln σ + 2 ln σ_d ~ N(−2 P_mean + 2 ln σ_d, (2
P_std)²).
"""

from __future__ import annotations

import math

from scipy import stats

from schedules import Density, register
from schedules.spaces import Float

_SPACE = {"p_mean": Float(-3, 3), "p_std": Float(0.2, 3, log=True)}
_UNIT = {"sigma_data": Float(0.1, 2, log=True)}  # of σ: moves λ as p_mean does, so it is given and never searched


@register("edm", space=_SPACE, given=_UNIT, paper="arXiv:2206.00364")
def edm(p_mean: float = -1.2, p_std: float = 1.2, sigma_data: float = 1.0) -> Density:
    """p(λ) = N(−2 P_mean + 2 ln σ_d, (2 P_std)²): ln σ is normal.

    p_mean, p_std: of ln σ
    sigma_data:    standard deviation of the data that σ refers to. 1 is the form compared in arXiv:2407.03297,
                   N(2.4, 2.4²); EDM itself has 0.5, N(1.014, 2.4²) (`preset/edm-cifar10`)
    Karras et al. 2022, table 1. Stable Cascade's EDMTrainSchedule draws its mirror image, N(−2.4, 2.4²).
    """
    return stats.norm(-2.0 * p_mean + 2.0 * math.log(sigma_data), 2.0 * p_std)


@register("edm2", space=_SPACE, given=_UNIT, paper="arXiv:2312.02696")
def edm2(p_mean: float = -0.4, p_std: float = 1.0, sigma_data: float = 1.0) -> Density:
    """p(λ) = N(−2 P_mean + 2 ln σ_d, (2 P_std)²): EDM with the constants of EDM2, closer to the crossing.

    p_mean, p_std: of ln σ
    sigma_data:    standard deviation of the data that σ refers to; as shipped 0.5, N(−0.586, 2²)
                   (`preset/edm2-img512`)
    Karras et al. 2023. Identity at the defaults: norm(0.8, 2).
    """
    return stats.norm(-2.0 * p_mean + 2.0 * math.log(sigma_data), 2.0 * p_std)


@register("style_friendly", space={"loc": Float(-10, 4), "scale": Float(0.3, 5, log=True)}, paper="arXiv:2411.14793")
def style_friendly(loc: float = -6.0, scale: float = 2.0) -> Density:
    """p(λ) = N(loc, scale²): far on the noisy side, where style is decided when fine-tuning.

    loc, scale: of λ, nats. Choi et al. 2024
    """
    return stats.norm(loc, scale)
