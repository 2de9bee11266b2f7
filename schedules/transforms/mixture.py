"""Mixtures of densities: p(λ) = Σ w_i p_i(λ)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schedules.densities.density import Array, Density, survival, upper_quantile
from schedules.densities.tabulated import Solved

_SHARES = np.append(np.exp(-np.linspace(40.0, 1.0, 79)), 0.5)


def mixture(parts: Sequence[tuple[Density, float]]) -> Solved:
    """The mixture of densities with positive weights, which are divided by their sum."""
    total = sum(weight for _, weight in parts)
    weighted = [(density, weight / total) for density, weight in parts]

    def average(values: Sequence[Array]) -> Array:
        return np.sum([weight * np.asarray(value) for (_, weight), value in zip(weighted, values, strict=True)], axis=0)

    # Each part's own quantiles: wherever one of them is narrow or reaches far, the table has nodes from the start.
    lower = np.concatenate([np.asarray(density.ppf(_SHARES)) for density, _ in weighted])
    upper = np.concatenate([upper_quantile(density, _SHARES) for density, _ in weighted])
    return Solved(
        pdf=lambda x: average([density.pdf(x) for density, _ in weighted]),
        cdf=lambda x: average([density.cdf(x) for density, _ in weighted]),
        sf=lambda x: average([survival(density, x) for density, _ in weighted]),
        low=float(lower.min()),
        high=float(upper.max()),
        nodes=[*lower, *upper],
    )
