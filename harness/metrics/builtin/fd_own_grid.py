"""The distance when the sampler steps evenly in the schedule's own time, as its authors would sample."""

from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import Metric, register


@register(
    Metric(
        "fd_own_grid",
        "Fréchet distance, own grid",
        better="lower",
        compare="ratio",
        needs=("own grid",),
        summary="unguided fd when sampled on the schedule's own λ grid",
        place=60,
    )
)
def fd_own_grid(samples: Samples, reference: Reference) -> float:
    """The track's Fréchet distance of these samples."""
    return reference.distance(samples.moments())
