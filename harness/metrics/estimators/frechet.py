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


@dataclass(frozen=True)
class Moments:
    """Mean (d,) and covariance (d, d) of a feature cloud, float64."""

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> Moments:
        """Moments of features (N, d); N > 1."""
        features = np.asarray(features, dtype=np.float64)
        return cls(features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False)))

    @classmethod
    def of_tensor(cls, features: Tensor) -> Moments:
        """The same of a tensor on any device; float64 on the CPU, as not every device has it."""
        return cls.of(features.cpu().double().numpy())

    @functools.cached_property
    def root(self) -> np.ndarray:
        """C^½, (d, d): most of a distance's cost, and so kept."""
        values, vectors = np.linalg.eigh(self.covariance)
        root: np.ndarray = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
        return root


def frechet_distance(a: Moments, b: Moments) -> float:
    """Squared Fréchet distance, as FID is reported; never below 0. Of several distances to one cloud, let it be `a`."""
    cross = np.linalg.eigvalsh(a.root @ b.covariance @ a.root)
    shift = np.sum((a.mean - b.mean) ** 2)
    trace = np.trace(a.covariance) + np.trace(b.covariance) - 2 * np.sqrt(np.clip(cross, 0, None)).sum()
    return float(max(shift + trace, 0.0))
