"""The distance once more from other sampling noise: how much of a score's scatter is the sampler's."""

from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import Metric, register


@register(
    Metric(
        "fd_resampled",
        "Fréchet distance, resampled",
        better="lower",
        compare="ratio",
        needs=("resampled",),
        summary="fd of the same weights from other sampling noise, at the scale that wins on validation",
        place=61,
    )
)
def fd_resampled(samples: Samples, reference: Reference) -> float:
    """The track's Fréchet distance of these samples."""
    return reference.distance(samples.moments())
