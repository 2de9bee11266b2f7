"""The ε-error itself, as one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.metrics.inputs import Reference
from harness.metrics.metric import Metric, register

if TYPE_CHECKING:
    from harness.metrics.estimators.error_curve import ErrorCurve


@register(
    Metric(
        "eps_error",
        "ε-error",
        better="lower",
        compare="ratio",
        needs=("curve",),
        summary="held-out ε-error, mean over the track's λ grid",
        at="marks",
        place=71,
    )
)
def eps_error(curve: ErrorCurve, reference: Reference) -> float:
    """Mean over the grid of E‖ε − ε̂‖² per dimension."""
    return curve.mean()
