"""Shifts of λ, in the parametrisations that papers and codes use: `shift:a=3` is `flux_shift:mu=1.0986`.

Each adds a constant to λ; what differs is what the parameter is called and measured in.
"""

from __future__ import annotations

import math

from schedules.densities.affine import Affine
from schedules.densities.density import Density
from schedules.spaces import Float
from schedules.transforms import register

_RATIO = Float(1e-3, 1e3, log=True)
_SIDE = Float(1, 1e5, log=True)
_SIZE = Float(1, 1e9, log=True)


@register("shift", space={"a": _RATIO}, paper="arXiv:2403.03206")
def shift(density: Density, a: float = 1.0) -> Density:
    """λ' = λ − 2 ln a: the resolution shift of flow models, t' = at / (1 + (a − 1)t).

    a: ratio of noise scales; > 1 moves mass towards noise. SD3 uses 3 at 1024². Esser et al. 2024
    """
    return Affine(density, loc=-2.0 * math.log(a))


@register("offset", space={"by": Float(-50, 50)})
def offset(density: Density, by: float = 0.0) -> Density:
    """λ' = λ + by, in nats: > 0 moves mass towards clean data."""
    return Affine(density, loc=by)


@register("flux_shift", space={"mu": Float(-7, 7)}, paper="FLUX.1")
def flux_shift(density: Density, mu: float = 0.0) -> Density:
    """λ' = λ − 2μ: t' = e^μ / (e^μ + 1/t − 1), as Flux and its followers write it. μ = ln a of `shift`."""
    return Affine(density, loc=-2.0 * mu)


@register("snr_shift", space={"s": _RATIO}, paper="arXiv:2408.06072")
def snr_shift(density: Density, s: float = 1.0) -> Density:
    """λ' = λ − ln s: the SNR divided by s. CogVideoX's snr_shift_scale, s = a² of `shift`."""
    return Affine(density, loc=-math.log(s))


@register("input_scale", space={"b": _RATIO}, paper="arXiv:2301.10972")
def input_scale(density: Density, b: float = 1.0) -> Density:
    """λ' = λ + 2 ln b: the data multiplied by b, the noise as it is. Chen 2023."""
    return Affine(density, loc=2.0 * math.log(b))


@register("noise_scale", space={"n": _RATIO}, paper="arXiv:2511.13720")
def noise_scale(density: Density, n: float = 1.0) -> Density:
    """λ' = λ − 2 ln n: the noise multiplied by n, the data as it is. JiT has n = 2 at 512²."""
    return Affine(density, loc=-2.0 * math.log(n))


@register("image_side", space={"d": _SIDE}, paper="arXiv:2301.11093")
def image_side(density: Density, d: float = 64.0) -> Density:
    """λ' = λ + 2 ln(64/d): the shift of simple diffusion for d × d images. Hoogeboom et al. 2023."""
    return Affine(density, loc=2.0 * math.log(64.0 / d))


@register("dimension", space={"m": _SIZE}, given={"n": _SIZE}, paper="arXiv:2510.11690")
def dimension(density: Density, m: float = 4096.0, n: float = 4096.0) -> Density:
    """λ' = λ − ln(m/n): a = √(m/n) for data of m dimensions, n of which need no shift. RAE, Zheng et al. 2025."""
    return Affine(density, loc=-math.log(m / n))
