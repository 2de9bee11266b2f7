"""Flow time as the cosine of a uniform draw: what speech models draw."""

from __future__ import annotations

import numpy as np

from schedules import Density, from_time, register
from schedules.densities.density import Array


@register("cosine_time", paper="CosyVoice")
def cosine_time() -> Density:
    """Flow time t = cos(πu/2), u ~ U(0, 1): P(T ≤ t) = (2/π) asin t, most of it near noise.

    λ = 2 ln((1 − t)/t). CosyVoice's code until 2026-01-19 (t_scheduler "cosine", in its time 1 − t, read), uniform
    since; also its followers'. Identity: `flow_uniform|sine:n=1`
    """

    def logsnr(share: Array, rest: Array) -> Array:
        """At t = sin(π share/2), 1 − t = 2 sin²(π rest/4)."""
        return 2.0 * (np.log(2.0) + 2.0 * np.log(np.sin(0.25 * np.pi * rest)) - np.log(np.sin(0.5 * np.pi * share)))

    return from_time(lambda t: logsnr(t, 1.0 - t), complement=lambda rest: logsnr(1.0 - rest, rest))
