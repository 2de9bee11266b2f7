"""Cosine schedules: hyperbolic secants over log SNR.

λ(t) = −2 ln tan(πt/2) is the noise schedule of Nichol & Dhariwal 2021 (arXiv:2102.09672) as s → 0, and the same as α
= cos(πt/2), σ = sin(πt/2) in v-diffusion, SiT's GVP path and TrigFlow.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from schedules import Density, from_time, register
from schedules.densities.density import Array
from schedules.spaces import Float


@register("cosine", paper="arXiv:2102.09672")
def cosine() -> Density:
    """p(λ) = sech(λ/2) / (2π), from λ(t) = −2 ln tan(πt/2).

    The baseline of every comparison. Hang et al. 2024 (arXiv:2407.03297), table 1. Identity: hypsecant(0, 2).
    """
    return stats.hypsecant(0.0, 2.0)


@register("cosine_shifted", space={"loc": Float(-6, 6)}, paper="arXiv:2301.11093")
def cosine_shifted(loc: float = 0.0) -> Density:
    """p(λ) = sech((λ − μ)/2) / (2π): cosine moved along λ.

    loc: centre μ, nats. Simple diffusion takes 2 ln(64/d) for d×d images (arXiv:2301.11093); in
         arXiv:2407.03297, table 1, the shift is a parameter
    """
    return stats.hypsecant(loc, 2.0)


@register("cosine_scaled", space={"s": Float(0.25, 5, log=True)}, paper="arXiv:2407.03297")
def cosine_scaled(s: float = 1.0) -> Density:
    """p(λ) = s · sech(sλ/2) / (2π), from λ(t) = (2/s) ln cot(πt/2).

    s: concentration at λ = 0; 1 is cosine, > 1 is narrower. Hang et al. 2024, table 1. Identity: hypsecant(0, 2/s).
    """
    return stats.hypsecant(0.0, 2.0 / s)


@register("cosmap", paper="arXiv:2403.03206")
def cosmap() -> Density:
    """t = 1 − 1/(tan(πu/2) + 1) on the straight path, u ~ U(0, 1): in λ the same density as `cosine`.

    λ = 2 ln((1 − t)/t) = −2 ln tan(πu/2). Esser et al. 2024 (SD3)
    """
    return stats.hypsecant(0.0, 2.0)


@register(
    "cosine_interpolated",
    space={
        "noise_d_low": Float(16, 64, log=True),
        "noise_d_high": Float(64, 1024, log=True),  # above noise_d_low, so that λ(t) falls everywhere
    },
    given={"image_d": Float(32, 2048, log=True)},  # only noise_d/image_d counts
    paper="arXiv:2301.11093",
)
def cosine_interpolated(image_d: float = 256.0, noise_d_low: float = 32.0, noise_d_high: float = 256.0) -> Density:
    """λ(t) = t·λ_low(t) + (1 − t)·λ_high(t): two shifted cosines, the low-resolution one at the noise end.

    λ_d(t) = −2 ln tan(t₀ + t(t₁ − t₀)) + 2 ln(noise_d/image_d), t₀ and t₁ such that λ_d runs from +13.8 to −13.8 (σ
    from 1e-3 to 1e3) whatever the shift.

    image_d:                   image side, pixels
    noise_d_low, noise_d_high: sides at which the noise is as strong as at 64 (arXiv:2301.11093 takes 32 and the
    image's own) Hoogeboom et al. 2023; k-diffusion's code, rand_cosine_interpolated (read)
    """
    bound = 2.0 * math.log(1e3)

    def shifted(noise_d: float, t: Array) -> Array:
        shift = 2.0 * math.log(noise_d / image_d)
        start = math.atan(math.exp(-0.5 * (bound - shift)))
        end = math.atan(math.exp(0.5 * (bound + shift)))
        return -2.0 * np.log(np.tan(start + t * (end - start))) + shift

    return from_time(lambda t: t * shifted(noise_d_low, t) + (1.0 - t) * shifted(noise_d_high, t))
