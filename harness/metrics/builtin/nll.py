"""The variational bound on held-out data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.metrics.inputs import Reference
from harness.metrics.metric import Metric, register

if TYPE_CHECKING:
    from harness.metrics.estimators.error_curve import ErrorCurve


@register(
    Metric(
        "nll",
        "NLL bound",
        better="lower",
        compare="difference",
        needs=("curve", "data space"),  # bits per value of a latent would read as bits per pixel
        unit="bits/dim",
        summary="variational bound on held-out data",
        at="marks",
        place=70,
    )
)
def nll(curve: ErrorCurve, reference: Reference) -> float:
    """(L_prior + ½ ∫ E‖ε − ε̂‖² dλ + L_decoder) / (dimensions · log 2); see `harness.metrics.estimators.error_curve`."""
    return curve.nll(*reference.end_terms)
