"""What is measured: names, units, which way is better, and how two entries are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    better:  which direction is good
    compare: "ratio" (log ratio to the baseline, for positive distances and risks) or "difference" (for the rest)
    guided:  whether it is measured on samples, and so at each guidance scale
    """

    name: str
    title: str
    unit: str
    better: Literal["lower", "higher"]
    compare: Literal["ratio", "difference"]
    guided: bool
    summary: str


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "fd",
            "Fréchet distance",
            "",
            "lower",
            "ratio",
            True,
            "Gaussian Fréchet distance in the track's feature space",
        ),
        Metric(
            "kd",
            "Kernel distance",
            "",
            "lower",
            "difference",
            True,
            "unbiased squared MMD, cubic kernel, same features",
        ),
        Metric(
            "kd_se",
            "SE of kd",
            "",
            "lower",
            "difference",
            True,
            "jackknife standard error of kd over groups of samples",
        ),
        Metric(
            "precision", "Precision", "", "higher", "difference", True, "share of samples inside the held-out manifold"
        ),
        Metric(
            "recall", "Recall", "", "higher", "difference", True, "share of held-out data inside the samples' manifold"
        ),
        Metric(
            "memorised",
            "Memorised",
            "",
            "lower",
            "difference",
            True,
            "P(nearest training neighbour closer than nearest held-out one); 0.5 is none",
        ),
        Metric(
            "fd_own_grid",
            "Fréchet distance, own grid",
            "",
            "lower",
            "ratio",
            False,
            "unguided fd when sampled on the schedule's own λ grid",
        ),
        Metric(
            "fd_resampled",
            "Fréchet distance, resampled",
            "",
            "lower",
            "ratio",
            True,
            "fd of the same weights from other sampling noise, at the scale that wins on validation",
        ),
        Metric("nll", "NLL bound", "bits/dim", "lower", "difference", False, "variational bound on held-out data"),
        Metric("eps_error", "ε-error", "", "lower", "ratio", False, "held-out ε-error, mean over the track's λ grid"),
        Metric("excess", "Excess risk", "nats", "lower", "ratio", False, "½∫ E‖ε̂ − ε*‖² dλ above the optimal denoiser"),
    )
}
