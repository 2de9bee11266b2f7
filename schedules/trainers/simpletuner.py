"""SimpleTuner's flow-matching models.

Read in bghira/SimpleTuner, commit bc8e6ab (2026-08-22): simpletuner/helpers/models/common.py (sample_flow_sigmas),
helpers/training/custom_schedule.py (apply_flow_schedule_shift), helpers/training/timestep_distribution.py,
simpletuner_sdk/server/services/field_registry/sections/advanced.py (defaults).

    without a schedule's flag          logit t = flow_sigmoid_scale·n, n ~ N(0, 1)
    --flow_use_uniform_schedule        t ~ U(0, 1); it goes before the next one
    --flow_use_beta_schedule           t ~ Beta(flow_beta_schedule_alpha, flow_beta_schedule_beta)
    then                               t' = at/(1 + (a − 1)t), a = flow_schedule_shift if that is above 0 (it is 3 where
                                       it is left out); only at 0 does --flow_schedule_auto_shift put a = e^μ, μ on the
                                       line from 0.5 at 256 to 1.15 at 4096 tokens, frames counted in

--flow_cubic_schedule_weights of two or more knots, --mixflow_enabled, --flux_fast_schedule and --flow_custom_timesteps
draw what no registered schedule says; single models (Chroma, Cosmos 3, Ideogram, …) may draw by code of their own.
"""

from __future__ import annotations

import math

from schedules.errors import UserError
from schedules.spaces import text
from schedules.trainers.common import specs
from schedules.trainers.common.trainer import TOKENS, Draw, Flag, Preset, Settings, Span, Trainer, Way

POINTS = ("flux_fast_schedule", "flow_custom_timesteps")


def draw(settings: Settings) -> Draw:
    """Flags → density. UserError: what has none that is registered."""
    if settings["mixflow_enabled"]:
        raise UserError("simpletuner: mixflow_enabled draws a noise level beside its time; no registered density does")
    if settings["flow_custom_timesteps"] or (settings["flux_fast_schedule"] and not _has_schedule(settings)):
        name = next(name for name in POINTS if settings[name])
        raise UserError(f"simpletuner: {name} draws single time steps; point masses have no density")
    shift, notes = _shift(settings)
    return Draw(specs.shifted(_base(settings), shift), "native", notes)


def _has_schedule(settings: Settings) -> bool:
    names = ("flow_use_uniform_schedule", "flow_use_beta_schedule", "flow_cubic_schedule_weights")
    return any(settings[name] for name in names)


def _base(settings: Settings) -> str:
    """The distribution before the shift."""
    knots = [
        knot for knot in str(settings["flow_cubic_schedule_weights"]).strip("[] ").replace(";", ",").split(",") if knot
    ]
    if len(knots) > 1:
        raise UserError("simpletuner: flow_cubic_schedule_weights of two or more knots is no registered schedule")
    if knots or settings["flow_use_uniform_schedule"]:
        return "flow_uniform"
    if settings["flow_use_beta_schedule"]:
        return specs.beta(float(settings["flow_beta_schedule_alpha"]), float(settings["flow_beta_schedule_beta"]))
    return specs.logit_normal(0.0, float(settings["flow_sigmoid_scale"]))


def _shift(settings: Settings) -> tuple[float, tuple[str, ...]]:
    """a, and what it depends on."""
    shift = float(settings["flow_schedule_shift"])
    if shift > 0:
        unused = "flow_schedule_auto_shift has no effect unless flow_schedule_shift is 0"
        return shift, (unused,) if settings["flow_schedule_auto_shift"] else ()
    if not settings["flow_schedule_auto_shift"]:
        return 1.0, ()
    mu = specs.Line().mu(float(settings["tokens"]))
    return math.exp(mu), (f"at {text(settings['tokens'])} tokens",)


_SHIFT, _SCALE = Span(0.01, 100, log=True), Span(0.01, 50, log=True)
_PARAMETER = Span(0.2, 20, log=True)

TRAINER = Trainer(
    name="simpletuner",
    title="SimpleTuner",
    source="bghira/SimpleTuner simpletuner/helpers/models/common.py, helpers/training/custom_schedule.py, "
    "helpers/training/timestep_distribution.py @ bc8e6ab",
    flags={
        "flow_use_uniform_schedule": Flag(False),
        "flow_use_beta_schedule": Flag(False),
        "flow_beta_schedule_alpha": Flag(2.0, low=math.ulp(0.0)),
        "flow_beta_schedule_beta": Flag(2.0, low=math.ulp(0.0)),
        "flow_sigmoid_scale": Flag(1.0, low=math.ulp(0.0)),
        "flow_schedule_shift": Flag(3.0, low=0, high=1e3),
        "flow_schedule_auto_shift": Flag(False),
        "flow_cubic_schedule_weights": Flag(""),
        "flow_custom_timesteps": Flag(""),
        "flux_fast_schedule": Flag(False),
        "mixflow_enabled": Flag(False),
        "tokens": Flag(float(TOKENS), low=1, high=1e7, written=False),
    },
    draw=draw,
    ways=(
        Way({"flow_use_uniform_schedule": True}, {"flow_schedule_shift": _SHIFT}),
        Way(
            {"flow_schedule_shift": 0.0, "flow_schedule_auto_shift": True},
            {"flow_sigmoid_scale": _SCALE},
            needs=("tokens",),
        ),
        Way({}, {"flow_sigmoid_scale": _SCALE, "flow_schedule_shift": _SHIFT}),
        Way(
            {"flow_use_beta_schedule": True, "flow_schedule_shift": 1.0},
            {"flow_beta_schedule_alpha": _PARAMETER, "flow_beta_schedule_beta": _PARAMETER},
        ),
        Way(
            {"flow_use_beta_schedule": True},
            {
                "flow_beta_schedule_alpha": _PARAMETER,
                "flow_beta_schedule_beta": _PARAMETER,
                "flow_schedule_shift": _SHIFT,
            },
        ),
    ),
    presets={
        "preset/flux-1024": Preset("--flow_schedule_shift 0 --flow_schedule_auto_shift", tokens=4096),
        "preset/sd3": Preset("--flow_schedule_shift 3"),
    },
)
