"""Fréchet distance between two feature clouds, each taken as a Gaussian.

d² = ‖μ₁ − μ₂‖² + tr C₁ + tr C₂ − 2 tr (C₁^½ C₂ C₁^½)^½   (Dowson & Landau 1982; Heusel et al. 2017, arXiv:1706.08500)

The last trace is the sum of square roots of the eigenvalues of a symmetric matrix, in float64: no general matrix
square root, whose rounding leaves imaginary parts.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


LARGE = 512
"""Dimensions from which on a CUDA device is faster; its solver takes milliseconds for the smallest matrix."""


@dataclass(frozen=True)
class Moments:
    """Mean (d,) and covariance (d, d) of a feature cloud, float64. device: where it is worked with"""

    mean: np.ndarray
    covariance: np.ndarray
    device: str = "cpu"

    @classmethod
    def of(cls, features: np.ndarray) -> Moments:
        """Moments of features (N, d); N > 1."""
        features = np.asarray(features, dtype=np.float64)
        return cls(features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False)))

    @classmethod
    def of_tensor(cls, features: Tensor) -> Moments:
        """The same of a tensor on any device; float64 on the CPU, as not every device has it, unless it is large."""
        if features.device.type != "cuda" or features.shape[1] < LARGE:
            return cls.of(features.cpu().double().numpy())
        import torch

        cloud = features.double()
        return cls(cloud.mean(dim=0).cpu().numpy(), torch.cov(cloud.T).cpu().numpy(), str(features.device))

    @functools.cached_property
    def root(self) -> np.ndarray:
        """C^½, (d, d): most of a distance's cost, and so kept."""
        if self.device == "cpu":
            values, vectors = np.linalg.eigh(self.covariance)
            root: np.ndarray = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
            return root
        import torch

        eigenvalues, basis = torch.linalg.eigh(torch.from_numpy(self.covariance).to(self.device))
        on_host: np.ndarray = (basis * eigenvalues.clamp(min=0).sqrt() @ basis.T).cpu().numpy()
        return on_host


def frechet_distance(a: Moments, b: Moments) -> float:
    """Squared Fréchet distance, as FID is reported; never below 0. Of several distances to one cloud, let it be `a`."""
    cross = _eigenvalues(a, b)
    shift = np.sum((a.mean - b.mean) ** 2)
    trace = np.trace(a.covariance) + np.trace(b.covariance) - 2 * np.sqrt(np.clip(cross, 0, None)).sum()
    return float(max(shift + trace, 0.0))


def _eigenvalues(a: Moments, b: Moments) -> np.ndarray:
    """Of A^½ B A^½, (d,)."""
    if a.device == "cpu":
        values: np.ndarray = np.linalg.eigvalsh(a.root @ b.covariance @ a.root)
        return values
    import torch

    root, covariance = (torch.from_numpy(matrix).to(a.device) for matrix in (a.root, b.covariance))
    on_host: np.ndarray = torch.linalg.eigvalsh(root @ covariance @ root).cpu().numpy()
    return on_host
