"""How far a network is from the best one, on data whose optimal denoiser is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.metrics.inputs import Reference
from harness.metrics.metric import Metric, register

if TYPE_CHECKING:
    from harness.metrics.estimators.error_curve import ErrorCurve


@register(
    Metric(
        "excess",
        "Excess risk",
        better="lower",
        compare="ratio",
        needs=("curve", "optimum"),
        unit="nats",
        summary="½∫ E‖ε̂ − ε*‖² dλ above the optimal denoiser",
        at="marks",
        place=72,
    )
)
def excess(curve: ErrorCurve, reference: Reference) -> float:
    """½ ∫ E‖ε̂ − ε*‖² dλ, in nats."""
    return curve.excess_risk()
