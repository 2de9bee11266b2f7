"""diffusers' flow-matching training scripts: SD3, FLUX.1, FLUX.2, Qwen-Image, Krea 2, Z-Image, Sana, HiDream, Lumina 2.

Read in huggingface/diffusers, commit 58eb52c (2026-08-23): src/diffusers/training_utils.py
(compute_density_for_timestep_sampling, compute_loss_weighting_for_sd3), examples/dreambooth/train_dreambooth_sd3.py and
the scripts beside it, schedulers/scheduling_flow_match_euler_discrete.py.

u is drawn from --weighting_scheme, and used as an *index* into the scheduler's 1000 time steps. These fall from noise
to clean and carry the scheduler's shift a already, so t = shift(1 − u, a): what is called logit_mean moves mass towards
clean data, against the paper's sign.

    logit_normal      logit u ~ N(logit_mean, logit_std²)          λ ~ N(2 logit_mean − 2 ln a, (2 logit_std)²)
    mode              u = 1 − v − mode_scale·(cos²(πv/2) − 1 + v)   its own mirror image
    sigma_sqrt, cosmap, none   u ~ U(0, 1); the first two weight the loss

a is no flag: it is `shift` of the model's scheduler/scheduler_config.json (3 for SD3), and 1 where that has
use_dynamic_shifting (FLUX.1), because training scripts don't call what would shift then. CogView4's and Ideogram 4's
scripts draw otherwise and are not covered.
"""

from __future__ import annotations

import math

from schedules.trainers.common import specs
from schedules.trainers.common.trainer import Draw, Flag, Preset, Settings, Span, Trainer, Way

SCHEMES = ("sigma_sqrt", "logit_normal", "mode", "cosmap", "none")
WEIGHTINGS = {"sigma_sqrt": "sigma_sqrt", "cosmap": "cosmap_weight"}
GRID = "drawn from a grid of 1000 times, pure noise among them"


def draw(settings: Settings) -> Draw:
    """Flags → density."""
    shift = float(settings["shift"])
    note = f"the scheduler's \"shift\" is taken to be {shift:g}: see the model's scheduler/scheduler_config.json"
    scheme = str(settings["weighting_scheme"])
    return Draw(mirrored(settings, scheme, shift), WEIGHTINGS.get(scheme, "native"), (GRID, note))


def mirrored(settings: Settings, scheme: str, shift: float) -> str:
    """The density of t = shift(1 − u)."""
    if scheme == "logit_normal":
        return specs.shifted(specs.logit_normal(-float(settings["logit_mean"]), float(settings["logit_std"])), shift)
    if scheme == "mode":
        return specs.shifted(specs.call("mode", s=float(settings["mode_scale"])), shift)
    return specs.shifted("flow_uniform", shift)


_SHIFT = {"shift": Span(0.01, 100, log=True)}

TRAINER = Trainer(
    name="diffusers-flags",
    title="diffusers' training scripts",
    source="huggingface/diffusers src/diffusers/training_utils.py, examples/dreambooth/train_dreambooth_sd3.py, "
    "src/diffusers/schedulers/scheduling_flow_match_euler_discrete.py @ 58eb52c",
    flags={
        "weighting_scheme": Flag("none", choices=SCHEMES),
        "logit_mean": Flag(0.0),
        "logit_std": Flag(1.0, low=math.ulp(0.0)),
        "mode_scale": Flag(1.29),
        "shift": Flag(1.0, low=1e-3, high=1e3, written=False),
    },
    draw=draw,
    ways=(
        Way({"weighting_scheme": "none"}),
        Way(
            {"weighting_scheme": "logit_normal"},
            {"logit_mean": Span(-10, 10), "logit_std": Span(0.01, 50, log=True)},
        ),
        Way({"weighting_scheme": "mode"}, {"mode_scale": Span(-1, 1.7)}),
        Way({"weighting_scheme": "none"}, _SHIFT),
        Way({"weighting_scheme": "mode"}, {"mode_scale": Span(-1, 1.7), **_SHIFT}),
    ),
    presets={"preset/sd3": Preset("--weighting_scheme logit_normal shift=3")},
)
