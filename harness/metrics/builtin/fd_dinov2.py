"""The Fréchet distance in the features of DINOv2 (Stein et al. 2023, arXiv:2306.04675), beside FID."""

from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import Metric, register


def fd_dinov2(thousands: int) -> None:
    """Register that of so many thousands of samples."""
    count = 1000 * thousands

    @register(
        Metric(
            f"fd{thousands}k_dinov2",
            f"FD-DINOv2-{thousands}K",
            better="lower",
            compare="ratio",
            needs=("second features",),
            summary=f"Fréchet distance of {thousands},000 samples to held-out data in DINOv2's features",
            splits=("val", "test"),
            on=lambda rules: count in rules.fid,
            space="DINOv2",
            place=12,
        )
    )
    def distance(samples: Samples, reference: Reference) -> float:
        return reference.distance(samples.moments(count))


for _thousands in (10, 50):
    fd_dinov2(_thousands)
