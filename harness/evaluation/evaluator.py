"""Scores trained weights by the track's rules, whatever schedule trained them (protocol 3 and 4).

At every mark the averaged weights are sampled without guidance and their ε-error is measured; at the full budget also
at each guidance scale of the track. Every set of samples is scored against validation and test alike, so that the scale
chosen on validation is scored on test from the same samples.

    network → `drawing` → samples → `scoring`, with the metrics of the registry, against `references` → scores
"""

from __future__ import annotations

import numpy as np
import torch

import schedules
from harness.data.dataset import Dataset, Split
from harness.evaluation import pictures, scoring
from harness.evaluation.drawing import AGAIN, Drawing, Subject
from harness.evaluation.references import References
from harness.evaluation.scores import Scores
from harness.metrics.estimators import error_curve
from harness.metrics.estimators.error_curve import ErrorCurve
from harness.metrics.inputs import Samples
from harness.metrics.keys import Measured
from harness.sampling.ddim import logsnr_grid
from harness.specs import BASELINE
from harness.tracks.track import Track
from schedules import Schedule


class Evaluator:
    """A track's frozen references and its way of drawing, made once for many runs. captured: as for `Drawing`"""

    def __init__(self, track: Track, data: Dataset, device: torch.device, captured: bool = False) -> None:
        self.rules = track.evaluation
        self.references = References(track, data, device)
        second = self.references.second
        self.draw = Drawing(
            self.rules,
            track.training.precision,
            data,
            device,
            self.references.space,
            None if second is None else second.space,
            captured,
        )
        self.grid = self.grid_of(schedules.create(BASELINE))

    def grid_of(self, schedule: Schedule) -> np.ndarray:
        """The sampler's λ when it steps evenly in this schedule's time."""
        return logsnr_grid(schedule, self.rules.ddim_steps, self.rules.sampler_logsnr)

    def __call__(self, subject: Subject, mark: float, schedule: Schedule) -> Scores:
        """Score a network at a share `mark` of the budget; `schedule` only serves the figure on its own grid.

        Raises NotFinite for samples that are no numbers. Scores may be no numbers either.
        """
        scores, chosen, references = Scores(), scoring.measures(self.references), self.references
        count = max((self.rules.samples, *self.rules.fid)) if mark == 1.0 else self.rules.samples
        for guidance in self._scales(mark):
            drawn = self.draw(subject, self.grid, guidance, count, second=mark == 1.0)
            scores.samples_drawn += count
            if guidance == 1.0:
                scores.shown, scores.nearest = pictures.shown(drawn.x, references)
            subjects = scoring.subjects(drawn, references)
            scores.values |= scoring.scored(chosen, subjects, references, guidance, mark)
        if mark == 1.0:
            self._score_other_samples(subject, schedule, scores)
        scores.curve = self._curve(subject, references.curve_data)
        scores.values |= scoring.scored(chosen, {"curve": scores.curve}, references, mark=mark)
        return scores

    def validate(self, subject: Subject, mark: float, metric: str) -> Scores:
        """What tuning goes by: one metric, on the validation split alone. ValueError for one that it cannot go by.

        Raises NotFinite as scoring does.
        """
        scores, references = Scores(), self.references
        able = {
            measure.metric.name: measure
            for measure in scoring.measures(references)
            if measure.metric.tunable(self.rules)
        }
        if metric not in able:
            *others, last = able
            raise ValueError(f"metric {metric!r} has no validation score; expected {', '.join(others)} or {last}")
        chosen = [able[metric]]
        if able[metric].metric.needs[0] == "curve":
            curve_subjects = {"curve": self._curve(subject, references.validation_curve_data())}
            scores.values = scoring.scored(chosen, curve_subjects, references, mark=mark, splits=("val",))
            return scores
        for guidance in self._scales(mark):
            drawn = self.draw(subject, self.grid, guidance)
            scores.samples_drawn += self.rules.samples
            sample_subjects = scoring.subjects(drawn, references)
            scores.values |= scoring.scored(chosen, sample_subjects, references, guidance, mark, splits=("val",))
        return scores

    def _score_other_samples(self, subject: Subject, schedule: Schedule, scores: Scores) -> None:
        """What is measured of samples on the schedule's own grid, and of samples from other noise."""
        chosen, references = scoring.measures(self.references), self.references
        own = self.draw(subject, self.grid_of(schedule))
        subjects = {"own grid": Samples(own.x, own.features, self.rules)}
        scores.values |= scoring.scored(chosen, subjects, references)
        by_validation = {
            scale: scores.values[Measured(self.rules.distance, "val", scale)] for scale in self._scales(1.0)
        }
        best = min(by_validation, key=lambda scale: by_validation[scale])
        again = self.draw(subject, self.grid, best, noise=AGAIN)
        subjects = {"resampled": Samples(again.x, again.features, self.rules)}
        scores.values |= scoring.scored(chosen, subjects, references, best)
        scores.samples_drawn += 2 * self.rules.samples

    def _scales(self, mark: float) -> tuple[float, ...]:
        return self.rules.guidance if mark == 1.0 or self.rules.guided_marks else (1.0,)

    def _curve(self, subject: Subject, data: Split) -> ErrorCurve:
        return error_curve.error_curve(
            subject.network,
            subject.prediction,
            data,
            self.references.logsnr,
            self.rules.seed,
            self.references.data.truth,
        )
