"""Metrics of nearest neighbours: precision, recall, memorisation. Distances are Euclidean; ties count one half."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

NEAREST = 3
MOST_PAIRS = 2**27  # distances held at once: half a GiB


def precision_recall(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """Share of samples within the k-NN balls of the real features, and the reverse (k = 3).

    Source: Kynkäänniemi et al. 2019 (arXiv:1904.06991), eq. 1–2. Clouds (N, d) and (M, d); a size of its own each.
    """
    across = torch.cdist(fake, real)
    inside_real = (across <= _radius(real)).any(dim=1)
    inside_fake = (_radius(fake) >= across.T).any(dim=1)
    return float(inside_real.cpu().double().mean()), float(inside_fake.cpu().double().mean())


def memorised(samples: Tensor, train_subsets: list[Tensor], held_out: Tensor) -> float:
    """P(a sample's nearest neighbour in a training subset is closer than its nearest held-out one); 0.5 is none.

    Averaged over the subsets. Each must have the held-out set's size, or the larger cloud would be nearer by its
    density alone. All are (·, *) in the space of the data.
    """
    to_held_out = _nearest(samples, held_out).cpu()
    shares = []
    for subset in train_subsets:
        to_train = _nearest(samples, subset).cpu()
        shares.append((to_train < to_held_out).double().mean() + 0.5 * (to_train == to_held_out).double().mean())
    return float(torch.stack(shares).mean())


def nearest_rows(samples: Tensor, cloud: Tensor) -> Tensor:
    """(N,) row of the cloud (M, *) that is nearest to each sample (N, *)."""
    return torch.cat([distances.argmin(dim=1) for distances in _distances(samples, cloud)])


def _nearest(samples: Tensor, cloud: Tensor) -> Tensor:
    return torch.cat([distances.amin(dim=1) for distances in _distances(samples, cloud)])


def _distances(samples: Tensor, cloud: Tensor) -> Iterator[Tensor]:
    """Rows of the matrix of distances, as many at a time as `MOST_PAIRS` allows."""
    flat = cloud.flatten(1)
    for part in samples.flatten(1).split(max(1, MOST_PAIRS // len(cloud))):
        yield torch.cdist(part, flat)


def _radius(cloud: Tensor) -> Tensor:
    # The nearest of all is the point itself, at distance 0.
    return torch.cdist(cloud, cloud).kthvalue(NEAREST + 1, dim=1).values
