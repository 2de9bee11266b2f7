"""Weightings by the signal-to-noise ratio, SNR = e^λ: caps and roots."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array
from schedules.spaces import Float
from schedules.weightings import register

_GAMMA = Float(0.1, 50, log=True)


@register("min_snr", space={"gamma": _GAMMA}, paper="arXiv:2303.09556")
def min_snr(logsnr: Array, gamma: float = 5.0) -> Array:
    """ω(λ) = min(SNR, γ) / SNR = min(1, γ e^{−λ}).

    gamma: cap on the weight of the x₀-error. Hang et al. 2023; the same for every target on the ε-error.
           Other functions go by this name: DDT's minsnr clips α/σ, and from below; SpeeD's takes the first of two
           values and is const/(SNR + 1)
    """
    return np.exp(np.minimum(0.0, np.log(gamma) - logsnr))


@register("soft_min_snr", space={"gamma": _GAMMA}, paper="arXiv:2401.11605")
def soft_min_snr(logsnr: Array, gamma: float = 5.0) -> Array:
    """ω(λ) = γ / (SNR + γ): min_snr without its corner.

    gamma: where the two halves meet. Crowson et al. 2024 (HDiT) and k-diffusion: γ = 1 for unit variance in its EDM
           form; HDiT's γ = 4 is 1/0.5² on data of standard deviation 0.5
    """
    return expit(np.log(gamma) - logsnr)


@register("truncated_snr", paper="arXiv:2202.00512")
def truncated_snr(logsnr: Array) -> Array:
    """ω(λ) = max(SNR, 1) / SNR: the x₀-error where noise prevails, the ε-error elsewhere.

    Salimans & Ho 2022
    """
    return np.exp(np.maximum(0.0, -logsnr))


@register("p2", space={"k": Float(0.1, 10, log=True), "gamma": Float(0, 3)}, paper="arXiv:2204.00227")
def p2(logsnr: Array, k: float = 1.0, gamma: float = 1.0) -> Array:
    """ω(λ) = 1 / (k + SNR)^γ: perception prioritised.

    k, gamma: 1 and 1 are the paper's for its stronger variant; γ = 0 is `eps`. Choi et al. 2022
    """
    return np.exp(-gamma * np.logaddexp(np.log(k), logsnr))


@register("sech", space={"width": Float(0.25, 20, log=True)}, paper="Stable Cascade")
def sech(logsnr: Array, width: float = 2.0) -> Array:
    """ω(λ) = 1 / cosh(λ/w): most where signal and noise are equal.

    width: w, nats. Stable Cascade's gdf (SechLossWeight, read). With uniform λ, w = 2 is the objective of `cosine`
    """
    with np.errstate(over="ignore"):
        return 1.0 / np.cosh(logsnr / width)


@register("debiased", space={"cap": Float(1, 1e6, log=True)}, paper="arXiv:2310.08442")
def debiased(logsnr: Array, cap: float = 1000.0) -> Array:
    """ω(λ) = min(SNR, cap)^{−½}.

    cap: 1000 in kohya's code, none in the paper. Yu et al. 2023; kohya's and OneTrainer's v-forms are two other
         functions
    """
    return np.exp(-0.5 * np.minimum(logsnr, np.log(cap)))
