"""FID: the Fréchet distance in Inception-v3's last pooled layer, to held-out images (Heusel et al. 2017,
arXiv:1706.08500). The number of samples, on which it depends, is part of its name; a track's first is measured along
training, too."""

from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import Metric, register


def fid(thousands: int) -> None:
    """Register the FID of so many thousands of samples."""
    count = 1000 * thousands

    @register(
        Metric(
            f"fid{thousands}k",
            f"FID-{thousands}K",
            better="lower",
            compare="ratio",
            needs=("features",),
            summary=f"Fréchet distance of {thousands},000 samples to held-out data in Inception-v3's last pooled layer",
            splits=("val", "test"),
            on=lambda rules: count in rules.fid,
            place=11,
        )
    )
    def distance(samples: Samples, reference: Reference) -> float:
        return reference.distance(samples.moments(count))


for _thousands in (10, 50):
    fid(_thousands)
