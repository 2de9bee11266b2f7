"""Stretching of λ."""

from __future__ import annotations

from schedules.densities.affine import Affine
from schedules.densities.density import Density
from schedules.spaces import Float
from schedules.transforms import register


@register("scale", space={"by": Float(0.01, 100, log=True)})
def scale(density: Density, by: float = 1.0) -> Density:
    """λ' = by · λ: widens the density around λ = 0 (by > 1) or concentrates it there (by < 1).

    by: factor > 0; `cosine|scale:by=0.5` is `cosine_scaled:s=2`
    """
    return Affine(density, scale=by)
