"""What is measured: names, units, which way is better, and how two entries are compared."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

SHARE = (0.0, 1.0)


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    better:  which direction is good
    compare: "ratio" (log ratio to the baseline, for positive distances and risks) or "difference" (for the rest)
    guided:  whether it is measured on samples, and so at each guidance scale
    ranks:   False for what is only told beside the others
    space:   the feature space, where it is not the track's own
    bounds:  least and largest value that a run can have scored; None: 0 and ∞ where it is compared by ratio, else −∞, ∞
    """

    name: str
    title: str
    unit: str
    better: Literal["lower", "higher"]
    compare: Literal["ratio", "difference"]
    guided: bool
    summary: str
    ranks: bool = True
    space: str = ""
    bounds: tuple[float, float] | None = None

    def takes(self, value: float) -> bool:
        """Whether a run can have scored this value: not NaN, not infinite, and within the metric's bounds."""
        low, high = self.bounds or ((0.0, inf) if self.compare == "ratio" else (-inf, inf))
        return -inf < value < inf and low <= value <= high


DINOV2 = "DINOv2"


def _fid(thousands: int) -> Metric:
    summary = f"Fréchet distance of {thousands},000 samples to held-out data in Inception-v3's last pooled layer"
    return Metric(f"fid{thousands}k", f"FID-{thousands}K", "", "lower", "ratio", True, summary)


def _fd_dinov2(thousands: int) -> Metric:
    name, title = f"fd{thousands}k_dinov2", f"FD-DINOv2-{thousands}K"
    summary = f"Fréchet distance of {thousands},000 samples to held-out data in DINOv2's features"
    return Metric(name, title, "", "lower", "ratio", True, summary, space=DINOV2)


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
        _fid(10),
        _fid(50),
        _fd_dinov2(10),
        _fd_dinov2(50),
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
            bounds=(0.0, inf),
        ),
        Metric(
            "precision",
            "Precision",
            "",
            "higher",
            "difference",
            True,
            "share of samples inside the held-out manifold",
            bounds=SHARE,
        ),
        Metric(
            "recall",
            "Recall",
            "",
            "higher",
            "difference",
            True,
            "share of held-out data inside the samples' manifold",
            bounds=SHARE,
        ),
        Metric(
            "precision_dinov2",
            "Precision, DINOv2",
            "",
            "higher",
            "difference",
            True,
            "precision in DINOv2's features",
            space=DINOV2,
            bounds=SHARE,
        ),
        Metric(
            "recall_dinov2",
            "Recall, DINOv2",
            "",
            "higher",
            "difference",
            True,
            "recall in DINOv2's features",
            space=DINOV2,
            bounds=SHARE,
        ),
        Metric(
            "fid10k_to_train",
            "FID-10K to training data",
            "",
            "lower",
            "ratio",
            True,
            "the usual FID, to training data: below its floor as soon as a model memorises, so it never ranks",
            ranks=False,
        ),
        Metric(
            "memorised",
            "Memorised",
            "",
            "lower",
            "difference",
            True,
            "P(nearest training neighbour closer than nearest held-out one); 0.5 is none",
            bounds=SHARE,
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
