"""Precision and recall of nearest-neighbour manifolds, in the track's feature space and in its second one."""

from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import SHARE, Metric, register


@register(
    Metric(
        "precision",
        "Precision",
        better="higher",
        compare="difference",
        needs=("features",),
        summary="share of samples inside the held-out manifold",
        bounds=SHARE,
        place=30,
    ),
    Metric(
        "recall",
        "Recall",
        better="higher",
        compare="difference",
        needs=("features",),
        summary="share of held-out data inside the samples' manifold",
        bounds=SHARE,
        place=31,
    ),
)
@register(
    Metric(
        "precision_dinov2",
        "Precision, DINOv2",
        better="higher",
        compare="difference",
        needs=("second features",),
        summary="precision in DINOv2's features",
        space="DINOv2",
        bounds=SHARE,
        place=32,
    ),
    Metric(
        "recall_dinov2",
        "Recall, DINOv2",
        better="higher",
        compare="difference",
        needs=("second features",),
        summary="recall in DINOv2's features",
        space="DINOv2",
        bounds=SHARE,
        place=33,
    ),
)
def precision_recall(samples: Samples, reference: Reference) -> tuple[float, float]:
    """Share of samples within the balls of 3 nearest neighbours of the held-out features, and the reverse."""
    from harness.metrics.estimators import neighbours

    return neighbours.precision_recall(reference.paired, samples.paired)
