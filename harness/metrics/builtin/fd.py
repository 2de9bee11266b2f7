"""Fréchet distance in the track's feature space, where that is not Inception-v3's."""

from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import Metric, register


@register(
    Metric(
        "fd",
        "Fréchet distance",
        better="lower",
        compare="ratio",
        needs=("features",),
        summary="Gaussian Fréchet distance in the track's feature space",
        splits=("val", "test"),
        at="marks",
        on=lambda rules: not rules.fid,
        place=10,
    )
)
def fd(samples: Samples, reference: Reference) -> float:
    """d² = ‖μ − μ'‖² + tr(C + C' − 2 (C^½ C' C^½)^½) of the features; see `harness.metrics.estimators.frechet`."""
    return reference.distance(samples.moments())
