"""Time drawn unevenly on another schedule's λ(t): t = 0 is clean, t = 1 is noise."""

from __future__ import annotations

from itertools import pairwise

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
    "speed",
    space={"tau": Int(100, 900), "k": Float(1, 20, log=True), "base": Choice(_BASES), "mirror": Float(0, 0.9)},
    paper="arXiv:2405.17403",
)
def speed(tau: int = 700, k: float = 5.0, base: str = "ddpm_linear", mirror: float = 0.0) -> Density:
    """Time steps up to τ of 1000 drawn k times as often as those after it, a share of them mirrored at τ: |τ − t|.

    tau:    step after which λ(t) hardly changes
    k:      ratio of the two densities
    base:   a schedule with its default parameters
    mirror: share of the draws that are mirrored; the default leaves them out, as published results here do. The code
            mirrors half: `preset/speed`
    Wang et al. 2024 (SpeeD). Its code (NUS-HPC-AI-Lab/SpeeD, read) weights steps by tanh(±∞) + 1.5, that is 2.5 against
    0.5, so k = 5 (base and MetFaces; 2 for FFHQ), changes at the first step where √(1 − ᾱ) grows by less than 1e-4, 641
    for ddpm_linear, and mirrors the second half of each batch at the step after it, 642. The paper's τ, 700, is where
    it grows by less than 5e-5. Identity: `bias_range:start=0,share=τ/1000,m=k` where mirror = 0
    """
    cut = tau / 1000
    early, late = k / (k * cut + 1.0 - cut), 1.0 / (k * cut + 1.0 - cut)
    if mirror == 0.0:
        return Stepped(create(base).density, [0.0, cut, 1.0], [early, late])
    edges = sorted({0.0, cut, 1.0 - cut, 1.0})
    levels = []
    for middle in (0.5 * (low + high) for low, high in pairwise(edges)):
        folded = early * (middle < cut) + late * (middle < 1.0 - cut)
        levels.append((1.0 - mirror) * (early if middle < cut else late) + mirror * folded)
    return Stepped(create(base).density, edges, levels)


@register(
    "bias_range",
    space={
        "start": Float(0, 0.9),
        "share": Float(0.02, 1),
        "m": Float(0.1, 20, log=True),
        "base": Choice(_BASES),
    },
    paper="diffusers",
)
def bias_range(start: float = 0.75, share: float = 1.0, m: float = 2.0, base: str = "scaled_linear") -> Density:
    """A range of times drawn m times as often as the others: the first `share` of what lies after `start`.

    start, share: the range is [start, start + share·(1 − start)] of the base's time: 0.75 and 1 are "later", 0 and 0.25
                  "earlier", with timestep_bias_portion 0.25, others "range"
    m:            timestep_bias_multiplier; 1 is the base, which is its default; 2 is a house choice
    base:         a schedule with its default parameters
    diffusers' train_text_to_image_sdxl, generate_timestep_weights (read), and SimpleTuner's
    """
    end = start + share * (1.0 - start) if share < 1.0 else 1.0
    edges = sorted({0.0, start, end, 1.0})
    levels = [m if start < 0.5 * (low + high) < end else 1.0 for low, high in pairwise(edges)]
    return Stepped(create(base).density, edges, levels)
