"""From samples and curves to scores: every metric that the track has the data for, by the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from harness.evaluation.drawing import Drawn
from harness.evaluation.references import References
from harness.metrics.estimators.error_curve import ErrorCurve
from harness.metrics.inputs import Samples
from harness.metrics.keys import Measured
from harness.metrics.metric import Measure
from harness.metrics.registry import METRICS

Subjects = Mapping[str, Samples | ErrorCurve]
"""What is there to be measured on, by the name that a metric's first need has."""


def measures(references: References) -> list[Measure]:
    """What is measured on a track."""
    return METRICS.on(references.rules, references.has)


def subjects(drawn: Drawn, references: References, looked_at: Tensor | None = None) -> dict[str, Samples]:
    """Drawn samples, as metrics of samples get them. looked_at: what they look at one by one, where not the samples"""
    rules = references.rules
    if looked_at is None:
        looked_at = drawn.x[: rules.neighbours] if rules.neighbours else drawn.x
    own = Samples(looked_at, drawn.features, rules)
    named = {"samples": own, "features": own}
    return named if drawn.second is None else {**named, "second features": Samples(looked_at, drawn.second, rules)}


def scored(
    chosen: Iterable[Measure],
    given: Subjects,
    references: References,
    guidance: float | None = None,
    mark: float = 1.0,
    splits: Iterable[str] | None = None,
) -> dict[Measured, float]:
    """The scores of what of the chosen metrics is measured on what is given.

    splits: of the held-out data, instead of those that each metric names
    """
    values: dict[Measured, float] = {}
    for measure in chosen:
        subject = given.get(measure.metric.needs[0])
        if subject is None or (mark < 1.0 and not measure.metric.along_training(references.rules)):
            continue
        space = references.second if measure.metric.needs[0] == "second features" else references.own
        if space is None:
            continue
        for split in measure.metric.splits if splits is None else splits:
            for name, value in measure(subject, space.splits[split]).items():
                values[Measured(name, split, guidance, mark)] = value
    return values
