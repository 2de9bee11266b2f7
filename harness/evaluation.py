"""Scores trained weights by the track's rules, whatever schedule trained them (protocol 3 and 4).

At every mark the averaged weights are sampled without guidance and their ε-error is measured; at the full budget also
at each guidance scale of the track. Every set of samples is scored against validation and test alike, so that the scale
chosen on validation is scored on test from the same samples.

Samples are drawn chunk by chunk, and several processes may share the chunks (`Share`): the noise of a sample depends on
the seed and its number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

import schedules
from harness.data.dataset import Dataset, Split
from harness.metrics import error_curve
from harness.metrics.error_curve import ErrorCurve
from harness.metrics.frechet import Moments, frechet_distance
from harness.metrics.image_features import ImageFeatures
from harness.metrics.kernel import KernelDistance
from harness.metrics.keys import Measured
from harness.metrics.neighbours import memorised, nearest_rows, precision_recall
from harness.metrics.second_space import SecondSpace
from harness.networks.network import Network
from harness.sampling.ddim import ddim, logsnr_grid
from harness.sampling.share import Share
from harness.specs import BASELINE
from harness.tracks.track import Part, Track, check_counts, counted
from harness.training.streams import Streams
from schedules import Schedule

MEMORISED_SUBSETS = 3
SAMPLING_CHUNK = 512
SHOWN_ROWS = 8
MOST_COLUMNS = 16


class NotFinite(Exception):  # noqa: N818 - a result, not an error
    """Samples are no numbers, so that no distance can be taken of them."""


@dataclass
class Scores:
    """What one evaluation found.

    shown:   (rows, columns, *shape) unguided samples, a column for each label, the data's range scaled to [0, 1]; where
             there are more labels than `MOST_COLUMNS`, a sample for each of the first ones
    nearest: the nearest training data of each of them, alike
    """

    values: dict[Measured, float] = field(default_factory=dict)
    curve: ErrorCurve | None = None
    shown: Tensor | None = None
    nearest: Tensor | None = None
    samples_drawn: int = 0


@dataclass(frozen=True)
class Drawn:
    """Samples of one setting.

    x:        (K, *shape) the first of them, as many as are looked at one by one
    features: (N, d) of all; second: alike in the second feature space
    """

    x: Tensor
    features: Tensor
    second: Tensor | None = None


class Evaluator:
    """A track's frozen references, made once for many runs.

    pulse: called before every chunk of samples, so that an evaluation can be watched and stopped
    share: this process's part of the samples; all of them unless it is set
    """

    def __init__(self, track: Track, data: Dataset, device: torch.device) -> None:
        check_counts(track.name, track.evaluation)
        self.pulse: Callable[[], None] = lambda: None
        self.share = Share()
        self.rules, self.data, self.device = track.evaluation, data, device
        self.features = _made(track.features, data, device)
        self.splits = {"val": data.val, "test": data.test}
        references = {name: self._features_of_split(split) for name, split in self.splits.items()}
        self.moments = {name: Moments.of_tensor(features) for name, features in references.items()}
        rng = Streams(self.rules.seed).numpy("evaluation subsets")
        self.train_subsets, self.held_out = self._neighbours(rng)
        self.curve_data = _spread(data.test, self.rules.curve_points, rng)
        paired = {name: _spread_rows(split, self.rules.paired_points, rng) for name, split in self.splits.items()}
        self.kernel = {name: KernelDistance(self._paired(name, rows, references)) for name, rows in paired.items()}
        self.train_moments = self._train_moments()
        self.second = (
            SecondSpace(_made(track.dinov2, data, device), self.splits, paired, device) if track.dinov2 else None
        )
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
        """Score `network` at a share `mark` of the budget; `schedule` only serves the figure on its own grid.

        Raises NotFinite for samples that are no numbers. Scores may be no numbers either.
        """
        scores, count = Scores(), max((self.rules.samples, *self.rules.fid)) if mark == 1.0 else self.rules.samples
        for guidance in self._scales(mark):
            drawn = self._sample(network, prediction, seed, self.grid, guidance, scores, count, second=mark == 1.0)
            if guidance == 1.0:
                scores.shown, scores.nearest = self._shown(drawn.x)
            self._score_samples(drawn, guidance, mark, scores)
        if mark == 1.0:
            own = self._sample(network, prediction, seed, self.grid_of(schedule), 1.0, scores)
            scores.values[Measured("fd_own_grid", "test")] = self._distance(Moments.of_tensor(own.features), "test")
            by_validation = {
                scale: scores.values[Measured(self.rules.distance, "val", scale)] for scale in self._scales(mark)
            }
            chosen = min(by_validation, key=lambda scale: by_validation[scale])
            again = self._sample(network, prediction, seed, self.grid, chosen, scores, noise="sampling again")
            moments = Moments.of_tensor(again.features)
            scores.values[Measured("fd_resampled", "test", chosen)] = self._distance(moments, "test")
        self._score_curve(network, prediction, mark, scores)
        return scores

    def validate(self, network: Network, prediction: str, seed: int, mark: float, metric: str) -> Scores:
        """What tuning goes by: one metric, on the validation split alone. ValueError for one that it cannot go by.

        Raises NotFinite as scoring does.
        """
        scores = Scores()
        if metric == self.rules.distance:
            for guidance in self._scales(mark):
                drawn = self._sample(network, prediction, seed, self.grid, guidance, scores)
                distance = self._distance(Moments.of_tensor(drawn.features), "val")
                scores.values[Measured(metric, "val", guidance, mark)] = distance
            return scores
        rng = Streams(self.rules.seed).numpy("validation curve")
        data = _spread(self.splits["val"], self.rules.curve_points, rng)
        curve = error_curve.error_curve(network, prediction, data, self.logsnr, self.rules.seed, self.data.truth)
        value = {"excess": curve.excess_risk, "eps_error": curve.mean}.get(metric)
        if value is None:
            raise ValueError(
                f"metric {metric!r} has no validation score; expected {self.rules.distance}, excess or eps_error"
            )
        scores.values[Measured(metric, "val", mark=mark)] = value()
        return scores

    def _scales(self, mark: float) -> tuple[float, ...]:
        return self.rules.guidance if mark == 1.0 or self.rules.guided_marks else (1.0,)

    @property
    def chunks(self) -> int:
        """The smallest number of chunks that samples are drawn in."""
        return -(-self.rules.samples // (self.rules.sample_block or SAMPLING_CHUNK))

    def _distance(self, moments: Moments, split: str) -> float:
        reference = self.moments[split]
        # With thousands of features a square root takes seconds: then it is the reference's, which is kept.
        return frechet_distance(*((reference, moments) if self.rules.fid else (moments, reference)))

    @property
    def _columns(self) -> int:
        return max(1, self.data.classes)

    @torch.inference_mode()
    def features_of(self, x: Tensor) -> Tensor:
        """Features (N, d) of data (N, *)."""
        return torch.cat([self.features(part) for part in x.split(SAMPLING_CHUNK)])

    def _features_of_samples(self, x: Tensor) -> Tensor:
        """Features of samples (N, *); no numbers for a sample that is none, which as an image could look like one."""
        sound = torch.isfinite(x).flatten(1).all(dim=1, keepdim=True)
        return self.features_of(x).masked_fill(~sound, torch.nan)

    def _features_of_split(self, split: Split) -> Tensor:
        if isinstance(self.features, ImageFeatures):
            return self.features.of_split(split, self.device)
        return self.features_of(split.x)

    def _paired(self, split: str, rows: Tensor, references: dict[str, Tensor]) -> Tensor:
        if isinstance(self.features, ImageFeatures):
            return references[split][rows.to(references[split].device)]
        return self.features_of(self.splits[split].x[rows])

    def _neighbours(self, rng: np.random.Generator) -> tuple[list[Tensor], Tensor]:
        """Subsets of the training data for `memorised`, and the held-out data, of as many images."""
        train, test, count = self.data.train, self.data.test, self.rules.neighbours
        if not count:
            images = len(test.group.unique())
            return [train.group_sample(images, rng).x for _ in range(MEMORISED_SUBSETS)], test.x
        images = min(count, len(test.group.unique()), len(train.group.unique()))
        subsets = [train.one_of_each(images, rng).x for _ in range(MEMORISED_SUBSETS)]
        held_out = test.one_of_each(images, rng).x
        return [subset.to(self.device, torch.float32) for subset in subsets], held_out

    def _train_moments(self) -> Moments | None:
        if not self.rules.to_train:
            return None
        rng = Streams(self.rules.seed).numpy("training reference")
        chosen = self.data.train.one_of_each(self.rules.to_train, rng)
        return Moments.of_tensor(self._features_of_split(chosen))

    def _sample(
        self,
        network: Network,
        prediction: str,
        seed: int,
        grid: np.ndarray,
        guidance: float,
        scores: Scores,
        count: int = 0,
        second: bool = False,
        noise: str = "sampling",
    ) -> Drawn:
        """`count` samples, `samples` of them unless it is given. second: whether the second feature space is wanted"""
        count = count or self.rules.samples
        label = torch.arange(count, device=self.device) % self._columns
        scores.samples_drawn += count
        kept = max(self.rules.neighbours, SHOWN_ROWS * MOST_COLUMNS) if self.rules.neighbours else count
        sizes = [len(part) for part in label.split(self.rules.sample_block or SAMPLING_CHUNK)]
        starts = np.cumsum([0, *sizes])
        drawn: list[Drawn] = []
        for chunk, start in self._noise(seed, noise, count, sizes):
            self.pulse()
            first = int(starts[chunk])
            chosen = label[first : first + len(start)]
            x = ddim(network.at_one_logsnr, prediction, start, chosen, grid, guidance, no_label=self.data.classes)
            in_second = self.second.features(x) if second and self.second is not None else None
            drawn.append(Drawn(x[: max(0, kept - first)], self._features_of_samples(x), in_second))
        for _ in range(self.share.waits(len(sizes))):
            self.pulse()  # what is asked there may be asked of all processes together
        kept_sizes = [max(0, min(size, kept - int(start))) for size, start in zip(sizes, starts, strict=False)]
        x = self.share.together([part.x for part in drawn], kept_sizes)
        features = self.share.together([part.features for part in drawn], sizes)
        if not torch.isfinite(features).all():  # of all processes, which so find the same
            raise NotFinite(f"samples at guidance {guidance:g} are not finite")
        others = [part.second for part in drawn if part.second is not None]
        return Drawn(x, features, self.share.together(others, sizes) if others else None)

    def _noise(self, seed: int, stream: str, count: int, sizes: list[int]) -> Iterable[tuple[int, Tensor]]:
        """This process's chunks, with their numbers. One noise for a seed: the same for every entry and every guidance
        scale (protocol 3)."""
        mine, shape = self.share.mine(len(sizes)), self.data.shape
        if self.rules.sample_block:
            for chunk in mine:
                drawn = Streams(seed).normal(stream, chunk, shape=(self.rules.sample_block, *shape))
                yield chunk, drawn[: sizes[chunk]].to(self.device)
            return
        parts = Streams(seed).normal(stream, shape=(count, *shape)).to(self.device).split(sizes)
        yield from ((chunk, parts[chunk]) for chunk in mine)

    def _shown(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        columns = min(self._columns, MOST_COLUMNS)
        first = samples[: SHOWN_ROWS * columns]
        if self.rules.neighbours:
            pool = torch.cat(self.train_subsets)
            return self._pictures(first, columns), self._pictures(pool[nearest_rows(first, pool)], columns)
        train = self.data.train.x
        low, high = train.min(), train.max()
        pairs = (first, train[nearest_rows(first, train)])
        shown, nearest = (((x - low) / (high - low)).clamp(0, 1).unflatten(0, (-1, columns)) for x in pairs)
        return shown, nearest

    def _pictures(self, x: Tensor, columns: int) -> Tensor:
        if isinstance(self.features, ImageFeatures):
            x = self.features.images(x).float() / 255
        else:
            low, high = self.train_subsets[0].min(), self.train_subsets[0].max()
            x = ((x - low) / (high - low)).clamp(0, 1)
        return x.unflatten(0, (-1, columns))

    def _score_samples(self, drawn: Drawn, guidance: float, mark: float, scores: Scores) -> None:
        features = drawn.features[: self.rules.samples]
        moments = Moments.of_tensor(features)
        for split in self.splits:

            def put(metric: str, value: float, split: str = split) -> None:
                scores.values[Measured(metric, split, guidance, mark)] = value

            put(self.rules.distance, self._distance(moments, split))
            if mark == 1.0:
                distance, standard_error = self.kernel[split](features[: self.rules.paired_points])
                put("kd", distance)
                put("kd_se", standard_error)
        looked_at = drawn.x[: self.rules.neighbours] if self.rules.neighbours else drawn.x
        scores.values[Measured("memorised", "test", guidance, mark)] = memorised(
            looked_at, self.train_subsets, self.held_out
        )
        if mark == 1.0:
            precision, recall = precision_recall(self.kernel["test"].reference, features[: self.rules.paired_points])
            scores.values[Measured("precision", "test", guidance)] = precision
            scores.values[Measured("recall", "test", guidance)] = recall
            self._score_more(drawn, guidance, moments, scores)

    def _score_more(self, drawn: Drawn, guidance: float, moments: Moments, scores: Scores) -> None:
        """What tracks with FID have beside: it of more samples, to training data, and in the second feature space."""
        for count in self.rules.fid[1:]:
            larger = Moments.of_tensor(drawn.features[:count])
            for split in self.splits:
                scores.values[Measured(counted("fid", count), split, guidance)] = self._distance(larger, split)
        if self.train_moments is not None:
            name = f"{self.rules.distance}_to_train"
            scores.values[Measured(name, "test", guidance)] = frechet_distance(self.train_moments, moments)
        if self.second is None or drawn.second is None:
            return
        for count in self.rules.fid:
            for split, distance in self.second.distances(drawn.second[:count]).items():
                scores.values[Measured(f"{counted('fd', count)}_dinov2", split, guidance)] = distance
        precision, recall = precision_recall(self.second.paired, drawn.second[: self.rules.paired_points])
        scores.values[Measured("precision_dinov2", "test", guidance)] = precision
        scores.values[Measured("recall_dinov2", "test", guidance)] = recall

    def _score_curve(self, network: Network, prediction: str, mark: float, scores: Scores) -> None:
        curve = error_curve.error_curve(
            network, prediction, self.curve_data, self.logsnr, self.rules.seed, self.data.truth
        )
        scores.curve = curve
        scores.values[Measured("eps_error", "test", mark=mark)] = curve.mean()
        if not self.data.latent:  # bits per value of a latent would read as bits per pixel
            scores.values[Measured("nll", "test", mark=mark)] = curve.nll(*self.end_terms)
        if curve.excess is not None:
            scores.values[Measured("excess", "test", mark=mark)] = curve.excess_risk()


def _made(part: Part, data: Dataset, device: torch.device) -> Any:
    features = part(device)
    return features.scaled_as(data) if isinstance(features, ImageFeatures) else features


def _spread(split: Split, count: int, rng: np.random.Generator) -> Split:
    """`count` rows drawn without replacement; all of them when the split is smaller."""
    return split.subset(_spread_rows(split, count, rng))


def _spread_rows(split: Split, count: int, rng: np.random.Generator) -> Tensor:
    rows = np.sort(rng.permutation(len(split))[:count])
    return torch.as_tensor(rows, device=split.x.device)
