"""ostris' ai-toolkit, as entries of `train:` in its configuration.

Read in ostris/ai-toolkit, commit 27a03a9 (0.12.26, 2026-08-21): toolkit/samplers/custom_flowmatch_sampler.py
(set_train_timesteps), jobs/process/BaseSDTrainProcess.py (prepare_timesteps_indices), toolkit/config_modules.py.

For every batch 1000 times that fall from noise to clean are laid out, and an *index* of them is drawn:

    timestep_type (noise_scheduler: flowmatch)
      sigmoid            1000 draws of a logistic normal, sorted: logit t ~ N(0, 1)
      linear, weighted   evenly spaced; weighted multiplies the loss by a table of its own, linear_timesteps by a bell
      shift, flux_shift, lumina2_shift   evenly spaced, then shifted by the model's scheduler: by a fixed a (mostly 3)
                         or e^μ with μ on the line from 0.5 at 256 to 1.15 at 4096 tokens. The three names are one
    content_or_style     of the share u³, u ~ U(0, 1): content counts from the noise end, style from the clean end;
                         balanced draws evenly
    min_denoising_steps, max_denoising_steps   first and last index, counted from noise: they cut shares of the density

The code's own default of noise_scheduler is ddpm (an index of scaled_linear); configurations of flow models say
flowmatch, which is what is read where nothing is said. lognorm_blend is scaled by the largest of each batch's draws,
and one_step to eight_step and next_sample are point masses: they have no density. With a fixed a the clean end of the
grid is shifted twice (the scheduler's sigma_min is shifted already), which moves 0.2 % of the mass at a = 3.
"""

from __future__ import annotations

from schedules.errors import UserError
from schedules.schedule import parse
from schedules.spaces import text
from schedules.trainers.common import specs
from schedules.trainers.common.text import yaml_lines
from schedules.trainers.common.trainer import TOKENS, Draw, Flag, Settings, Trainer, Way

SHIFTS = ("shift", "flux_shift", "lumina2_shift")
WITHOUT = {
    "lognorm_blend": "is scaled by the largest of each batch's own draws; it has no fixed density",
    **dict.fromkeys(
        ("one_step", "two_step", "four_step", "eight_step", "next_sample"),
        "draws single time steps; point masses have no density",
    ),
}
CUBIC = {"content": {"a": 1.0, "b": 1.0 / 3.0}, "style": {"a": 1.0 / 3.0, "b": 1.0}}
GRID = "drawn from a grid of 1000 times"


def draw(settings: Settings) -> Draw:
    """Entries → density. UserError: what has none."""
    base, notes = _base(settings)
    first, last = float(settings["min_denoising_steps"]), float(settings["max_denoising_steps"])
    if not first < last:
        raise UserError(f"ai-toolkit: min_denoising_steps {first:g} is not below max_denoising_steps {last:g}")
    # An index counts the share of the mass from the noise end, where λ is low.
    ends = {} if first == 0 else {"low": float(parse(base).ppf(first / 1000))}
    ends |= {} if last >= 999 else {"high": float(parse(base).ppf(last / 1000))}
    parts = [base, *([specs.call("truncate", **ends)] if ends else [])]
    if settings["content_or_style"] != "balanced":
        parts.append(specs.call("retime", **CUBIC[str(settings["content_or_style"])]))
    weighting = "bell" if settings["linear_timesteps"] else "native"
    return Draw("|".join(parts), weighting, (GRID, *notes))


def _base(settings: Settings) -> tuple[str, tuple[str, ...]]:
    """The density of the 1000 times, and what should be known of it."""
    if settings["noise_scheduler"] == "ddpm":
        return "scaled_linear", ("timestep_type has no effect under noise_scheduler ddpm",)
    kind = str(settings["timestep_type"])
    if settings["linear_timesteps"] or settings["linear_timesteps2"]:
        kind = "linear"
    if kind in WITHOUT:
        raise UserError(f"ai-toolkit: timestep_type={kind} {WITHOUT[kind]}")
    if kind in SHIFTS:
        if "shift" in settings:
            shift = float(settings["shift"])
            return specs.shifted("flow_uniform", shift), (f"the model's scheduler is taken to have shift {shift:g}",)
        mu = specs.Line().mu(float(settings["tokens"]))
        note = f"at {text(settings['tokens'])} tokens, for a model with use_dynamic_shifting; else say shift=…"
        return specs.by_mu("flow_uniform", mu), (note,)
    notes = []
    if kind == "weighted":
        notes.append("the loss is weighted by a table of the trainer's own, which is not registered")
    if settings["linear_timesteps2"]:
        notes.append("the loss is weighted by half a bell, which is not registered")
    return ("logit_normal" if kind == "sigmoid" else "flow_uniform"), tuple(notes)


_TYPES = ("sigmoid", "linear", "weighted", *SHIFTS, *WITHOUT)
_WHERE = ("balanced", "content", "style")
_FLOW = {"noise_scheduler": "flowmatch"}


def _ways(kind: str, needs: tuple[str, ...] = ()) -> list[Way]:
    return [Way({**_FLOW, "timestep_type": kind, "content_or_style": which}, needs=needs) for which in _WHERE]


TRAINER = Trainer(
    name="ai-toolkit",
    title="ai-toolkit",
    source="ostris/ai-toolkit toolkit/samplers/custom_flowmatch_sampler.py, jobs/process/BaseSDTrainProcess.py, "
    "toolkit/config_modules.py @ 27a03a9",
    flags={
        "noise_scheduler": Flag("flowmatch", choices=("flowmatch", "ddpm")),
        "timestep_type": Flag("sigmoid", choices=_TYPES),
        "content_or_style": Flag("balanced", choices=_WHERE),
        "linear_timesteps": Flag(False),
        "linear_timesteps2": Flag(False),
        "min_denoising_steps": Flag(0.0, low=0, high=999),
        "max_denoising_steps": Flag(999.0, low=0, high=1000),
        "shift": Flag(None, low=1e-3, high=1e3, written=False),
        "tokens": Flag(float(TOKENS), low=1, high=1e7, written=False),
    },
    draw=draw,
    ways=(
        *_ways("sigmoid"),
        *_ways("linear"),
        *_ways("shift", needs=("shift",)),
        *_ways("flux_shift", needs=("tokens",)),
        *(Way({"noise_scheduler": "ddpm", "content_or_style": which}, kind="noise_scheduler") for which in _WHERE),
    ),
    write=yaml_lines,
)
