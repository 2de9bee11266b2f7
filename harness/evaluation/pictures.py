"""Samples as they are shown, each beside its nearest training data."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.evaluation.references import References
from harness.metrics.estimators.neighbours import nearest_rows

SHOWN_ROWS = 8
MOST_COLUMNS = 16
MOST_SHOWN = SHOWN_ROWS * MOST_COLUMNS


def shown(samples: Tensor, references: References) -> tuple[Tensor, Tensor]:
    """(rows, columns, *shape) the first samples, a column for each label, and the nearest training data of each."""
    data, rules = references.data, references.rules
    columns = min(max(1, data.classes), MOST_COLUMNS)
    first = samples[: SHOWN_ROWS * columns]
    if rules.neighbours:
        pool, like = torch.cat(references.train_subsets), references.train_subsets[0]
        pictures = [references.space.pictures(x, like) for x in (first, pool[nearest_rows(first, pool)])]
    else:
        train = data.train.x
        low, high = train.min(), train.max()
        pairs = (first, train[nearest_rows(first, train)])
        pictures = [((x - low) / (high - low)).clamp(0, 1) for x in pairs]
    samples_shown, nearest = (x.unflatten(0, (-1, columns)) for x in pictures)
    return samples_shown, nearest
