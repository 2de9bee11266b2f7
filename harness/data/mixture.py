"""A Gaussian mixture and its optimal denoiser.

x₀ ~ Σₖ wₖ N(mₖ, Cₖ). At x = α x₀ + σ ε component k is N(α mₖ, α² Cₖ + σ² I), so with responsibilities rₖ(x)

    E[ε | x] = Σₖ rₖ(x) σ (α² Cₖ + σ² I)⁻¹ (x − α mₖ).

Everything is float64: the excess risk of a good network is small against rounding in float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.data.dataset import Dataset, Split


@dataclass(frozen=True)
class Mixture:
    """weights (K,), means (K, d), covariances (K, d, d), float64 tensors."""

    weights: Tensor
    means: Tensor
    covariances: Tensor

    def sample(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """`count` draws (count, d) and the component of each (count,)."""
        component = torch.from_numpy(rng.choice(len(self.weights), size=count, p=self.weights.numpy()))
        normal = torch.from_numpy(rng.standard_normal((count, self.means.shape[1])))
        factors = torch.linalg.cholesky(self.covariances)
        return self.means[component] + torch.einsum("nij,nj->ni", factors[component], normal), component

    def eps(self, x: Tensor, logsnr: Tensor) -> Tensor:
        """Optimal E[ε | x], (B, d), for x (B, d) and λ (B,)."""
        alpha, sigma = _scales(logsnr)
        rotated, variances = self._components(x.double(), alpha, sigma)
        log_density = _log_normal(rotated, variances)
        share = torch.softmax(log_density + self.weights.log(), dim=1)
        basis = torch.linalg.eigh(self.covariances)[1]
        whitened = torch.einsum("kij,nkj->nki", basis, rotated / variances)
        return (share[:, :, None] * whitened).sum(dim=1) * sigma[:, None]

    def log_density(self, x0: Tensor) -> Tensor:
        """ln p(x₀), (B,), in nats."""
        ones, zeros = torch.ones(len(x0), dtype=torch.float64), torch.zeros(len(x0), dtype=torch.float64)
        rotated, variances = self._components(x0.double(), ones, zeros)
        return torch.logsumexp(_log_normal(rotated, variances) + self.weights.log(), dim=1)

    def _components(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """x minus each component's mean, in that component's eigenbasis, and the variances there: (B, K, d) each."""
        values, basis = torch.linalg.eigh(self.covariances)
        centred = x[:, None, :] - alpha[:, None, None] * self.means
        rotated = torch.einsum("kji,nkj->nki", basis, centred)
        variances = alpha[:, None, None] ** 2 * values + sigma[:, None, None] ** 2
        return rotated, variances


def _scales(logsnr: Tensor) -> tuple[Tensor, Tensor]:
    logsnr = logsnr.double()
    return torch.sigmoid(logsnr).sqrt(), torch.sigmoid(-logsnr).sqrt()


def _log_normal(rotated: Tensor, variances: Tensor) -> Tensor:
    return -0.5 * (rotated.square() / variances + variances.log() + math.log(2 * math.pi)).sum(dim=2)


def unit_variance(mixture: Mixture) -> tuple[Mixture, float, float]:
    """The mixture with mean 0 and mean variance 1 over its coordinates, and the mean and scale that were taken out.

    One number each, as for images: coordinates keep their different means and spreads.
    """
    weights, means = mixture.weights, mixture.means
    mean = float((weights[:, None] * means).sum(dim=0).mean())
    second = torch.diagonal(mixture.covariances, dim1=1, dim2=2) + (means - mean).square()
    std = float((weights[:, None] * second).sum(dim=0).mean().sqrt())
    return Mixture(weights, (means - mean) / std, mixture.covariances / std**2), mean, std


def clustered(dimensions: int, components: int, spread: float, seed: int) -> Mixture:
    """Components with standard normal means and random covariances of standard deviations `spread`·[0.5, 1.5]."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(components, 5.0))
    means = rng.standard_normal((components, dimensions))
    bases = np.linalg.qr(rng.standard_normal((components, dimensions, dimensions)))[0]
    variances = (spread * rng.uniform(0.5, 1.5, (components, dimensions))) ** 2
    covariances = np.einsum("kij,kj,klj->kil", bases, variances, bases)
    return Mixture(torch.from_numpy(weights), torch.from_numpy(means), torch.from_numpy(covariances))


def load(
    dimensions: int = 4,
    components: int = 8,
    spread: float = 0.2,
    train: int = 65536,
    held_out: int = 2048,
    seed: int = 0,
) -> Dataset:
    """Splits drawn from the scaled mixture; unlabelled; `truth` is the mixture itself."""
    mixture, mean, std = unit_variance(clustered(dimensions, components, spread, seed))

    def split(count: int, stream: int) -> Split:
        x, component = mixture.sample(count, np.random.default_rng([seed, stream]))
        return Split(x.float(), torch.zeros_like(component), torch.arange(count))

    return Dataset(
        split(train, 1), split(held_out, 2), split(held_out, 3), classes=0, mean=mean, std=std, truth=mixture
    )
