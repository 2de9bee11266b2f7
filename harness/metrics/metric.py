"""What a metric is: facts of a measured quantity, and the function that measures it.

A metric is a function of samples (or of the ε-error curve) and of the held-out data they are compared with. `register`
makes it known by its name, in a file of `harness.metrics.builtin` or in one of your own (`--metric-plugin FILE.py`):

    import torch
    from harness.metrics import Metric, register

    @register(Metric("spread", title="Spread", better="higher", compare="difference", needs=("features",)))
    def spread(samples, reference):
        \"\"\"Mean distance of two samples in the track's feature space.\"\"\"
        return float(torch.pdist(samples.paired).mean())

Nothing here imports torch, so that tracks and metrics can be listed without it; a metric imports what it computes with
when it computes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal, Protocol, get_args

from schedules.errors import UserError, unknown
from schedules.user_code.guarded_calls import foreign

SHARE = (0.0, 1.0)
SPLITS = ("val", "test")
NAME = re.compile(r"[a-z_][a-z0-9_]*")
BUILT_IN = "builtin"

Need = Literal[
    "samples",
    "features",
    "second features",
    "own grid",
    "resampled",
    "curve",
    "optimum",
    "data space",
    "training features",
]
"""What a metric is measured on, and where:

samples:           samples at each guidance scale, in the space of the data
features:          the same in the track's feature space;  second features: in the track's second one
own grid:          features of unguided samples drawn on the schedule's own λ grid
resampled:         features of samples drawn from other noise, at the scale that wins on validation
curve:             the held-out ε-error against λ
optimum:           a track whose optimal denoiser is known;  data space: one whose data are no latents
training features: a track that compares with training data, too
"""
GUIDED = ("samples", "features", "second features", "resampled")
IN_TRACK_SPACE = ("features", "own grid", "resampled")
MEASURED_ON = (*GUIDED, "own grid", "curve")


class Rules(Protocol):
    """What a metric may ask of the rules by which a track is scored; `harness.tracks.track.Evaluation` is one.

    samples:       drawn in one setting
    fid:           numbers of samples that FID is taken of; () on a track without it
    paired_points: samples, and held-out points, of metrics that look at pairs
    to_train:      training images that the usual FID is taken against
    distance:      what the Fréchet distance in the track's feature space is called
    """

    @property
    def samples(self) -> int: ...
    @property
    def fid(self) -> tuple[int, ...]: ...
    @property
    def paired_points(self) -> int: ...
    @property
    def to_train(self) -> int: ...
    @property
    def distance(self) -> str: ...


Value = float | tuple[float, ...]
Compute = Callable[[Any, Any], Value]
"""(samples or curve, reference) → the value, or one for each of the metrics that are registered with the function.

It gets `harness.metrics.inputs.Samples` and `Reference`, or in the place of samples an `ErrorCurve`.
"""


def everywhere(rules: Rules) -> bool:
    """Measured on every track that has what it needs."""
    return True


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    better:   which direction is good
    compare:  "ratio" (log ratio to the baseline, for positive distances and risks) or "difference" (for the rest)
    needs:    what it is measured on, first, and what a track must have besides
    splits:   the held-out data that it is taken against at every scoring
    at:       "marks": along training and at its end; "end": at the full budget alone
    ranks:    False for what is only told beside the others
    error_of: the metric whose standard error this is; it never ranks
    floored:  whether real data in the place of samples have a score that samples cannot be expected to pass
    on:       whether it is measured under a track's rules
    space:    the feature space, where it is not the track's own
    bounds:   least and largest value that a run can have scored; None: (0, ∞) where it is compared by ratio, else any
    place:    where it stands in lists: smaller ones first
    origin:   where it came from: "builtin" or "metric plugin FILE"

        >>> from harness.metrics import METRICS
        >>> METRICS["fd"].title, METRICS["fd"].better, METRICS["fd"].compare
        ('Fréchet distance', 'lower', 'ratio')
    """

    name: str
    title: str
    better: Literal["lower", "higher"]
    compare: Literal["ratio", "difference"]
    needs: tuple[Need, ...]
    unit: str = ""
    summary: str = ""
    splits: tuple[str, ...] = ("test",)
    at: Literal["marks", "end"] = "end"
    ranks: bool = True
    error_of: str = ""
    floored: bool = True
    on: Callable[[Rules], bool] = everywhere
    space: str = ""
    bounds: tuple[float, float] | None = None
    place: int = 100
    origin: str = BUILT_IN

    @property
    def guided(self) -> bool:
        """Whether it is measured on samples, and so at each guidance scale."""
        return self.needs[0] in GUIDED

    @property
    def in_track_space(self) -> bool:
        """Whether it is measured in the track's feature space."""
        return self.needs[0] in IN_TRACK_SPACE

    def along_training(self, rules: Rules) -> bool:
        """Whether it is measured at every mark: some are, and the distance that a track goes by always is."""
        return self.at == "marks" or self.name == rules.distance

    def tunable(self, rules: Rules) -> bool:
        """Whether tuning may minimise its logarithm on the validation split: a risk or distance along training."""
        on_validation = self.needs[0] == "curve" or "val" in self.splits
        falls = self.compare == "ratio" and self.better == "lower"
        return falls and on_validation and self.along_training(rules)

    def takes(self, value: float) -> bool:
        """Whether a run can have scored this value: not NaN, not infinite, and within the metric's bounds."""
        low, high = self.bounds or ((0.0, inf) if self.compare == "ratio" else (-inf, inf))
        return -inf < value < inf and low <= value <= high


@dataclass(frozen=True)
class Measure:
    """A function and the metrics that it measures at once; they have everything in common but what is said of them."""

    metrics: tuple[Metric, ...]
    compute: Compute

    @property
    def metric(self) -> Metric:
        """The first, which stands for all in what they need and when they are measured."""
        return self.metrics[0]

    def __call__(self, subject: Any, reference: Any) -> dict[str, float]:
        """Metric → value. ValueError for a value of a plugin that no run can have scored.

        Of ours such a value is a result: the run diverged.
        """
        with foreign():
            values = self.compute(subject, reference)
        several = values if isinstance(values, tuple) else (values,)
        scores: dict[str, float] = {}
        for metric, value in zip(self.metrics, several, strict=True):
            scores[metric.name] = float(value)
            if metric.origin != BUILT_IN and not metric.takes(scores[metric.name]):
                raise ValueError(f"metric {metric.name!r} is {value}, outside its bounds ({metric.origin})")
        return scores


class Metrics(Mapping[str, Metric]):
    """The known metrics, by name, in the order in which lists show them."""

    def __init__(self) -> None:
        self._measures: list[Measure] = []
        self._origin = BUILT_IN

    def __getitem__(self, name: str) -> Metric:
        return self._by_name()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())

    def _by_name(self) -> dict[str, Metric]:
        every = [metric for measure in self._measures for metric in measure.metrics]
        return {metric.name: metric for metric in sorted(every, key=lambda metric: metric.place)}

    @property
    def measures(self) -> list[Measure]:
        """What measures them, in the same order."""
        return sorted(self._measures, key=lambda measure: measure.metric.place)

    def on(self, rules: Rules, has: frozenset[Need]) -> list[Measure]:
        """What is measured under a track's rules, where there is what the track `has`."""
        return [
            measure for measure in self.measures if measure.metric.on(rules) and has.issuperset(measure.metric.needs)
        ]

    def names_from(self, origin: str) -> list[str]:
        """Names of the metrics that came from there."""
        return [name for name, metric in self.items() if metric.origin == origin]

    def forget(self, origin: str) -> None:
        """Let go of the metrics that came from there."""
        self._measures = [measure for measure in self._measures if measure.metric.origin != origin]

    @contextmanager
    def registering(self, origin: str) -> Iterator[None]:
        """What is registered inside comes from `origin`; nothing of it stays where that raises."""
        before = list(self._measures), self._origin
        self._origin = origin
        try:
            yield
        except BaseException:
            self._measures = before[0]
            raise
        finally:
            self._origin = before[1]

    def add(self, metrics: tuple[Metric, ...], compute: Compute) -> None:
        """Make metrics known by their names. UserError for a name that cannot be, or that is there already."""
        first_line = (compute.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        new = tuple(
            replace(metric, origin=self._origin, summary=metric.summary or first_line or metric.title)
            for metric in metrics
        )
        for metric in new:
            _check(metric)
            if metric.name in self:
                raise UserError(f"metric {metric.name!r} is there already ({self[metric.name].origin}); choose another")
        self._measures.append(Measure(new, compute))


METRICS = Metrics()


def register(*metrics: Metric) -> Callable[[Compute], Compute]:
    """Make metrics known, measured by the function below; of several, it returns a tuple with a value for each.

    UserError for a name that is taken or cannot be one.

        >>> from harness.metrics import METRICS, Metric, register
        >>> with METRICS.registering("an example"):
        ...     @register(Metric("largest", title="Largest value", better="lower", compare="ratio", needs=("samples",)))
        ...     def largest(samples, reference):
        ...         return float(samples.x.abs().max())
        >>> METRICS["largest"].guided
        True
        >>> METRICS.forget("an example")
    """

    def decorate(compute: Compute) -> Compute:
        METRICS.add(metrics, compute)
        return compute

    return decorate


def _check(metric: Metric) -> None:
    if not NAME.fullmatch(metric.name):
        raise UserError(f"metric {metric.name!r}: expected a name of small letters, digits and underscores")
    for field, value, choices in (
        ("better", metric.better, ("lower", "higher")),
        ("compare", metric.compare, ("ratio", "difference")),
        ("at", metric.at, ("marks", "end")),
    ):
        if value not in choices:
            raise UserError(f"metric {metric.name!r}: {field} is {value!r}; expected {' or '.join(choices)}")
    for need in metric.needs:
        if need not in get_args(Need):
            raise unknown(f"need of metric {metric.name!r}", need, get_args(Need))
    if not metric.needs or metric.needs[0] not in MEASURED_ON:
        raise UserError(f"metric {metric.name!r} needs {metric.needs}; expected one of {', '.join(MEASURED_ON)} first")
    if not metric.splits or not set(metric.splits) <= set(SPLITS):
        raise UserError(f"metric {metric.name!r}: splits are {metric.splits}; expected {SPLITS} or one of them")
