"""Weightings of a likelihood bound: w(λ)/p(λ), so that the objective does not depend on what is sampled.

The bound is ½ ∫ w(λ) E‖ε − ε̂‖² dλ; drawn from p, each sample counts w/p. Where p vanishes, nothing is drawn and ω is 0.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from schedules import Schedule
from schedules.densities.density import Array
from schedules.spaces import Float
from schedules.weightings import register

_LARGEST = 1e300


@register("elbo", paper="arXiv:2107.00630")
def elbo(logsnr: Array, schedule: Schedule) -> Array:
    """ω(λ) = 1/p(λ): every λ alike, whatever is sampled.

    Kingma et al. 2021 (VDM); Kingma & Gao 2023 (arXiv:2303.00848), w(λ) = 1
    """
    return _per_density(np.ones_like(logsnr), logsnr, schedule)


@register("sigmoid", space={"k": Float(-6, 8)}, paper="arXiv:2410.19324")
def sigmoid(logsnr: Array, schedule: Schedule, k: float = 2.0) -> Array:
    """ω(λ) = sigmoid(k − λ)/p(λ): as published, with p divided out.

    k: bias; Kingma & Gao 2023 (arXiv:2303.00848) and SiD2 (eq. 4) take −1 … 3. `sigmoid_bare` keeps p
    """
    return _per_density(expit(k - logsnr), logsnr, schedule)


@register("sigmoid_bare", space={"k": Float(-6, 8)}, paper="arXiv:2410.19324")
def sigmoid_bare(logsnr: Array, k: float = 2.0) -> Array:
    """ω(λ) = sigmoid(k − λ): as several codes ship it, on top of whatever is sampled.

    k: bias. Equals soft_min_snr with γ = e^k
    """
    return expit(k - logsnr)


@register("imm", space={"b": Float(-2, 8), "a": Float(0, 3)}, paper="arXiv:2503.07565")
def imm(logsnr: Array, schedule: Schedule, b: float = 4.0, a: float = 1.0) -> Array:
    """ω(λ) = sigmoid(b − λ)/p(λ) · α^a/(α² + σ²), α and σ of the straight path.

    b, a: bias and power. Zhou et al. 2025 (Inductive Moment Matching). Form and a = 1 or 2 as in a reimplementation,
          which takes b = 5 for CIFAR-10; b = 4 could not be checked against the paper
    """
    alpha, sigma = expit(0.5 * logsnr), expit(-0.5 * logsnr)
    return _per_density(expit(b - logsnr) * alpha**a / (alpha**2 + sigma**2), logsnr, schedule)


def _per_density(weight: Array, logsnr: Array, schedule: Schedule) -> Array:
    density = schedule.pdf(logsnr)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.where(density > 0, np.minimum(weight / density, _LARGEST), 0.0)
