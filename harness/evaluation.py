"""Scores trained weights by the track's rules, whatever schedule trained them (protocol 3 and 4).

At every mark the averaged weights are sampled without guidance and their ε-error is measured; at the full budget also
at each guidance scale of the track. Every set of samples is scored against validation and test alike, so that the scale
chosen on validation is scored on test from the same samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

import schedules
from harness.data.dataset import Dataset, Split
from harness.metrics import error_curve
from harness.metrics.error_curve import ErrorCurve
from harness.metrics.frechet import Moments, frechet_distance
from harness.metrics.kernel import KernelDistance
from harness.metrics.keys import Measured
from harness.metrics.neighbours import memorised, nearest_rows, precision_recall
from harness.networks.network import Network
from harness.sampling.ddim import ddim, logsnr_grid
from harness.specs import BASELINE
from harness.tracks.track import Track
from harness.training.streams import Streams
from schedules import Schedule

MEMORISED_SUBSETS = 3
SAMPLING_CHUNK = 512
SHOWN_ROWS = 8


@dataclass
class Scores:
    """What one evaluation found.

    shown:   (rows, columns, *shape) unguided samples, a column for each label, the data's range scaled to [0, 1]
    nearest: the nearest training data of each of them, alike
    """

    values: dict[Measured, float] = field(default_factory=dict)
    curve: ErrorCurve | None = None
    shown: Tensor | None = None
    nearest: Tensor | None = None
    samples_drawn: int = 0


class Evaluator:
    """A track's frozen references, made once for many runs.

    pulse: called before every chunk of samples, so that an evaluation can be watched and stopped
    """

    def __init__(self, track: Track, data: Dataset, device: torch.device) -> None:
        self.pulse: Callable[[], None] = lambda: None
        self.rules, self.data, self.device = track.evaluation, data, device
        self.features = track.features(device)
        self.splits = {"val": data.val, "test": data.test}
        self.moments = {name: _moments(self.features_of(split.x)) for name, split in self.splits.items()}
        rng = Streams(self.rules.seed).numpy("evaluation subsets")
        images = len(data.test.group.unique())
        self.train_subsets = [data.train.group_sample(images, rng).x for _ in range(MEMORISED_SUBSETS)]
        self.curve_data = _spread(data.test, self.rules.curve_points, rng)
        paired = {name: _spread(split, self.rules.paired_points, rng).x for name, split in self.splits.items()}
        self.kernel = {name: KernelDistance(self.features_of(x)) for name, x in paired.items()}
        low, high, points = self.rules.curve_logsnr
        self.logsnr = np.linspace(low, high, points)
        self.end_terms = (
            error_curve.prior_nats(self.curve_data, low),
            error_curve.decoder_nats(self.curve_data, high, data.levels, self.rules.seed),
        )
        self.grid = self.grid_of(schedules.create(BASELINE))

    def grid_of(self, schedule: Schedule) -> np.ndarray:
        """The sampler's λ when it steps evenly in this schedule's time."""
        return logsnr_grid(schedule, self.rules.ddim_steps, self.rules.sampler_logsnr)

    def __call__(self, network: Network, prediction: str, seed: int, mark: float, schedule: Schedule) -> Scores:
        """Score `network` at a share `mark` of the budget; `schedule` only serves the figure on its own grid."""
        scores = Scores()
        for guidance in self.rules.guidance if mark == 1.0 else (1.0,):
            samples = self._sample(network, prediction, seed, self.grid, guidance, scores)
            if guidance == 1.0:
                scores.shown, scores.nearest = self._shown(samples)
            self._score_samples(samples, guidance, mark, scores)
        if mark == 1.0:
            own = self._sample(network, prediction, seed, self.grid_of(schedule), 1.0, scores)
            scores.values[Measured("fd_own_grid", "test")] = self._distance(own)
            chosen = min(self.rules.guidance, key=lambda scale: scores.values[Measured("fd", "val", scale)])
            again = self._sample(network, prediction, seed, self.grid, chosen, scores, noise="sampling again")
            scores.values[Measured("fd_resampled", "test", chosen)] = self._distance(again)
        self._score_curve(network, prediction, mark, scores)
        return scores

    def validate(self, network: Network, prediction: str, seed: int, mark: float, metric: str) -> Scores:
        """What tuning goes by: one metric, on the validation split alone. ValueError for one that it cannot go by."""
        scores = Scores()
        if metric == "fd":
            for guidance in self.rules.guidance if mark == 1.0 else (1.0,):
                samples = self._sample(network, prediction, seed, self.grid, guidance, scores)
                distance = frechet_distance(_moments(self.features_of(samples)), self.moments["val"])
                scores.values[Measured("fd", "val", guidance, mark)] = distance
            return scores
        rng = Streams(self.rules.seed).numpy("validation curve")
        data = _spread(self.splits["val"], self.rules.curve_points, rng)
        curve = error_curve.error_curve(network, prediction, data, self.logsnr, self.rules.seed, self.data.truth)
        value = {"excess": curve.excess_risk, "eps_error": curve.mean}.get(metric)
        if value is None:
            raise ValueError(f"metric {metric!r} has no validation score; expected fd, excess or eps_error")
        scores.values[Measured(metric, "val", mark=mark)] = value()
        return scores

    def _distance(self, samples: Tensor) -> float:
        return frechet_distance(_moments(self.features_of(samples)), self.moments["test"])

    @property
    def _columns(self) -> int:
        return max(1, self.data.classes)

    @torch.inference_mode()
    def features_of(self, x: Tensor) -> Tensor:
        """Features (N, d) of data (N, *)."""
        return torch.cat([self.features(part) for part in x.split(SAMPLING_CHUNK)])

    def _sample(
        self,
        network: Network,
        prediction: str,
        seed: int,
        grid: np.ndarray,
        guidance: float,
        scores: Scores,
        noise: str = "sampling",
    ) -> Tensor:
        count = self.rules.samples
        # One noise for a seed: the same for every entry and every guidance scale (protocol 3).
        drawn = Streams(seed).normal(noise, shape=(count, *self.data.shape)).to(self.device)
        label = torch.arange(count, device=self.device) % self._columns
        scores.samples_drawn += count
        chunks = []
        for start, chosen in zip(drawn.split(SAMPLING_CHUNK), label.split(SAMPLING_CHUNK), strict=True):
            self.pulse()
            chunks.append(
                ddim(network.at_one_logsnr, prediction, start, chosen, grid, guidance, no_label=self.data.classes)
            )
        return torch.cat(chunks)

    def _shown(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        train = self.data.train.x
        low, high = train.min(), train.max()
        first = samples[: SHOWN_ROWS * self._columns]
        pairs = (first, train[nearest_rows(first, train)])
        shown, nearest = (((x - low) / (high - low)).clamp(0, 1).unflatten(0, (-1, self._columns)) for x in pairs)
        return shown, nearest

    def _score_samples(self, samples: Tensor, guidance: float, mark: float, scores: Scores) -> None:
        features = self.features_of(samples)
        moments = _moments(features)
        for split in self.splits:

            def put(metric: str, value: float, split: str = split) -> None:
                scores.values[Measured(metric, split, guidance, mark)] = value

            put("fd", frechet_distance(moments, self.moments[split]))
            if mark == 1.0:
                distance, standard_error = self.kernel[split](features[: self.rules.paired_points])
                put("kd", distance)
                put("kd_se", standard_error)
        scores.values[Measured("memorised", "test", guidance, mark)] = memorised(
            samples, self.train_subsets, self.data.test.x
        )
        if mark == 1.0:
            precision, recall = precision_recall(self.kernel["test"].reference, features[: self.rules.paired_points])
            scores.values[Measured("precision", "test", guidance)] = precision
            scores.values[Measured("recall", "test", guidance)] = recall

    def _score_curve(self, network: Network, prediction: str, mark: float, scores: Scores) -> None:
        curve = error_curve.error_curve(
            network, prediction, self.curve_data, self.logsnr, self.rules.seed, self.data.truth
        )
        scores.curve = curve
        scores.values[Measured("eps_error", "test", mark=mark)] = curve.mean()
        scores.values[Measured("nll", "test", mark=mark)] = curve.nll(*self.end_terms)
        if curve.excess is not None:
            scores.values[Measured("excess", "test", mark=mark)] = curve.excess_risk()


def _moments(features: Tensor) -> Moments:
    return Moments.of(features.cpu().double().numpy())


def _spread(split: Split, count: int, rng: np.random.Generator) -> Split:
    """`count` rows drawn without replacement; all of them when the split is smaller."""
    rows = np.sort(rng.permutation(len(split))[:count])
    return split.subset(torch.as_tensor(rows, device=split.x.device))
