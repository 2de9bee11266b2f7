"""Changes of the flow time t of the straight path, as trainers make them after the resolution shift."""

from __future__ import annotations

from schedules.densities.density import Density
from schedules.densities.flow_map import FlowMap, FlowMapped
from schedules.spaces import Float, Int
from schedules.transforms import register


@register("terminal", space={"tau": Float(0, 0.5)}, paper="DiffSynth-Studio")
def terminal(density: Density, tau: float = 0.0) -> Density:
    """t' = 1 − (1 − τ)(1 − t): the cleanest level that is trained is t = τ instead of 0.

    tau: τ; Qwen-Image has 0.02, LTX-2 0.1. DiffSynth-Studio's code (set_timesteps_qwen_image, set_timesteps_ltx2, read)
         divides by 1 − t of its last step, so that this one, not t = 0, lands on τ; with 1000 steps t is below 0.01
         there, and this is its limit for many
    """
    return FlowMapped(density, FlowMap(first=tau))


@register("sine", space={}, given={"n": Int(0, 3)}, paper="stable-audio-tools")
def sine(density: Density, n: int = 0) -> Density:
    """t' = sin(πt/2), n times: moves mass towards noise, and leaves λ at the clean end a shift by −2 ln(π/2).

    n: 1 is stable-audio-tools' DistributionShift with use_sine (read), after its shift; 0 changes nothing
    """
    return FlowMapped(density, FlowMap(sines=n))
