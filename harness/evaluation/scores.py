"""What an evaluation gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from harness.metrics.estimators.error_curve import ErrorCurve
from harness.metrics.keys import Measured


class NotFinite(Exception):  # noqa: N818 - a result, not an error
    """Samples are no numbers, so that no distance can be taken of them."""


@dataclass
class Scores:
    """What one evaluation measured.

    shown:   (rows, columns, *shape) unguided samples, a column for each label, the data's range scaled to [0, 1]; where
             there are more labels than `pictures.MOST_COLUMNS`, a sample for each of the first ones
    nearest: the nearest training data of each of them, alike
    """

    values: dict[Measured, float] = field(default_factory=dict)
    curve: ErrorCurve | None = None
    shown: Tensor | None = None
    nearest: Tensor | None = None
    samples_drawn: int = 0
