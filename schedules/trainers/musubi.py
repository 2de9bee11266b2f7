"""kohya's musubi-tuner: HunyuanVideo, Wan, FramePack, FLUX.1 Kontext and FLUX.2, Qwen-Image, Krea 2, Ideogram 4, …

Read in kohya-ss/musubi-tuner, commit 30c658c (v0.3.4, 2026-06-24): src/musubi_tuner/training/trainer_base.py,
training/timesteps.py, training/parser_common.py, modules/scheduling_flow_match_discrete.py.

    --timestep_sampling
      uniform    t ~ U(0, 1)
      sigmoid    logit t = sigmoid_scale·n, n ~ N(0, 1)
      shift      the same, then t' = at/(1 + (a − 1)t), a = discrete_flow_shift
      flux_shift, flux2_shift, qwen_shift, krea2_shift   the same with a = e^μ, μ on a line in the number of tokens:
                 0.5 at 256 to 1.15 at 4096; the same; 0.5 at 256 to 0.9 at 8192; 0.5 at 256 to 1.15 at 6400
      ideogram4_shift   logit t ~ N(½ ln(pixels/512²), 1.5²), 256 pixels a token
      logsnr     λ ~ N(logit_mean, logit_std²): λ itself, in nats
      qinglong_flux     79 % flux_shift, 11 % logsnr, 10 % N(5.36, 1); qinglong_qwen: 95 % qwen_shift, 5 % N(5.36, 1)
      sigma      u from --weighting_scheme is an *index* into times that fall from 1: t = 1 − u, the mirror image of the
                 paper; discrete_flow_shift does *nothing* here, as the scheduler shifts only when it samples
    --min_timestep, --max_timestep   over 1000: t is squeezed into the window, or cut by it with
                 --preserve_distribution_shape. Under sigma the window is of the index, counted from noise
    --weighting_scheme sigma_sqrt, cosmap   weight the loss

Tokens are those of one frame: height/16 × width/16 (for flux2_shift the latents' own size), whatever the frames.
"""

from __future__ import annotations

import math

from schedules.errors import UserError
from schedules.spaces import text
from schedules.trainers.common import specs
from schedules.trainers.common.trainer import TOKENS, Draw, Flag, Preset, Settings, Span, Trainer, Way

LINES = {
    "flux_shift": specs.Line(),
    "flux2_shift": specs.Line(),
    "qwen_shift": specs.Line(last=0.9, end=8192),
    "krea2_shift": specs.Line(end=6400),
}
"""μ by the number of tokens."""
PLAIN = ("uniform", "sigmoid", "shift", *LINES, "ideogram4_shift", "logsnr", "qinglong_flux", "qinglong_qwen")
WEIGHTINGS = {"sigma_sqrt": "sigma_sqrt", "cosmap": "cosmap_weight"}


def draw(settings: Settings) -> Draw:
    """Flags → density."""
    way, scheme = str(settings["timestep_sampling"]), str(settings["weighting_scheme"])
    low, high = float(settings["min_timestep"]) / 1000, float(settings["max_timestep"]) / 1000
    if not low < high:
        raise UserError(f"musubi: min_timestep {1000 * low:g} is not below max_timestep {1000 * high:g}")
    weighting = WEIGHTINGS.get(scheme, "native")
    if way == "sigma":
        notes = ["drawn from a grid of 1000 times; discrete_flow_shift has no effect on it"]
        if scheme == "logit_normal":
            notes.append("an index into falling times: logit_mean > 0 moves mass towards clean data")
        return Draw(specs.window(_by_index(settings, scheme), 1.0 - high, 1.0 - low), weighting, tuple(notes))
    cut = specs.within if settings["preserve_distribution_shape"] else specs.window
    sized = way.endswith("_shift") or way.startswith("qinglong")
    notes = [f"at {text(settings['tokens'])} tokens"] if sized else []
    return Draw(cut(_by_time(settings, way), low, high), weighting, tuple(notes))


def _by_index(settings: Settings, scheme: str) -> str:
    if scheme == "logit_normal":
        return specs.logit_normal(-float(settings["logit_mean"]), float(settings["logit_std"]))
    return specs.call("mode", s=float(settings["mode_scale"])) if scheme == "mode" else "flow_uniform"


def _by_time(settings: Settings, way: str) -> str:
    tokens = float(settings["tokens"])
    bell = specs.logit_normal(0.0, float(settings["sigmoid_scale"]))
    logsnr = normal(float(settings["logit_mean"]), float(settings["logit_std"]))
    if way in LINES:
        return specs.by_mu(bell, LINES[way].mu(tokens))
    if way.startswith("qinglong"):
        middle = specs.by_mu(bell, LINES[f"{way.removeprefix('qinglong_')}_shift"].mu(tokens))
        clean = normal(5.36, 1.0)
        if way == "qinglong_flux":
            return f"mixture({middle}@0.79, {logsnr}@0.11, {clean}@0.1)"
        return f"mixture({middle}@0.95, {clean}@0.05)"
    return {
        "uniform": "flow_uniform",
        "sigmoid": bell,
        "shift": specs.shifted(bell, float(settings["discrete_flow_shift"])),
        "ideogram4_shift": specs.logit_normal(0.5 * math.log(tokens * 256 / 512**2), 1.5),
        "logsnr": logsnr,
    }[way]


def normal(mean: float, deviation: float) -> str:
    """λ ~ N(mean, deviation²)."""
    return specs.logit_normal(-0.5 * mean, 0.5 * deviation)


_SCALE, _TOKENS = Span(0.01, 50, log=True), ("tokens",)

TRAINER = Trainer(
    name="musubi",
    title="musubi-tuner",
    source="kohya-ss/musubi-tuner src/musubi_tuner/training/trainer_base.py, training/timesteps.py, "
    "training/parser_common.py, modules/scheduling_flow_match_discrete.py @ 30c658c",
    flags={
        "timestep_sampling": Flag("sigma", choices=("sigma", *PLAIN)),
        "weighting_scheme": Flag("none", choices=("logit_normal", "mode", "cosmap", "sigma_sqrt", "none")),
        "sigmoid_scale": Flag(1.0, low=math.ulp(0.0)),
        "discrete_flow_shift": Flag(1.0, low=1e-3, high=1e3),
        "logit_mean": Flag(0.0),
        "logit_std": Flag(1.0, low=math.ulp(0.0)),
        "mode_scale": Flag(1.29),
        "min_timestep": Flag(0.0, low=0, high=1000),
        "max_timestep": Flag(1000.0, low=0, high=1000),
        "preserve_distribution_shape": Flag(False),
        "tokens": Flag(float(TOKENS), low=1, high=1e7, written=False),
    },
    draw=draw,
    ways=(
        Way({"timestep_sampling": "uniform"}),
        Way({"timestep_sampling": "sigmoid"}, {"sigmoid_scale": _SCALE}),
        *(Way({"timestep_sampling": name}, {"sigmoid_scale": _SCALE}, needs=_TOKENS) for name in LINES),
        Way({"timestep_sampling": "ideogram4_shift"}, needs=_TOKENS),
        Way(
            {"timestep_sampling": "shift"},
            {"sigmoid_scale": _SCALE, "discrete_flow_shift": Span(0.01, 100, log=True)},
        ),
        Way({"timestep_sampling": "logsnr"}, {"logit_mean": Span(-20, 20), "logit_std": Span(0.02, 100, log=True)}),
        Way({"timestep_sampling": "sigma", "weighting_scheme": "mode"}, {"mode_scale": Span(-1, 1.7)}),
    ),
    presets={
        "preset/flux-1024": Preset("--timestep_sampling flux_shift", tokens=4096),
        "preset/qwen-image": Preset("--timestep_sampling qwen_shift", tokens=4096),
        "preset/ideogram4-1024": Preset("--timestep_sampling ideogram4_shift", tokens=4096),
        "preset/wan-480p": Preset("--timestep_sampling shift --discrete_flow_shift 2"),
    },
)
