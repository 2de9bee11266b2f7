"""Whether samples are nearer to training data than held-out data let one expect."""

from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import SHARE, Metric, register


@register(
    Metric(
        "memorised",
        "Memorised",
        better="lower",
        compare="difference",
        needs=("samples",),
        summary="P(nearest training neighbour closer than nearest held-out one); 0.5 is none",
        at="marks",
        bounds=SHARE,
        place=50,
    )
)
def memorised(samples: Samples, reference: Reference) -> float:
    """P(‖x − nearest of a training subset‖ < ‖x − nearest held-out‖); see `harness.metrics.estimators.neighbours`."""
    from harness.metrics.estimators import neighbours

    return neighbours.memorised(samples.x, reference.train_subsets, reference.held_out)
