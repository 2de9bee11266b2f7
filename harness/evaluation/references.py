"""What a track's samples and curves are compared with: made once, frozen with the track, used by every run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.data.dataset import Dataset, Split
from harness.metrics.estimators import error_curve
from harness.metrics.estimators.frechet import Moments
from harness.metrics.feature_space import FeatureSpace, space_of
from harness.metrics.inputs import Reference
from harness.metrics.metric import Need
from harness.streams import Streams
from harness.tracks.track import Track, check_counts

MEMORISED_SUBSETS = 3


@dataclass(frozen=True)
class InSpace:
    """A feature space, and the held-out data of each split in it."""

    space: FeatureSpace
    splits: dict[str, Reference]


class References:
    """A track's data and frozen references.

    own:        in the track's feature space;  second: in its second one, where it has one
    train_subsets, held_out: what `memorised` looks at, in the space of the data
    curve_data: held-out data on which the ε-error is measured
    end_terms:  nats of the bound's prior and decoder on these
    logsnr:     the λ of the ε-error
    """

    def __init__(self, track: Track, data: Dataset, device: torch.device) -> None:
        check_counts(track.name, track.evaluation)
        self.rules, self.data, self.device = track.evaluation, data, device
        self.splits = {"val": data.val, "test": data.test}
        self.space = space_of(track.features(device), data)
        whole = {name: self.space.of_split(split, device) for name, split in self.splits.items()}
        rng = Streams(self.rules.seed).numpy("evaluation subsets")  # in this order, which is part of what a track is
        self.train_subsets, self.held_out = self._neighbours(rng)
        self.curve_data = _spread(data.test, self.rules.curve_points, rng)
        rows = {name: _spread_rows(split, self.rules.paired_points, rng) for name, split in self.splits.items()}
        low, high, points = self.rules.curve_logsnr
        self.logsnr = np.linspace(low, high, points)
        self.end_terms = (
            error_curve.prior_nats(self.curve_data, low),
            error_curve.decoder_nats(self.curve_data, high, data.levels, self.rules.seed),
        )
        self.own = self._in(self.space, whole, rows, self._train_moments())
        self.second: InSpace | None = None
        if track.dinov2 is not None:
            other = space_of(track.dinov2(device), data)
            self.second = self._in(
                other, {name: other.of_split(split, device) for name, split in self.splits.items()}, rows
            )

    @property
    def has(self) -> frozenset[Need]:
        """What there is for metrics to be measured on."""
        has: set[Need] = {"samples", "features", "own grid", "resampled", "curve"}
        if self.second is not None:
            has.add("second features")
        if self.data.truth is not None:
            has.add("optimum")
        if not self.data.latent:
            has.add("data space")
        if self.rules.to_train:
            has.add("training features")
        return frozenset(has)

    def validation_curve_data(self) -> Split:
        """Validation data on which tuning measures the ε-error."""
        return _spread(self.splits["val"], self.rules.curve_points, Streams(self.rules.seed).numpy("validation curve"))

    def _in(
        self, space: FeatureSpace, whole: dict[str, Tensor], rows: dict[str, Tensor], train: Moments | None = None
    ) -> InSpace:
        return InSpace(
            space,
            {
                name: Reference(
                    self.rules,
                    Moments.of_tensor(whole[name]),
                    space.of_rows(split, rows[name], whole[name]),
                    self.train_subsets,
                    self.held_out,
                    train,
                    self.end_terms,
                )
                for name, split in self.splits.items()
            },
        )

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
        return Moments.of_tensor(self.space.of_split(chosen, self.device))


def _spread(split: Split, count: int, rng: np.random.Generator) -> Split:
    """`count` rows drawn without replacement; all of them when the split is smaller."""
    return split.subset(_spread_rows(split, count, rng))


def _spread_rows(split: Split, count: int, rng: np.random.Generator) -> Tensor:
    rows = np.sort(rng.permutation(len(split))[:count])
    return torch.as_tensor(rows, device=split.x.device)
