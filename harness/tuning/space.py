"""What is searched: the parameters of an entry, their ranges, and the way from values back to an entry.

Every entry has the two multipliers, also the baseline and schedules without parameters of their own: a schedule that
only wants another learning rate must not look better than one that was published with the right one. Both lie in
[1/4, 4] on a logarithmic scale: on gmm-v1 the best trials of laplace and cosine had 2.3 to 2.6 times the track's
learning rate and 0.8 to 1.8 times its EMA, inside the range, and no trial diverged.

What a schedule's or weighting's registry gives as the range of a parameter is what is searched. For transforms it says
what is valid, not what is sensible (a shift by 1000 is ±14 nats): they are searched within a factor of 4, or 3 nats, of
what is written. A parameter that the spec gives explicitly is where the search begins, and is searched like the others;
so is a preset's, in the space of the family that it stands for. Of a mixture, the parts' parameters are searched, and
the weights of all but the first.

Not searched are parameters that the registry calls given, and those of a transform or a mixture that only do what the
ones before them do (`schedules.plugins.redundancy`), as a shift does behind a family with a location: they stay as
written. A study goes on in the space that it was begun in, though that had more of them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.trial import create_trial

import schedules
from harness.specs import Entry
from schedules import grammar, weightings
from schedules.densities.density import Array
from schedules.grammar import Argument, Call, Mixture, Spec
from schedules.plugins import redundancy
from schedules.registry import Info
from schedules.schedule import SCHEDULES
from schedules.spaces import Value
from schedules.transforms import TRANSFORMS

MULTIPLIERS = ("learning_rate", "ema")
FACTOR, NATS = 4.0, 3.0
DIGITS = 4
"""Significant digits of a suggested number, so that what is run can be written down."""

Values = Mapping[str, Value]


@dataclass(frozen=True)
class Space:
    """The search space of one published entry.

    published:     value of each parameter in the entry as it was published
    distributions: where each is searched; the multipliers first, so that a random trial of any schedule draws the same
    """

    entry: Entry
    published: dict[str, Value]
    distributions: dict[str, BaseDistribution]

    @classmethod
    def of(cls, entry: Entry, names: Collection[str] | None = None) -> Space:
        """The space around an entry.

        names: what a study that is there already searches; without them, all that is not given and not redundant
        """
        published: dict[str, Value] = dict.fromkeys(MULTIPLIERS, 1.0)
        distributions: dict[str, BaseDistribution] = dict.fromkeys(MULTIPLIERS, _around(1.0))
        tree, unsearched = _resolved(grammar.read(entry.schedule)), set()
        for name, value, distribution, searched in [*_parameters(tree), *_of_weighting(entry.weighting)]:
            if value is None:  # a part that is left out of the published entry
                continue
            key = f"schedule.{name}" if name in MULTIPLIERS else name
            distributions[key], published[key] = _holding(distribution, value), value
            if not searched:
                unsearched.add(key)
        whole = cls(entry, published, distributions)
        single = {name for name, distribution in distributions.items() if distribution.single()}
        if names is not None:
            return whole._without(single | (distributions.keys() - set(names)))
        whole = whole._without(single | unsearched)
        return whole._without(whole._redundant(tree))

    def _without(self, names: Collection[str]) -> Space:
        def remaining(of: Mapping[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in of.items() if name not in names}

        return replace(self, published=remaining(self.published), distributions=remaining(self.distributions))

    def _redundant(self, tree: Spec) -> list[str]:
        """Parameters of the schedule that only do what others do. A family by itself says so in its registry."""
        ranges = {name: distribution for name, distribution in self.distributions.items() if not _of_training(name)}
        if (isinstance(tree.source, Call) and not tree.transforms) or schedules.parse(self.entry.schedule).learns:
            return []

        def quantiles(values: Values) -> Array:
            return schedules.parse(self.entry_of({**self.published, **values}).schedule).ppf(redundancy.SHARES)

        return redundancy.redundant(quantiles, {name: self.published[name] for name in ranges}, ranges)

    def entry_of(self, values: Values) -> Entry:
        """The entry with these values; the published one, as it is written, for its own. UserError if it cannot be."""
        if dict(values) == self.published:
            return self.entry
        own = {name.removeprefix("schedule."): value for name, value in values.items() if name not in MULTIPLIERS}
        tree = _resolved(grammar.read(self.entry.schedule))
        entry = Entry.of(grammar.write(_with(tree, own)), _weighting_with(self.entry.weighting, own), self.entry.apply)
        return entry.model_copy(update={name: float(values[name]) for name in MULTIPLIERS})

    def rounded(self, values: Values) -> dict[str, Value]:
        """Suggested values with few digits, still inside their ranges."""
        return {name: _rounded(value, self.distributions[name]) for name, value in values.items()}

    def record(self) -> dict[str, Any]:
        """As JSON: Optuna's own description of each distribution."""
        return {
            name: json.loads(distribution_to_json(distribution)) for name, distribution in self.distributions.items()
        }


def _of_training(name: str) -> bool:
    """Whether a parameter is no schedule's: a multiplier, or a weighting's."""
    return name in MULTIPLIERS or name.startswith("weighting.")


def _around(value: float) -> FloatDistribution:
    return FloatDistribution(value / FACTOR, value * FACTOR, log=True)


def _resolved(tree: Spec) -> Spec:
    """The tree with presets replaced by what they stand for, down to the parts of mixtures."""
    source, transforms = tree.source, tree.transforms
    if isinstance(source, Mixture):
        source = Mixture(tuple((_resolved(part), weight) for part, weight in source.parts))
    elif stands_for := schedules.info(source.name).spec:
        inner = _resolved(grammar.read(stands_for))
        source, transforms = inner.source, (*inner.transforms, *transforms)
    return Spec(source, transforms)


def _parameters(tree: Spec, prefix: str = "") -> Iterator[tuple[str, Value, BaseDistribution, bool]]:
    """Name, published value and range of every parameter of a tree, and whether its registry has it searched."""
    if isinstance(tree.source, Mixture):
        for number, (part, weight) in enumerate(tree.source.parts, start=1):
            yield from _parameters(part, f"{prefix}{number}.")
            if number > 1:
                yield f"{prefix}{number}.weight", weight, _around(weight), True
    else:
        info = SCHEDULES.info(tree.source.name)
        for key, value in SCHEDULES.bind(info.name, _arguments(tree.source)).items():
            yield f"{prefix}{key}", value, info.domain[key], key not in info.given
    for name, call in _named(tree.transforms, prefix):
        info = TRANSFORMS.info(call.name)
        for key, value in TRANSFORMS.bind(call.name, _arguments(call)).items():
            yield f"{name}.{key}", value, _near(value, info.domain[key]), key not in info.given


def _named(transforms: tuple[Call, ...], prefix: str) -> Iterator[tuple[str, Call]]:
    """Transforms with a name each: `shift`, and `shift2` for a second one."""
    seen: dict[str, int] = {}
    for call in transforms:
        seen[call.name] = seen.get(call.name, 0) + 1
        yield f"{prefix}{call.name}{seen[call.name] if seen[call.name] > 1 else ''}", call


def _with(tree: Spec, values: Values, prefix: str = "") -> Spec:
    """The tree with values put in."""
    source: Call | Mixture
    if isinstance(tree.source, Mixture):
        source = Mixture(
            tuple(
                (_with(part, values, f"{prefix}{number}."), float(values.get(f"{prefix}{number}.weight", weight)))
                for number, (part, weight) in enumerate(tree.source.parts, start=1)
            )
        )
    else:
        source = _call_with(tree.source, SCHEDULES.info(tree.source.name), values, prefix)
    named = _named(tree.transforms, prefix)
    transforms = tuple(_call_with(call, TRANSFORMS.info(call.name), values, f"{name}.") for name, call in named)
    return replace(tree, source=source, transforms=transforms)


def _call_with(call: Call, info: Info, values: Values, prefix: str) -> Call:
    arguments = _arguments(call)
    for key in info.params:
        if f"{prefix}{key}" in values:
            arguments[key] = values[f"{prefix}{key}"]
    return Call(call.name, tuple(Argument(key, value) for key, value in arguments.items()))


def _of_weighting(spec: str) -> Iterator[tuple[str, Value, BaseDistribution, bool]]:
    weighting = weightings.parse(spec)
    for key, value in weighting.params.items():
        yield f"weighting.{key}", value, weighting.info.domain[key], key not in weighting.info.given


def _weighting_with(spec: str, values: Values) -> str:
    weighting = weightings.parse(spec)
    params = {key: values.get(f"weighting.{key}", value) for key, value in weighting.params.items()}
    return weightings.create(weighting.name, **params).spec


def _arguments(call: Call) -> dict[str, Value]:
    return {argument.key: argument.value for argument in call.arguments}


def _near(value: Value, valid: BaseDistribution) -> BaseDistribution:
    """A transform's range: within a factor or some nats of what is written, and valid."""
    if isinstance(valid, FloatDistribution) and value is not None:
        number = float(value)
        ends = (number / FACTOR, number * FACTOR) if valid.log else (number - NATS, number + NATS)
        return FloatDistribution(max(valid.low, ends[0]), min(valid.high, ends[1]), log=valid.log)
    return valid


def _holding(distribution: BaseDistribution, value: Value) -> BaseDistribution:
    """The range without its steps where the published value lies between two: trial 0 has that value all the same."""
    try:
        create_trial(params={"value": value}, distributions={"value": distribution}, value=0.0)
    except ValueError:
        if not isinstance(distribution, FloatDistribution | IntDistribution):
            raise
        return type(distribution)(distribution.low, distribution.high, log=distribution.log)  # type: ignore[arg-type]
    return distribution


@functools.singledispatch
def _rounded(value: Value, distribution: BaseDistribution) -> Value:
    return value


@_rounded.register
def _(value: float, distribution: BaseDistribution) -> Value:
    if not isinstance(distribution, FloatDistribution) or distribution.step is not None:
        return value
    return min(max(float(f"{value:.{DIGITS}g}"), distribution.low), distribution.high)
