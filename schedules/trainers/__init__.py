"""Other people's trainers: which flags draw a density, and which density flags draw.

Each trainer is one file of this folder with a `TRAINER`; a new one is found by being there.

    trainers.names()
    trainers.read("sd-scripts", "--timestep_sampling flux_shift --sigmoid_scale 1.2", tokens=4096).schedule
    trainers.express(schedule, "musubi").flags
    trainers.lines(schedule)                     every trainer that draws this very density
    trainers.in_units("logit_normal:m=0.4")      in those of EDM and diffusers, in one line

They were read in their public code: repository, files and commit stand in each file's docstring and `source`. λ is that
of data of unit variance, which latents are scaled to; where a trainer has a σ_d of its own, it is counted in.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable, Mapping

from schedules.errors import unknown
from schedules.schedule import Schedule, parse
from schedules.trainers.common import reading, search
from schedules.trainers.common.reading import Reading
from schedules.trainers.common.search import Expression
from schedules.trainers.common.trainer import Trainer

__all__ = [
    "Expression",
    "Reading",
    "Trainer",
    "express",
    "get",
    "in_units",
    "lines",
    "names",
    "own_lines",
    "read",
    "units_line",
]

UNITS = ("edm2", "diffusers-flags")
"""The trainers whose units most people know: P_mean and P_std, logit_mean and logit_std."""
UNITS_HOLD = "P_mean for data of σ_d 0.5"
NOT_IN_UNITS = f"neither {' nor '.join(UNITS)} draws exactly this"


def names() -> list[str]:
    """Every trainer, sorted.

    >>> from schedules import trainers
    >>> trainers.names()
    ['ai-toolkit', 'diffusers-flags', 'edm', 'edm2', 'musubi', 'onetrainer', 'sd-scripts', 'simpletuner']
    """
    return sorted(by_name())


def get(name: str) -> Trainer:
    """A trainer by name. UserError: unknown.

    >>> from schedules import trainers
    >>> trainers.get("musubi").title
    'musubi-tuner'
    """
    if name not in by_name():
        raise unknown("trainer", name, by_name())
    return by_name()[name]


def read(name: str, flags: str, *, tokens: int | None = None, sigma_data: float | None = None) -> Reading:
    """What a trainer draws with flags; see `schedules.trainers.common.reading.read`.

    >>> from schedules import trainers
    >>> trainers.read("sd-scripts", "--timestep_sampling sigmoid").schedule.spec
    'logit_normal'
    """
    return reading.read(get(name), flags, tokens=tokens, sigma_data=sigma_data)


def express(
    schedule: Schedule, name: str, *, pinned: str = "", tokens: int | None = None, sigma_data: float | None = None
) -> Expression:
    """Flags for a density, exact or the nearest; see `schedules.trainers.common.search.express`.

    >>> import schedules
    >>> from schedules import trainers
    >>> trainers.express(schedules.parse("logit_normal:m=0.4"), "musubi").flags
    '--timestep_sampling shift --sigmoid_scale 1 --discrete_flow_shift 1.4918247'
    """
    return search.express(schedule, get(name), pinned=pinned, tokens=tokens, sigma_data=sigma_data)


def lines(
    schedule: Schedule, among: Iterable[str] = (), *, sigma_data: Mapping[str, float] | None = None
) -> list[Expression]:
    """Flags for this very density, of every trainer that draws it; none for a schedule that learns.

    among:      the trainers that are asked; all of them where none is named
    sigma_data: trainer → σ_d of the data that it gets, where that is not the trainer's own

        >>> import schedules
        >>> from schedules import trainers
        >>> [(line.trainer, line.flags) for line in trainers.lines(schedules.parse("logit_normal:m=0.4"), ["edm2"])]
        [('edm2', '--P_mean=-0.2931472 --P_std=1')]
    """
    if schedule.learns:
        return []
    own = sigma_data or {}
    expressions = (search.exactly(schedule, get(name), own.get(name)) for name in among or names())
    return [expression for expression in expressions if expression is not None]


@functools.lru_cache(maxsize=4096)
def in_units(spec: str) -> str:
    """A density as the flags of `UNITS`, "edm2 --P_mean=… --P_std=… · diffusers-flags …"; "" where neither draws it.

    For which data they hold is `UNITS_HOLD`. UserError: a mistake in the spec

    >>> from schedules import trainers
    >>> trainers.in_units("logit_normal:m=0.4").split(" · ")[0]
    'edm2 --P_mean=-0.2931472 --P_std=1'
    """
    return " · ".join(f"{line.trainer} {line.flags}" for line in lines(parse(spec), UNITS))


def units_line(spec: str) -> str:
    """`in_units` with the data that they hold for; that neither draws it, where that is so.

    >>> from schedules import trainers
    >>> trainers.units_line("laplace")
    'neither edm2 nor diffusers-flags draws exactly this'
    """
    units = in_units(spec)
    return f"{units} ({UNITS_HOLD})" if units else NOT_IN_UNITS


def own_lines(schedule: Schedule) -> dict[str, str]:
    """Of a preset: trainer → the line with which its users ask for it.

    >>> import schedules
    >>> from schedules import trainers
    >>> trainers.own_lines(schedules.parse("preset/wan-480p"))
    {'musubi': '--timestep_sampling shift --discrete_flow_shift 2'}
    """
    own = {name: get(name).presets.get(schedule.spec) for name in names()}
    return {
        name: preset.flags + (f"  (at {preset.tokens} tokens)" if preset.tokens else "")
        for name, preset in own.items()
        if preset
    }


@functools.cache
def by_name() -> dict[str, Trainer]:
    """The modules of this folder, imported when the first name is looked up."""
    modules = [module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg]
    trainers = [importlib.import_module(f"{__name__}.{module}").TRAINER for module in modules]
    return {trainer.name: trainer for trainer in trainers}
