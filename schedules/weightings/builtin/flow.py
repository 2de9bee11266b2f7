"""Weightings that flow-matching trainers put on the velocity error, over its time t = 1/(1 + e^{λ/2}).

On the ε-error each gains the factor (1 + e^{−λ/2})² = 1/(1 − t)².
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array
from schedules.spaces import Float
from schedules.weightings import register, target_factor


@register("sigma_sqrt", paper="diffusers")
def sigma_sqrt(logsnr: Array) -> Array:
    """ω(λ) = flow × t^{−2} = (2 + 2 cosh(λ/2))²: unbounded at both ends.

    The name is the codes' (diffusers, kohya), which weight by σ^{−2}, not by a root
    """
    return (2.0 + 2.0 * np.cosh(0.5 * logsnr)) ** 2


@register("cosmap_weight", paper="arXiv:2403.03206")
def cosmap_weight(logsnr: Array) -> Array:
    """ω(λ) = flow × 2/(π(1 − 2t + 2t²)): with uniform flow time, the objective of sampling `cosmap` = `cosine`.

    Esser et al. 2024 (SD3); diffusers' weighting_scheme "cosmap"
    """
    t, rest = _times(logsnr)
    return target_factor("flow", logsnr) * 2.0 / (np.pi * (t**2 + rest**2))


_BELL_MEAN = float(np.sqrt(np.pi / 2.0) * 0.682689492137086 - np.exp(-0.5))  # ∫₀¹ of the bell below


@register("bell", paper="DiffSynth-Studio")
def bell(logsnr: Array) -> Array:
    """ω(λ) = flow × (e^{−2(t − ½)²} − e^{−½}), divided by its mean over t: the middle of the path only.

    "Bell-shaped mean-normalised timestep weighting" (bsmntw) of DiffSynth-Studio and ai-toolkit, read in both
    """
    t, rest = _times(logsnr)
    # e^{−½} (e^{2t(1 − t)} − 1), which keeps its digits at both ends.
    return target_factor("flow", logsnr) * np.exp(-0.5) * np.expm1(2.0 * t * rest) / _BELL_MEAN


@register("half_bell", paper="ai-toolkit")
def half_bell(logsnr: Array) -> Array:
    """ω(λ) = flow × the bell for t > ½, × its largest value before: the noisy end counts less, the clean end does not.

    ai-toolkit's code (linear_timesteps_weights2, read): `bell`'s table, whose timesteps fall, with its second half
    flattened; divided by the mean of the whole bell
    """
    t, rest = _times(logsnr)
    t, rest = np.maximum(t, 0.5), np.minimum(rest, 0.5)
    return target_factor("flow", logsnr) * np.exp(-0.5) * np.expm1(2.0 * t * rest) / _BELL_MEAN


@register("flow_sigma", paper="OneTrainer")
def flow_sigma(logsnr: Array) -> Array:
    """ω(λ) = flow × t: the velocity error weighted by the noise level.

    OneTrainer's LossWeight SIGMA
    """
    return target_factor("flow", logsnr) * _times(logsnr)[0]


@register("flow_linear", space={"shift": Float(0, 20)}, paper="NeMo Automodel")
def flow_linear(logsnr: Array, shift: float = 3.0) -> Array:
    """ω(λ) = flow × (1 + a t): the velocity error, more of it at the noisy end.

    shift: a, which is the shift of its flow times too; 0 is `flow`. NeMo Automodel's code (read)
    """
    return target_factor("flow", logsnr) * (1.0 + shift * _times(logsnr)[0])


@register("flow_cosine", paper="arXiv:2505.07447")
def flow_cosine(logsnr: Array) -> Array:
    """ω(λ) = flow × cos(1.57 t): the velocity error, less and less of it towards noise.

    1.57 is the code's π/2. UCGM, Sun et al. 2025, and its code (unigen.py, "Cosine", read)
    """
    return target_factor("flow", logsnr) * np.cos(1.57 * _times(logsnr)[0])


@register("jit", space={"floor": Float(0.001, 0.5, log=True)}, paper="arXiv:2511.13720")
def jit(logsnr: Array, floor: float = 0.05) -> Array:
    """ω(λ) = flow × (t/max(t, floor))²: the velocity error of a network that predicts x₀, its division by t floored.

    floor: smallest t divided by. JiT, Li & He 2025, and its code's t_eps (its time runs from noise to data)
    """
    t, _ = _times(logsnr)
    return target_factor("flow", logsnr) * (t / np.maximum(t, floor)) ** 2


def _times(logsnr: Array) -> tuple[Array, Array]:
    """t and 1 − t on the straight path."""
    return expit(-0.5 * logsnr), expit(0.5 * logsnr)
