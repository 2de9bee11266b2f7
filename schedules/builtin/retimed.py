"""Time drawn unevenly on another schedule's λ(t): t = 0 is clean, t = 1 is noise."""

from __future__ import annotations

from schedules import Density, create, register
from schedules.densities.stepped import Stepped
from schedules.spaces import Choice, Float, Int
from schedules.transforms.builtin.retime import retime

_BASES = ("ddpm_linear", "scaled_linear", "iddpm_cosine", "cosine", "flow_uniform", "vp_sde")


@register(
    "beta_timestep",
    space={"a": Float(0.4, 4, log=True), "b": Float(0.4, 4, log=True), "base": Choice(_BASES)},
    paper="doi:10.1007/978-3-031-72646-0_7",
)
def beta_timestep(a: float = 0.8, b: float = 1.0, base: str = "ddpm_linear") -> Density:
    """t ~ Beta(a, b) on a base schedule's λ(t): p(λ) = p_base(λ) · beta(t(λ); a, b).

    a, b: B-TTDM has b = 1 and a < 1, more of the clean end
    base: a schedule with its default parameters; `base|retime:a=…,b=…` takes any
    Zheng et al. 2024 (ECCV). arXiv:2407.12173 is Beta spacing of *inference* steps
    """
    return retime(create(base).density, a, b)


@register("cubic", space={"side": Choice(("noise", "clean")), "base": Choice(_BASES)}, paper="arXiv:2302.08453")
def cubic(side: str = "noise", base: str = "ddpm_linear") -> Density:
    """t = 1 − u³ (noise) or u³ (clean), u ~ U(0, 1): Beta(1, ⅓) or Beta(⅓, 1) on a base schedule.

    side: which end gets more. T2I-Adapter, Mou et al. 2023, section 3.4 (noise); ai-toolkit's code has both
    base: a schedule with its default parameters
    """
    return (
        retime(create(base).density, 1.0, 1.0 / 3.0)
        if side == "noise"
        else retime(create(base).density, 1.0 / 3.0, 1.0)
    )


@register(
    "speed", space={"tau": Int(100, 900), "k": Float(1, 20, log=True), "base": Choice(_BASES)}, paper="arXiv:2405.17403"
)
def speed(tau: int = 700, k: float = 5.0, base: str = "ddpm_linear") -> Density:
    """Time steps up to τ of 1000 drawn k times as often as those after it.

    tau:  step after which λ(t) hardly changes
    k:    ratio of the two densities
    base: a schedule with its default parameters
    Wang et al. 2024 (SpeeD). Its code (read) weights steps by tanh(±∞) + 1.5, that is 2.5 against 0.5, so k = 5.
    Its τ is where √(1 − ᾱ) grows by less than 5e-5 a step, 700 for ddpm_linear; the weights themselves change at 1e-4,
    step 642, and half of each batch mirrors the other half at τ, which is left out here.
    """
    return Stepped(create(base).density, [0.0, tau / 1000, 1.0], [k, 1.0])
