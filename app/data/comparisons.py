"""Cached statistics of what a view ranks, from `leaderboards`: the same keys as in `results`.

Shared, not copied, between visitors: nobody changes them.
"""

from __future__ import annotations

import streamlit as st

from app.data import results
from app.data.page_choice import FULL, View
from app.data.results import KEPT, ResultSource
from leaderboards.comparisons.agreement.agreements import Agreement
from leaderboards.comparisons.agreement.agreements import agreements as every_agreement
from leaderboards.comparisons.choice import Choice, panel_of
from leaderboards.comparisons.score_array import Panel
from leaderboards.comparisons.views.apply import SampleOrWeight, sample_or_weight
from leaderboards.comparisons.views.pareto import Pareto, pareto_of
from leaderboards.comparisons.views.profiles import Profiles, profiles
from leaderboards.comparisons.views.ranks import CriticalDifference, critical_difference
from leaderboards.comparisons.views.resolution import Resolution, Separation, resolutions, separation
from leaderboards.comparisons.views.transfer import Transfer, transfer_of
from leaderboards.comparisons.views.transfer import transfer_over_tracks as over_tracks
from leaderboards.comparisons.views.tuned import TunedTable, tuned_table_of
from leaderboards.comparisons.views.variance import VarianceTable, variances_of
from leaderboards.comparisons.views.wins import Wins, wins
from leaderboards.releases.error_bands import ErrorBands, read_error_bands


def choice(store: ResultSource, view: View) -> Choice:
    """What `leaderboards` is asked; the table is cut to the budget before."""
    return Choice(
        metric=view.metric,
        target=view.one_target,
        guidance=view.guidance,
        keep=results.shown(store, view),
        focus=view.focus or None,
        whole_budget=view.budget == FULL,
    )


@st.cache_resource(max_entries=KEPT, show_spinner="Comparing …")
def panel(store: ResultSource, view: View) -> Panel:
    """The scores of a view, as entries × targets × seeds."""
    return panel_of(results.at_budget(store, view), view.track, choice(store, view))


@st.cache_resource(max_entries=KEPT, show_spinner="Reading curves …")
def error_bands(
    store: ResultSource, track: str, target: str, labels: tuple[str, ...], baseline: str
) -> ErrorBands | None:
    """ε-error against λ as a ratio to the baseline's; None where that has no curve."""
    runs = results.ranked_runs(store, track, target)
    return read_error_bands(store.folder, track, runs[runs["label"].isin([*labels, baseline])], baseline)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def resolution(store: ResultSource, view: View) -> tuple[Resolution, ...]:
    """What difference the runs of a view can show."""
    return resolutions(panel(store, view))


@st.cache_resource(max_entries=4 * KEPT, show_spinner=False)
def separated(store: ResultSource, view: View, first: str, second: str) -> Separation:
    """How two entries compare, and how many more seeds would tell them apart."""
    return separation(panel(store, view), first, second, view.target)


@st.cache_resource(max_entries=KEPT, show_spinner="Comparing orders …")
def transfer(store: ResultSource, view: View, axis: str) -> Transfer | None:
    """Rank correlations between the conditions along an axis."""
    return transfer_of(results.at_budget(store, view), view.track, axis, choice(store, view))


@st.cache_resource(max_entries=KEPT, show_spinner="Comparing tracks …")
def transfer_over_tracks(store: ResultSource, view: View, names: tuple[str, ...]) -> Transfer | None:
    """Rank correlations between tracks."""
    views = {name: view.of(track=name) for name in names}
    return over_tracks(
        {name: results.at_budget(store, of_track) for name, of_track in views.items()},
        Choice(guidance="best"),
        {name: results.shown(store, of_track) for name, of_track in views.items()},
    )


@st.cache_resource(max_entries=KEPT, show_spinner="Comparing with papers …")
def agreements(store: ResultSource, view: View) -> tuple[Agreement, ...]:
    """Every comparison with a published table."""
    return every_agreement(results.at_budget(store, view), view.track, choice(store, view))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def ranks(store: ResultSource, view: View) -> CriticalDifference | None:
    """Average ranks with the critical difference."""
    return critical_difference(panel(store, view))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def performance(store: ResultSource, view: View) -> Profiles | None:
    """Performance profiles."""
    return profiles(panel(store, view))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def win_matrix(store: ResultSource, view: View) -> Wins | None:
    """Who beats whom, as a share of the pairs."""
    return wins(panel(store, view))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def pareto(store: ResultSource, view: View, metrics: tuple[str, ...]) -> Pareto | None:
    """Who is best in several metrics at once."""
    return pareto_of(results.at_budget(store, view), view.track, choice(store, view), metrics=metrics)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def ways_applied(store: ResultSource, view: View) -> SampleOrWeight:
    """Sampling from p against weighting by p."""
    return sample_or_weight(panel(store, view))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def tuned(store: ResultSource, view: View) -> TunedTable:
    """What tuning gained on the test split."""
    return tuned_table_of(results.at_budget(store, view), view.track, choice(store, view))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def variances(store: ResultSource, view: View) -> VarianceTable:
    """Training seed against sampling noise."""
    return variances_of(results.at_budget(store, view), view.track, choice(store, view))
