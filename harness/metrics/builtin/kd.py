"""Kernel distance with its standard error: unbiased, so it can be compared between numbers of samples."""

from math import inf

from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import Metric, register


@register(
    Metric(
        "kd",
        "Kernel distance",
        better="lower",
        compare="difference",
        needs=("features",),
        summary="unbiased squared MMD, cubic kernel, same features",
        splits=("val", "test"),
        place=20,
    ),
    Metric(
        "kd_se",
        "SE of kd",
        better="lower",
        compare="difference",
        needs=("features",),
        summary="jackknife standard error of kd over groups of samples",
        splits=("val", "test"),
        ranks=False,
        error_of="kd",
        bounds=(0.0, inf),
        place=21,
    ),
)
def kd(samples: Samples, reference: Reference) -> tuple[float, float]:
    """mean_{i≠j} k(rᵢ, rⱼ) + mean_{i≠j} k(fᵢ, fⱼ) − 2 mean k(rᵢ, fⱼ), and its error; see `estimators.kernel`."""
    return reference.kernel(samples.paired)
