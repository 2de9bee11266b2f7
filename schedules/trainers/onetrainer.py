"""OneTrainer: seven distributions of the time step, a window and a shift, as entries of its configuration.

Read in Nerogar/OneTrainer, commit 23df383 (2026-08-19): modules/modelSetup/mixin/ModelSetupNoiseMixin.py
(_get_timestep_discrete), ModelSetupFlowMatchingMixin.py, modules/util/config/TrainConfig.py, the models'
calculate_timestep_shift.

w is noising_weight, c = noising_bias + ½, a = timestep_shift. Of flow models t = (⌊1000 t⌋ + 1)/1000:

    UNIFORM, LOGIT_NORMAL (logit u ~ N(noising_bias, (w + 1)²)), HEAVY_TAIL (SD3's mode, s = w), BETA (u ~ Beta(w,
    noising_bias))     first the window [min_noising_strength, max_noising_strength], then the shift
    COS_MAP (f ∝ 1/(1 − 2u + 2u²)), INVERTED_PARABOLA (f ∝ max(0, 2 − w(u − c)²)), SIGMOID (f ∝ S(w(u − c)))
                       first the shift, then the window. SIGMOID takes the shift back twice, so that with a ≠ 1 it is no
                       shifted ramp and has no registered name

dynamic_timestep_shifting puts a = e^μ, μ linear in the number of tokens by the model's scheduler, in place of a. Of
Stable Diffusion up to XL the time step is an *index* of scaled_linear.
"""

from __future__ import annotations

import math

from schedules.errors import UserError
from schedules.schedule import create
from schedules.spaces import text
from schedules.trainers.common import specs
from schedules.trainers.common.text import json_object
from schedules.trainers.common.trainer import TOKENS, Draw, Flag, Settings, Span, Trainer, Way

DISTRIBUTIONS = ("UNIFORM", "SIGMOID", "LOGIT_NORMAL", "HEAVY_TAIL", "COS_MAP", "INVERTED_PARABOLA", "BETA")
SHIFT_LAST = ("UNIFORM", "LOGIT_NORMAL", "HEAVY_TAIL", "BETA")
LINES = {
    "FLUX_DEV": specs.Line(),
    "FLUX_FILL": specs.Line(),
    "Z_IMAGE": specs.Line(),
    "QWEN": specs.Line(last=0.9, end=8192),
    "KREA_2": specs.Line(end=6400),
}
"""Start of a model type → μ by the number of tokens."""
INDEXED = ("STABLE_DIFFUSION_15", "STABLE_DIFFUSION_2", "STABLE_DIFFUSION_XL")
UNREAD = ("WUERSTCHEN", "STABLE_CASCADE", "PIXART")
FLOW_GRID = "drawn from a grid of 1000 times"


def draw(settings: Settings) -> Draw:
    """Entries → density. UserError: what has no registered density."""
    model, name = str(settings["model_type"]), str(settings["timestep_distribution"])
    low, high = float(settings["min_noising_strength"]), float(settings["max_noising_strength"])
    if not low < high:
        raise UserError(f"onetrainer: min_noising_strength {low:g} is not below max_noising_strength {high:g}")
    if model.startswith(UNREAD):
        raise UserError(f"onetrainer: model_type={model}: the time steps of this model are not known here")
    if model.startswith(INDEXED):
        return _by_index(settings, name, low, high)
    shift, notes = _shift(settings, model)
    spec = _base(name, float(settings["noising_weight"]), float(settings["noising_bias"]), shift)
    if name in SHIFT_LAST:
        spec = specs.shifted(specs.window(spec, low, high), shift)
    else:
        spec = specs.window(specs.shifted(spec, shift), low, high)
    return Draw(spec, "native", (FLOW_GRID, *notes))


def _base(name: str, weight: float, bias: float, shift: float) -> str:
    """The distribution before window and shift."""
    if name == "LOGIT_NORMAL":
        if weight <= -1:
            raise UserError(f"onetrainer: noising_weight={weight:g}: LOGIT_NORMAL needs a number above -1")
        return specs.logit_normal(bias, weight + 1.0)
    if name == "HEAVY_TAIL":
        return specs.call("mode", s=weight)
    if name == "BETA":
        return specs.beta(max(1e-4, weight), max(1e-4, bias))
    if name == "INVERTED_PARABOLA":
        return specs.call("parabola", w=weight, c=bias + 0.5)
    if name == "SIGMOID" and weight != 0:
        if shift != 1:
            raise UserError(
                f"onetrainer: SIGMOID with timestep_shift={shift:g} has no registered density: its code takes the "
                "shift back twice"
            )
        return specs.call("sigmoid_ramp", w=weight, c=bias + 0.5)
    return "cosmap" if name == "COS_MAP" else "flow_uniform"


def _shift(settings: Settings, model: str) -> tuple[float, tuple[str, ...]]:
    """a, and what it depends on."""
    if not settings["dynamic_timestep_shifting"]:
        return float(settings["timestep_shift"]), ()
    line = next((line for start, line in LINES.items() if model.startswith(start)), None)
    tokens = float(settings["tokens"])
    if model.startswith("IDEOGRAM"):
        mu = 0.5 * math.log(tokens * 256 / 512**2)
    elif line is not None:
        mu = line.mu(tokens)
    else:
        readable = ", ".join([*LINES, "IDEOGRAM"])
        raise UserError(
            f"onetrainer: dynamic_timestep_shifting needs a model_type whose scheduler is known here ({readable} …); "
            f"got {model or 'none'}; a timestep_shift of your own says the same"
        )
    return math.exp(mu), (f"at {text(tokens)} tokens",)


def _by_index(settings: Settings, name: str, low: float, high: float) -> Draw:
    """Stable Diffusion up to XL: t is an index of the table, so a window of t cuts λ."""
    base = create("scaled_linear")
    if name not in ("UNIFORM", "BETA") or settings["timestep_shift"] != 1:
        raise UserError(
            f"onetrainer: {name} with timestep_shift={text(settings['timestep_shift'])} as an index of scaled_linear "
            "has no registered density; UNIFORM and BETA without a shift have one"
        )
    ends = {} if high == 1 else {"low": float(base.logsnr(high))}
    ends |= {} if low == 0 else {"high": float(base.logsnr(low))}
    parts = ["scaled_linear", *([specs.call("truncate", **ends)] if ends else [])]
    if name == "BETA":
        a, b = max(1e-4, float(settings["noising_weight"])), max(1e-4, float(settings["noising_bias"]))
        parts.append(specs.call("retime", a=a, b=b))
    return Draw("|".join(parts), "native", ("drawn from a table of 1000 steps",))


_A = {"timestep_shift": Span(0.01, 100, log=True)}
_XL = "STABLE_DIFFUSION_XL_10_BASE"


def _way(name: str, free: dict[str, Span], **fixed: float) -> Way:
    return Way({"timestep_distribution": name, **fixed}, free)


TRAINER = Trainer(
    name="onetrainer",
    title="OneTrainer",
    source="Nerogar/OneTrainer modules/modelSetup/mixin/ModelSetupNoiseMixin.py, ModelSetupFlowMatchingMixin.py, "
    "modules/util/config/TrainConfig.py @ 23df383",
    flags={
        "model_type": Flag(""),
        "timestep_distribution": Flag("UNIFORM", choices=DISTRIBUTIONS),
        "noising_weight": Flag(0.0),
        "noising_bias": Flag(0.0),
        "timestep_shift": Flag(1.0, low=1e-3, high=1e3),
        "dynamic_timestep_shifting": Flag(False),
        "min_noising_strength": Flag(0.0, low=0, high=1),
        "max_noising_strength": Flag(1.0, low=0, high=1),
        "tokens": Flag(float(TOKENS), low=1, high=1e7, written=False),
    },
    draw=draw,
    ways=(
        _way("UNIFORM", _A),
        _way("COS_MAP", _A),
        _way("LOGIT_NORMAL", {"noising_weight": Span(-0.99, 20), "noising_bias": Span(-10, 10)}, timestep_shift=1.0),
        _way("HEAVY_TAIL", {"noising_weight": Span(-1, 1.7), **_A}),
        _way(
            "BETA",
            {"noising_weight": Span(0.2, 20, log=True), "noising_bias": Span(0.2, 20, log=True)},
            timestep_shift=1.0,
        ),
        _way(
            "SIGMOID", {"noising_weight": Span(0.1, 20, log=True), "noising_bias": Span(-0.5, 0.5)}, timestep_shift=1.0
        ),
        _way("INVERTED_PARABOLA", {"noising_weight": Span(0, 20), "noising_bias": Span(-0.3, 0.3)}, timestep_shift=1.0),
        _way("BETA", {"noising_weight": Span(0.2, 20, log=True), "noising_bias": Span(0.2, 20, log=True), **_A}),
        _way("INVERTED_PARABOLA", {"noising_weight": Span(0, 20), "noising_bias": Span(-0.3, 0.3), **_A}),
        Way({"timestep_distribution": "UNIFORM", "timestep_shift": 1.0, "model_type": _XL}, kind="model_type"),
        Way(
            {"timestep_distribution": "BETA", "timestep_shift": 1.0, "model_type": _XL},
            {"noising_weight": Span(0.2, 20, log=True), "noising_bias": Span(0.2, 20, log=True)},
            kind="model_type",
        ),
    ),
    write=json_object,
)
