"""The comparisons beyond a board as text: what `snrbench leaderboard TRACK --view NAME` prints.

A view is a function from a long table and a choice to a `Report`: tables for people, records for programs, and notes.
"""

from __future__ import annotations

from leaderboards.comparisons.reports.across import pareto_view, profiles_view, ranks_view, wins_view
from leaderboards.comparisons.reports.predicts import predicts_view
from leaderboards.comparisons.reports.published_vs_tuned import tuned_view
from leaderboards.comparisons.reports.report import Report, View
from leaderboards.comparisons.reports.resolution import resolution_view
from leaderboards.comparisons.reports.sample_or_weight import apply_view
from leaderboards.comparisons.reports.transfer import transfer_view
from leaderboards.comparisons.reports.variance import variance_view

VIEWS: dict[str, View] = {
    "resolution": resolution_view,
    "transfer": transfer_view,
    "profiles": profiles_view,
    "wins": wins_view,
    "ranks": ranks_view,
    "pareto": pareto_view,
    "apply": apply_view,
    "tuned": tuned_view,
    "variance": variance_view,
    "predicts": predicts_view,
}
"""Name of a view → the function that writes it."""

__all__ = ["VIEWS", "Report", "View"]
