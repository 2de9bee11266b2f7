"""Schedules of the score SDEs and of noise levels spaced by a rule: VP, sub-VP, VE, geometric, EDM's ρ."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from schedules import Density, from_time, register
from schedules.densities.density import Array
from schedules.spaces import Float

_BETA_MIN, _BETA_MAX = Float(0.001, 1, log=True), Float(5, 40)


@register(
    "vp_sde", space={"beta_min": _BETA_MIN, "beta_max": _BETA_MAX, "eps": Float(0, 0.05)}, paper="arXiv:2011.13456"
)
def vp_sde(beta_min: float = 0.1, beta_max: float = 20.0, eps: float = 0.0) -> Density:
    """λ(t) = −ln(e^{B(t)} − 1), B(t) = β_min t + ½(β_max − β_min) t², t ~ U(eps, 1).

    beta_min, beta_max: of the linear β(t)
    eps:                first time; score_sde trains from 1e-5, LSGM from 0.01
    Song et al. 2021: the continuous limit of ddpm_linear.
    """

    def logsnr(share: Array) -> Array:
        t = eps + (1.0 - eps) * share
        return -np.log(np.expm1((beta_min + 0.5 * (beta_max - beta_min) * t) * t))

    return from_time(logsnr)


@register("vp_exp", space={"rate": Float(1, 40, log=True)}, paper="diffusers")
def vp_exp(rate: float = 12.0) -> Density:
    """λ(t) = −ln(e^{rt} − 1), from ᾱ = e^{−rt}.

    rate: r. diffusers' alpha_transform_type "exp" has 12
    """
    return from_time(lambda t: -np.log(np.expm1(rate * t)))


@register("sub_vp_sde", space={"beta_min": _BETA_MIN, "beta_max": _BETA_MAX}, paper="arXiv:2011.13456")
def sub_vp_sde(beta_min: float = 0.1, beta_max: float = 20.0) -> Density:
    """λ(t) = −B − 2 ln(1 − e^{−B}), B(t) = β_min t + ½(β_max − β_min) t².

    α = e^{−B/2} as in vp_sde, but σ = 1 − e^{−B}, whose square root is missing on purpose. Song et al. 2021; α² +
    σ² is not 1 here, and λ = ln(α²/σ²) all the same
    """

    def logsnr(t: Array) -> Array:
        exponent = (beta_min + 0.5 * (beta_max - beta_min) * t) * t
        return -exponent - 2.0 * np.log(-np.expm1(-exponent))

    return from_time(logsnr)


_SIGMAS = {"sigma_min": Float(1e-4, 0.1, log=True), "sigma_max": Float(5, 2000, log=True)}


@register("ve_sde", space=_SIGMAS, paper="arXiv:2011.13456")
def ve_sde(sigma_min: float = 0.01, sigma_max: float = 50.0) -> Density:
    """p(λ) uniform on [−2 ln σ_max, −2 ln σ_min]: σ is log-uniform.

    sigma_min, sigma_max: noise levels for data of unit variance; diffusers ships 0.01 and 1348. Song et al. 2021
    """
    return stats.uniform(-2.0 * math.log(sigma_max), 2.0 * math.log(sigma_max / sigma_min))


@register(
    "geometric_vpsde",
    space={"v_min": Float(1e-6, 0.01, log=True), "v_max": Float(0.9, 0.9999)},
    paper="arXiv:2106.05931",
)
def geometric_vpsde(v_min: float = 3e-5, v_max: float = 0.999) -> Density:
    """σ² log-uniform on a variance-preserving path: p(λ) ∝ sigmoid(λ) on [logit(1 − v_max), logit(1 − v_min)].

    v_min, v_max: first and last σ². Vahdat et al. 2021 (LSGM) and its code
    """
    span = math.log(v_max / v_min)

    def logsnr(log_variance: Array) -> Array:
        return np.log(-np.expm1(log_variance)) - log_variance

    return from_time(
        lambda t: logsnr(math.log(v_min) + span * t), complement=lambda rest: logsnr(math.log(v_max) - span * rest)
    )


@register("karras_rho", space={"rho": Float(1, 50, log=True), **_SIGMAS}, paper="arXiv:2303.01469")
def karras_rho(rho: float = 7.0, sigma_min: float = 0.002, sigma_max: float = 80.0) -> Density:
    """p(λ) ∝ e^{−λ/(2ρ)} on [−2 ln σ_max, −2 ln σ_min]: σ^{1/ρ} is uniform.

    rho:                  ρ → ∞ is ve_sde; 7 is EDM's spacing of sampling steps
    sigma_min, sigma_max: noise levels for data of unit variance
    As a training density in consistency models (Song et al. 2023) and GenCast (arXiv:2312.15796, 0.02 to 88).
    Identity: truncexpon with scale 2ρ
    """
    low, high = -2.0 * math.log(sigma_max), -2.0 * math.log(sigma_min)
    return stats.truncexpon((high - low) / (2.0 * rho), loc=low, scale=2.0 * rho)
