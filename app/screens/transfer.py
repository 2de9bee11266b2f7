"""Transfer: does the order of schedules hold elsewhere, and what does it rest on?"""

from __future__ import annotations

from functools import partial
from math import isfinite

import streamlit as st

from app.charts import frame, transfer
from app.data import comparisons, links, results
from app.data.page_choice import View
from app.data.results import ResultSource
from app.style import theme
from app.style.plain_text import code, plain
from app.widgets import controls, empty_state, grid
from app.widgets.card_heading import head
from app.widgets.cards import published_agreement
from app.widgets.error_boundary import shielded
from app.widgets.grid import Cell, Column
from leaderboards.boards.query import METRICS
from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.comparisons.views.pareto import PARETO_METRICS
from leaderboards.wording import p_text, with_interval

PAGE, NOTES = "transfer", "_transfer_notes"
AXES = {
    "target": "prediction targets",
    "guidance": "guidance scales",
    "mark": "training budgets",
    "metric": "metrics",
    "grid": "sampling grids",
    "track": "tracks",
}
MOST = 20
"""Entries that a diagram names."""
SECONDS = {"seconds": "training time, s"}


def page() -> None:
    """The whole page."""
    st.title("Transfer", anchor=False)
    st.caption(
        "A ranking is worth more if it holds for other targets, budgets, metrics and tracks. Here is whether it does."
    )
    store = results.store()
    if not results.exists(store):
        empty_state.results(store, "There are no results yet.")
        return
    controls.adopt(PAGE, links.arrived(PAGE), more=("axis", "across", "up", "paper"))
    store = controls.sources(PAGE, store)
    view = controls.view(PAGE, store, narrowing=True)
    controls.left_out(store, view.track)
    if not results.targets(store, view.track):
        empty_state.results(store, f"No run of {view.track} has finished yet.")
        links.show(PAGE, {"track": view.track})
        return
    baseline = results.board(store, view).baseline
    st.session_state[NOTES] = []
    seen: dict[str, str] = {}
    with st.container(border=True):
        shielded(lambda: seen.update(_orders(store, view)))
    with st.container(border=True):
        shielded(lambda: seen.update(published_agreement.show(PAGE, store, view)))
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True, height="stretch"):
        shielded(partial(_ranks, store, view, baseline))
    with right, st.container(border=True, height="stretch"):
        shielded(partial(_wins, store, view))
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True, height="stretch"):
        shielded(partial(_profiles, store, view, baseline))
    with right, st.container(border=True, height="stretch"):
        shielded(lambda: seen.update(_front(store, view, baseline)))
    with st.container(border=True):
        shielded(partial(_ways, store, view))
    with st.container(border=True):
        shielded(partial(_noise, store, view))
    _left_out()
    links.show(PAGE, {**view.address, **controls.of_sources(store), **seen})


def _orders(store: ResultSource, view: View) -> dict[str, str]:
    """The matrix of rank correlations along one axis."""
    head(
        "Does the order hold?",
        "Kendall's τ between two orders: 1 the same, 0 unrelated, −1 reversed. Diagonal: the same condition with other"
        " seeds, which is all that noise leaves.",
    )
    links.offer(f"{PAGE}.axis", list(AXES), "target")
    axis = str(
        st.segmented_control("Over", list(AXES), key=f"{PAGE}.axis", format_func=AXES.__getitem__, required=True)
    )
    seen = {"axis": axis if axis != "target" else ""}
    correlations = (
        _over_tracks(store, view) if axis == "track" else comparisons.transfer(store, _whole(view, axis), axis)
    )
    if correlations is None or len(correlations.labels) < 2:
        st.info(f"This needs two {AXES[axis]} with two entries in common.", icon=":material/inbox:")
        return seen
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw(transfer.correlations(correlations), "correlations", "Rank correlations")
    with right:
        st.caption(f"{len(correlations.labels)} entries, {_seeds(correlations.seeds)}")
        lines = _leaders(correlations.leaders)
        beats = [win for win in correlations.only if win.kind != "leads"]
        lines += [f"- {code(win.entry)} beats the baseline at {plain(win.condition)} only" for win in beats[:6]]
        st.markdown("\n".join(lines))
        _notes(correlations.notes)
    return seen


def _leaders(leaders: dict[str, str]) -> list[str]:
    """Who has the best mean under which condition, in a line for each leader."""
    by_entry: dict[str, list[str]] = {}
    for condition, entry in leaders.items():
        by_entry.setdefault(entry, []).append(plain(condition))
    if len(by_entry) == 1:
        return [f"- {code(next(iter(by_entry)))} leads everywhere"]
    return [f"- {code(entry)} leads at {', '.join(where)}" for entry, where in by_entry.items()]


def _whole(view: View, axis: str) -> View:
    """What an axis goes over is not chosen."""
    return view.of(target=ALL_TARGETS) if axis == "target" else view.of(budget="1") if axis == "mark" else view


def _over_tracks(store: ResultSource, view: View) -> comparisons.Transfer | None:
    names = tuple(name for name in results.track_names() if results.targets(store, name))
    return comparisons.transfer_over_tracks(store, View(view.track, search=view.search, family=view.family), names)


def _ranks(store: ResultSource, view: View, baseline: str) -> None:
    ranks = comparisons.ranks(store, view)
    head(
        "Average ranks",
        "Friedman and Nemenyi, over seeds: a bar joins entries that lie within the critical difference of each other.",
    )
    if ranks is None:
        st.info("This needs two seeds of two entries.")
        return
    if ranks.cd > min(MOST, len(ranks.labels)):
        st.info(
            f"The critical difference is {ranks.cd:.1f} ranks, more than the {min(MOST, len(ranks.labels))} entries"
            " that a figure has room for: it tells nothing apart that the board does not."
        )
        return
    _draw(transfer.average_ranks(ranks, baseline, MOST), "ranks", "Average ranks with the critical difference")
    more = f"; the best {MOST} of {len(ranks.labels)} entries" if len(ranks.labels) > MOST else ""
    test = f", p {p_text(ranks.p)} against all entries being alike (Iman–Davenport)" if isfinite(ranks.p) else ""
    st.caption(plain(f"{_seeds(ranks.seeds)}, {', '.join(ranks.cells)}{test}{more}"))
    _notes(ranks.notes)


def _wins(store: ResultSource, view: View) -> None:
    matrix = comparisons.win_matrix(store, view)
    head(
        "Wins",
        "How often, in per cent of targets and seeds, the row beats the column; bold where a test shows it (Holm).",
    )
    if matrix is None:
        st.info("This needs two entries with a seed in common.")
        return
    most = 9  # a phone has room for no more
    _draw(transfer.win_shares(matrix, most), "wins", "Win matrix")
    if len(matrix.labels) > most:
        st.caption(f"the best {most} of {len(matrix.labels)} entries")
    _notes(matrix.notes)


def _profiles(store: ResultSource, view: View, baseline: str) -> None:
    performance = comparisons.performance(store, view)
    head("Performance profiles", "How often an entry is nearly the best: the higher and the further left, the better.")
    if performance is None:
        st.info("This needs two entries with a seed in common.")
        return
    metric = METRICS[view.metric]
    _draw(transfer.profiles(performance, baseline, metric), "profiles", "Performance profiles")
    st.caption(plain(f"{performance.pairs} pairs of target and seed; entries beyond the best {transfer.LIT} are grey."))
    _notes(performance.notes)


def _front(store: ResultSource, view: View, baseline: str) -> dict[str, str]:
    pareto = comparisons.pareto(store, view, PARETO_METRICS)
    head("Pareto front", "Entries that nothing beats in every metric at once; the others are grey.")
    if pareto is None or len(pareto.metrics) < 2:
        st.info("This needs two metrics of two entries.")
        return {}
    titles = {name: METRICS[name].title if name in METRICS else SECONDS[name] for name in pareto.metrics}
    links.offer(f"{PAGE}.across", list(pareto.metrics), pareto.metrics[0])
    with st.container(horizontal=True, gap="small"):
        across = str(
            st.selectbox(
                "Across", list(pareto.metrics), key=f"{PAGE}.across", format_func=titles.__getitem__, width=180
            )
        )
        rest = [name for name in pareto.metrics if name != across]
        links.offer(f"{PAGE}.up", rest, rest[0])
        up = str(st.selectbox("Up", rest, key=f"{PAGE}.up", format_func=titles.__getitem__, width=180))
    frame.draw(transfer.front(pareto, across, up, titles, baseline), f"{PAGE}-figure.front", "Pareto front", least=1)
    st.caption(
        plain(
            f"{int(pareto.front.sum())} of {len(pareto.labels)} entries are on the front of {', '.join(pareto.metrics)}"
        )
    )
    _notes(pareto.notes)
    return {"across": across if across != pareto.metrics[0] else "", "up": up if up != rest[0] else ""}


def _ways(store: ResultSource, view: View) -> None:
    """Sampling from p against weighting by p."""
    head(
        "Sampled, or weighted?",
        "Drawing λ from p and weighting the baseline's draws by p / p_baseline have the same expectation. What the"
        " schedule gains is the product of what its weight gains and of what sampling by it gains on top.",
    )
    ways = comparisons.ways_applied(store, view)
    if not ways.rows:
        st.info("No schedule was run both ways yet; this runs one by weight:")
        st.code(f"snrbench run {view.track} -s laplace --apply weight", language=None)
        return
    effects = ("against the baseline", "by its weight alone", "by sampling, on top")
    heads = [
        Column("entry", "entry"),
        Column("target"),
        *(Column(name, align="right", phone="small") for name in effects),
    ]
    heads.append(Column("verdict"))
    rows = []
    for row in ways.rows:
        cells: list[Cell] = [grid.name(row.entry, theme.colour(row.entry)), row.target]
        cells += [effect.text for effect in (row.total, row.weight, row.sampling)]
        rows.append(grid.Row(f"{row.entry} {row.target}", [*cells, row.verdict]))
    grid.show(heads, rows, f"{PAGE}.ways", "Sampling against weighting")
    _notes(ways.notes)


def _noise(store: ResultSource, view: View) -> None:
    """Where the spread over seeds comes from."""
    head(
        "What the noise is made of",
        "fd of the same weights from a second set of sampling noise splits the spread over seeds in two; standard"
        " deviations of log fd.",
    )
    variances = comparisons.variances(store, view)
    rows = [row for row in variances.rows if row.entry == "all"]
    if not rows:
        st.info("No run has fd from a second set of sampling noise.")
        return
    kinds = {"score": "of a score", "ratio": "of a ratio to the baseline"}
    heads = [
        Column("spread"),
        Column("target", phone="small"),
        Column("training seed [95 %]", align="right", phone="small"),
    ]
    heads += [Column("sampling noise [95 %]", align="right", phone="small"), Column("share of sampling", "bar")]
    grid_rows = []
    for row in rows:
        split = row.split
        share = (
            {"share": split.share, "text": f"{split.share:.0%}", "colour": theme.NEUTRAL}
            if isfinite(split.share)
            else None
        )
        parts = [
            (split.training, split.training_low, split.training_high),
            (split.sampling, split.sampling_low, split.sampling_high),
        ]
        cells: list[Cell] = [kinds.get(row.of, row.of), row.target, *(_spread(*part) for part in parts), share]
        grid_rows.append(grid.Row(f"{row.of} {row.target}", cells))
    grid.show(heads, grid_rows, f"{PAGE}.noise", "Training seed against sampling noise")
    _notes(variances.notes)


def _spread(value: float, low: float, high: float) -> str:
    return with_interval(value, low, high)


def _notes(notes: tuple[str, ...]) -> None:
    """Keep what a reader must know for the end of the page, each once."""
    st.session_state[NOTES] = [*st.session_state.get(NOTES, []), *notes]


def _left_out() -> None:
    """What no part of the page could take, and why."""
    notes = list(dict.fromkeys(st.session_state.pop(NOTES, [])))
    if notes:
        with st.expander("What was left out, and why", icon=":material/help:"):
            st.markdown("\n".join(f"- {plain(note)}" for note in notes))


def _draw(figure: frame.Figure, name: str, alt: str) -> None:
    frame.draw(figure, f"{PAGE}-figure.{name}", alt)


def _seeds(count: int) -> str:
    return f"{count} seed{'s' if count != 1 else ''}"


shielded(page)
