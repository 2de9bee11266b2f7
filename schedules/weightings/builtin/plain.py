"""Plain mean squared error in the space of a prediction target, the network's own or another one's."""

from __future__ import annotations

from schedules.densities.density import Array
from schedules.weightings import register, target_factor


@register("native")
def native(logsnr: Array, target: str) -> Array:
    """ω(λ) = c_target(λ): plain MSE of whatever the network predicts."""
    return target_factor(target, logsnr)


@register("eps", paper="arXiv:2006.11239")
def eps(logsnr: Array) -> Array:
    """ω(λ) = 1: plain MSE of ε, whatever the network predicts.

    Ho et al. 2020, L_simple
    """
    return target_factor("eps", logsnr)


@register("x0", paper="arXiv:2202.00512")
def x0(logsnr: Array) -> Array:
    """ω(λ) = e^{−λ}: plain MSE of x₀, whatever the network predicts. Unbounded at the noisy end."""
    return target_factor("x0", logsnr)


@register("v", paper="arXiv:2202.00512")
def v(logsnr: Array) -> Array:
    """ω(λ) = 1 + e^{−λ}: plain MSE of v = α ε − σ x₀, whatever the network predicts.

    Salimans & Ho 2022, "SNR + 1 weighting" of the x₀-error
    """
    return target_factor("v", logsnr)


@register("flow", paper="arXiv:2210.02747")
def flow(logsnr: Array) -> Array:
    """ω(λ) = (1 + e^{−λ/2})²: plain MSE of the straight path's velocity ε − x₀, whatever the network predicts."""
    return target_factor("flow", logsnr)


@register("edm", paper="arXiv:2206.00364")
def edm(logsnr: Array) -> Array:
    """ω(λ) = 1 + e^{−λ}: EDM's (σ² + σ_d²)/(σ σ_d)² on the x₀-error, for data of any standard deviation σ_d.

    On data scaled to unit variance it equals `v`. Karras et al. 2022, table 1
    """
    return target_factor("v", logsnr)
