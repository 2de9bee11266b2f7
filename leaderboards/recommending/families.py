"""What is searched, what it is compared with, and what is tried around the best.

logit-normal times, EDM's log-normal σ, and logit-normal times with a shift are one family of densities: a normal one in
λ. It is searched once, from where each of the three has its defaults, and is written in any of their units afterwards.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

import schedules
from harness.specs import BASELINE
from harness.tuning.space import Values
from schedules import trainers
from schedules.errors import UserError
from schedules.relatives import similarity
from schedules.schedule import Schedule

SCRIPTS = {"sd-scripts": ("flux_train_network.py", "sd3_train_network.py", "train_network.py")}
"""A trainer with scripts of different defaults."""
WIDER, ASIDE = (0.5, 0.71, 1.41, 2.0), (-1.0, -0.5, 0.5, 1.0)
"""What is tried around the best: so many times its width, and moved by so many of its widths."""


@dataclass(frozen=True)
class Family:
    """A family of densities that is searched.

    name:  for people
    spec:  where the search begins
    first: values of the next trials
    """

    name: str
    spec: str
    first: tuple[Values, ...]

    @classmethod
    def normal(cls) -> Family:
        """λ ~ N(μ, τ²), as logit-normal times with m = −μ/2, s = τ/2."""
        points = [(0.8, 2.0), (2.4, 2.4), (0.0, 1.2), (1.5, 1.4), (-2.2, 2.0), (0.8, 3.2), (2.4, 1.2)]
        first = tuple({"m": round(-mu / 2, 3), "s": tau / 2} for mu, tau in points)
        return cls("normal", "logit_normal", first)


def families() -> tuple[Family, ...]:
    """Those that trainers have, once each."""
    laplace = [(0.0, 1.0), (1.0, 0.7), (1.0, 1.4), (2.0, 1.0), (-1.0, 1.0), (0.5, 0.3), (2.0, 2.0)]
    moved = (1.0, 2.0, -1.0, 0.5, 3.0, -2.0, 1.5)
    return (
        Family.normal(),
        Family("laplace", "laplace", tuple({"loc": loc, "scale": scale} for loc, scale in laplace)),
        Family("shifted cosine", "cosine_shifted", tuple({"loc": loc} for loc in moved)),
    )


@dataclass(frozen=True)
class Default:
    """What trainers draw when nobody says otherwise. names: of all that draw this density"""

    spec: str
    names: tuple[str, ...]


def trainers_defaults() -> list[Default]:
    """The densities that the trainers' own defaults draw, each once, in the order of the trainers' names."""
    defaults: list[Default] = []
    for name in trainers.names():
        for script in SCRIPTS.get(name, ("",)):
            try:
                drawn = trainers.read(name, script).schedule
            except UserError:  # no default without more flags
                continue
            title = f"{name} {script}".strip()
            at = next((n for n, default in enumerate(defaults) if is_same(default.spec, drawn)), None)
            if at is None:
                defaults.append(Default(drawn.spec, (title,)))
            else:
                defaults[at] = Default(defaults[at].spec, (*defaults[at].names, title))
    return defaults


def is_same(spec: str, schedule: Schedule) -> bool:
    """Whether a spec is this density."""
    return similarity.total_variation(schedules.parse(spec), schedule) < similarity.SAME


def around(spec: str) -> list[str]:
    """Neighbours of a density of one of the families: narrower, wider, and moved, nearest first."""
    schedule = schedules.parse(spec)
    low, middle, high = (float(schedule.ppf(share)) for share in (0.25, 0.5, 0.75))
    width = (high - low) / 2
    moved = [f"{spec}|offset:by={by * width:.4g}" for by in ASIDE]
    scaled = [_scaled(schedule, factor, middle) for factor in WIDER]
    ordered = [scaled[1], scaled[2], moved[1], moved[2], scaled[0], scaled[3], moved[0], moved[3]]
    return [spec for spec in map(_allowed, ordered) if spec]


def _allowed(spec: str) -> str:
    """The spec as a plain member of its family, else as it is written; "" where its family has no such parameters."""
    for write in (_plain, str):
        with contextlib.suppress(UserError):
            return schedules.parse(write(spec)).spec
    return ""


def _scaled(schedule: Schedule, factor: float, middle: float) -> str:
    params = dict(schedule.params)
    for name in ("s", "scale"):
        if name in params:
            return f"{schedule.name}:" + ",".join(
                f"{key}={float(value) * (factor if key == name else 1):.4g}" for key, value in params.items()
            )
    loc = params.get("loc", 0.0)
    return f"cosine_scaled:s={1 / factor:.4g}|offset:by={loc:.4g}"


def _plain(spec: str) -> str:
    """A moved member of a family as a member itself: its own parameter says where it is."""
    inner, bar, by = spec.partition("|offset:by=")
    schedule = schedules.parse(inner)
    moves = {"logit_normal": ("m", -0.5), "laplace": ("loc", 1.0), "cosine_shifted": ("loc", 1.0)}
    if not bar or schedule.name not in moves:
        return spec
    name, unit = moves[schedule.name]
    params = {key: float(value) for key, value in schedule.params.items()}
    params[name] += unit * float(by)
    return f"{schedule.name}:" + ",".join(f"{key}={value:.4g}" for key, value in params.items())


def distinct(specs: Iterable[str]) -> list[str]:
    """Each density once, the first of its names."""
    once: list[str] = []
    for spec in specs:
        schedule = schedules.parse(spec)
        if not any(is_same(other, schedule) for other in once):
            once.append(schedule.spec)
    return once


def compared(best: str, others: Iterable[str], count: int) -> list[str]:
    """What meets on fresh seeds: the baseline, the best, what other families found, the defaults, and neighbours.

    count: as many as this at least, where neighbours are as many
    """
    named = [BASELINE, best, *others, *(default.spec for default in trainers_defaults())]
    must = distinct(named)
    neighbours = [spec for spec in distinct([*must, *around(best)]) if spec not in must]
    return [*must, *neighbours[: max(4, count - len(must))]]


def in_words(spec: str) -> str:
    """The density in λ: "normal, mean 0.8, sd 2"."""
    schedule = schedules.parse(spec)
    params = {name: float(value) for name, value in schedule.params.items() if isinstance(value, int | float)}
    if schedule.spec.partition("|")[2] == "" and not math.isnan(params.get("m", params.get("loc", math.nan))):
        if schedule.name == "logit_normal":
            return f"normal in λ, mean {0 - 2 * params['m']:.3g}, standard deviation {2 * params['s']:.3g}"
        if schedule.name == "laplace":
            return f"Laplace in λ, centre {params['loc']:.3g}, scale {params['scale']:.3g}"
        if schedule.name == "cosine_shifted":
            return f"cosine moved by {params['loc']:.3g} in λ"
    low, middle, high = (round(float(schedule.ppf(share)), 6) + 0.0 for share in (0.25, 0.5, 0.75))
    return f"median λ {middle:.3g}, half of it between {low:.3g} and {high:.3g}"
