"""Kernel distance: unbiased squared MMD with the cubic kernel (x·y/d + 1)³ (Bińkowski et al. 2018, arXiv:1801.01401).

    kd = mean_{i≠j} k(rᵢ, rⱼ) + mean_{i≠j} k(fᵢ, fⱼ) − 2 mean k(rᵢ, fⱼ)

Not torchmetrics' KID: its spread over overlapping random subsets is no standard error, its estimator wants clouds
of one size, and importing it costs a worker six seconds. The tests compare the two.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

GROUPS = 10


class KernelDistance:
    """Distances to one reference cloud (N, d)."""

    def __init__(self, reference: Tensor) -> None:
        self.reference = reference
        self._within = _block_sums(reference, reference, diagonal=False)

    def __call__(self, cloud: Tensor) -> tuple[float, float]:
        """(kd, standard error) of `cloud` (M, d).

        The standard error is the delete-a-group jackknife: each of `GROUPS` groups is left out of both clouds in turn,
        so it holds the sampling of both and does not shrink with the number of resamples. Where the clouds agree it
        errs on the wide side (by up to 2×), as the estimator is degenerate there.
        """
        sums = (self._within, _block_sums(self.reference, cloud), _block_sums(cloud, cloud, diagonal=False))
        sizes = (_sizes(self.reference), _sizes(cloud))
        left_out = [_distance(sums, sizes, torch.arange(GROUPS) != group) for group in range(GROUPS)]
        spread = sum((value - sum(left_out) / GROUPS) ** 2 for value in left_out)
        return _distance(sums, sizes, torch.ones(GROUPS, dtype=torch.bool)), math.sqrt((GROUPS - 1) / GROUPS * spread)


def _distance(sums: tuple[Tensor, Tensor, Tensor], sizes: tuple[Tensor, Tensor], keep: Tensor) -> float:
    real, across, fake = (float(block[keep][:, keep].sum()) for block in sums)
    n, m = (float(size[keep].sum()) for size in sizes)
    return real / (n * (n - 1)) + fake / (m * (m - 1)) - 2 * across / (n * m)


def _block_sums(x: Tensor, y: Tensor, diagonal: bool = True) -> Tensor:
    """(GROUPS, GROUPS) sums of the kernel over pairs of groups; rows go to groups in turn."""
    kernel = (x @ y.T / x.shape[1] + 1).pow_(3)
    if not diagonal:
        kernel.fill_diagonal_(0)
    return (_members(x).T @ (kernel @ _members(y))).cpu().double()


def _members(cloud: Tensor) -> Tensor:
    return _membership(len(cloud), cloud.dtype, cloud.device)


@functools.lru_cache(maxsize=8)
def _membership(rows: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(rows, GROUPS) 1 where a row is in a group; the same for every set of samples of a track."""
    return torch.nn.functional.one_hot(torch.arange(rows, device=device) % GROUPS, GROUPS).to(dtype)


def _sizes(cloud: Tensor) -> Tensor:
    return _members(cloud).sum(dim=0).cpu()
