"""What a metric compares: samples, and the held-out data of one split."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.metrics.estimators.frechet import Moments, frechet_distance
from harness.metrics.metric import Rules

if TYPE_CHECKING:
    from torch import Tensor

    from harness.metrics.estimators.kernel import KernelDistance


@dataclass(frozen=True)
class Samples:
    """Samples of one setting, in one feature space.

    x:        (K, *shape) those that are looked at one by one, in the space of the data
    features: (N, d) of all
    """

    x: Tensor
    features: Tensor
    rules: Rules
    _moments: dict[int, Moments] = field(default_factory=dict, repr=False)

    def moments(self, count: int = 0) -> Moments:
        """Of the features of the first `count`, of the track's number of samples unless it is given."""
        count = count or self.rules.samples
        if count not in self._moments:
            self._moments[count] = Moments.of_tensor(self.features[:count])
        return self._moments[count]

    @property
    def paired(self) -> Tensor:
        """(n, d) the features of as many as held-out points they are paired with."""
        return self.features[: self.rules.paired_points]


@dataclass(frozen=True)
class Reference:
    """Held-out data of one split, in one feature space.

    moments:       of the features of the whole split
    paired:        (n, d) features of some of its points, for metrics that look at pairs
    train_subsets: subsets of the training data, in the space of the data, each of as many rows as `held_out`
    train_moments: of the features of training data; None on a track that compares with none
    end_terms:     nats of the bound's prior and decoder, for the data that the error curve is measured on
    """

    rules: Rules
    moments: Moments
    paired: Tensor
    train_subsets: list[Tensor]
    held_out: Tensor
    train_moments: Moments | None = None
    end_terms: tuple[float, float] = (0.0, 0.0)

    @functools.cached_property
    def kernel(self) -> KernelDistance:
        """Kernel distances to `paired`."""
        from harness.metrics.estimators.kernel import KernelDistance

        return KernelDistance(self.paired)

    def distance(self, moments: Moments) -> float:
        """Fréchet distance to the split."""
        # With thousands of features a square root takes seconds: then it is the reference's, which is kept.
        return frechet_distance(*((self.moments, moments) if self.rules.fid else (moments, self.moments)))
