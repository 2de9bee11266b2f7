"""Discrete β tables of DDPM and its followers, as densities exact at their own timesteps."""

from __future__ import annotations

import math

import numpy as np

from schedules import Density, from_alphas_cumprod, from_betas, register
from schedules.densities.density import Array
from schedules.spaces import Choice, Float, Int

# T is how finely a table is written, and sets with its β what ᾱ falls to: T steps of β are 2T of β/2, to first order.
_STEPS = {"T": Int(100, 4000)}
_BETAS = {"beta_start": Float(1e-5, 2e-3, log=True), "beta_end": Float(5e-3, 0.05, log=True)}


@register("ddpm_linear", space=_BETAS, given=_STEPS, paper="arXiv:2006.11239")
def ddpm_linear(beta_start: float = 1e-4, beta_end: float = 0.02, T: int = 1000) -> Density:
    """β linear from β_start to β_end in T steps, ᾱ_i = Π(1 − β_s), λ(i/T) = ln(ᾱ_i/(1 − ᾱ_i)).

    Ho et al. 2020. diffusers' `linear`
    """
    return from_betas(np.linspace(beta_start, beta_end, T))


@register("scaled_linear", space=_BETAS, given=_STEPS, paper="arXiv:2112.10752")
def scaled_linear(beta_start: float = 8.5e-4, beta_end: float = 0.012, T: int = 1000) -> Density:
    """β = (linear from √β_start to √β_end)².

    The defaults are Stable Diffusion's; LDM's own configurations have 0.0015 and 0.0195 (linear_start and linear_end
    of its celebahq and ffhq files, read). diffusers' `scaled_linear`
    """
    return from_betas(np.linspace(math.sqrt(beta_start), math.sqrt(beta_end), T) ** 2)


@register(
    "iddpm_cosine",
    space={"s": Float(1e-4, 0.05, log=True)},
    given={**_STEPS, "max_beta": Float(0.9, 0.9999)},  # both reach the last steps alone
    paper="arXiv:2102.09672",
)
def iddpm_cosine(s: float = 0.008, T: int = 1000, max_beta: float = 0.999) -> Density:
    """ᾱ(t) = cos²(½π(t + s)/(1 + s)) / cos²(½πs/(1 + s)), its β clipped at max_beta.

    s:        offset that keeps the first β from vanishing; 0 without clipping is `cosine`
    max_beta: largest β; only the last steps meet it
    Nichol & Dhariwal 2021, eq. 17. diffusers' `squaredcos_cap_v2`
    """
    angle = 0.5 * math.pi * (np.arange(T + 1) / T + s) / (1.0 + s)
    return from_betas(np.minimum(1.0 - (np.cos(angle[1:]) / np.cos(angle[:-1])) ** 2, max_beta))


@register("geodiff_sigmoid", space=_BETAS, given=_STEPS, paper="diffusers")
def geodiff_sigmoid(beta_start: float = 1e-4, beta_end: float = 0.02, T: int = 1000) -> Density:
    """β = S(linear from −6 to 6)·(β_end − β_start) + β_start, S the logistic function.

    GeoDiff (arXiv:2203.02923); diffusers' `sigmoid`, which is not the γ-schedule `sigmoid`
    """
    return from_betas(_logistic(np.linspace(-6.0, 6.0, T)) * (beta_end - beta_start) + beta_start)


_BASES = {
    "ddpm_linear": lambda: np.cumprod(1.0 - np.linspace(1e-4, 0.02, 1000)),
    "scaled_linear": lambda: np.cumprod(1.0 - np.linspace(math.sqrt(8.5e-4), math.sqrt(0.012), 1000) ** 2),
}


@register(
    "zero_terminal_snr",
    space={"base": Choice(tuple(_BASES)), "snr_shift": Float(0.1, 10, log=True)},
    paper="arXiv:2305.08891",
)
def zero_terminal_snr(base: str = "scaled_linear", snr_shift: float = 1.0) -> Density:
    """√ᾱ of a table, shifted so that its last entry is 0 and scaled so that its first one stays.

    base:      table of 1000 steps with its own defaults
    snr_shift: divides the SNR of the table beforehand (λ − ln s): CogVideoX has 3
    Lin et al. 2023, algorithm 1; diffusers' `rescale_betas_zero_snr` and `snr_shift_scale`
    """
    signal = _BASES[base]()
    root = np.sqrt(signal / (snr_shift + (1.0 - snr_shift) * signal))
    return from_alphas_cumprod(((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2)


@register("diffusers_laplace", paper="diffusers")
def diffusers_laplace() -> Density:
    """What diffusers ships as `laplace`: ᾱ = √(SNR/(1 + SNR)), a square root too many.

    Its λ has median +0.883 and 1 % and 99 % at −0.61 and +2.69, instead of 0 and ∓1.96 of `laplace`, whose table it
    means to be. diffusers 0.42.1, betas_for_alpha_bar (t from 0 to 1 in 1000 steps, β clipped at 0.999)
    """

    t = np.arange(1001) / 1000
    log_snr = -0.5 * np.copysign(1.0, 0.5 - t) * np.log(1.0 - 2.0 * np.abs(0.5 - t) + 1e-6)
    signal = np.sqrt(_logistic(log_snr))
    return from_betas(np.minimum(1.0 - signal[1:] / signal[:-1], 0.999))


def _logistic(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))
