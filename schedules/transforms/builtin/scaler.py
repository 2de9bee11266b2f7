"""Würstchen's scaler of time."""

from __future__ import annotations

from schedules.densities.density import Density
from schedules.spaces import Float
from schedules.transforms import TRANSFORMS, register


@register("scaler", space={"c": Float(0.2, 5, log=True)}, paper="arXiv:2306.00637")
def scaler(density: Density, c: float = 1.0) -> Density:
    """λ(t) of the base at t' = 1 − (1 − t)^c for c > 1, t^c for c < 1: more of the noise end, either way.

    c: diffusers' DDPMWuerstchenScheduler calls it scaler, on iddpm_cosine without its clipped β but with ᾱ held in
       [1e-4, 0.9999]. Identity: `retime:a=1,b=1/c` for c > 1, `retime:a=1/c,b=1` for c < 1
    """
    a, b = (1.0, 1.0 / c) if c > 1 else (1.0 / c, 1.0)
    retimed: Density = TRANSFORMS.info("retime").function(density, a, b)
    return retimed
