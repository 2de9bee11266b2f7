"""Leaderboard: who is better than the baseline, by how much, how sure that is, and what training looked like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from app import compare, links, results, standings, theme
from app.charts import frame, intervals
from app.guard import shielded
from app.results import Store
from app.text import code, plain
from leaderboards import exports
from leaderboards.columns import legend
from leaderboards.rows import ALL_TARGETS, Board, Section
from schedules import UserError, parse

PAGE = "leaderboard"
SHOWN_AT_FIRST = 6
MOST = 8  # entries that are compared at once: more than these no figure tells apart

Styles = dict[str, theme.Style]


@dataclass(frozen=True)
class View:
    """What the controls say. target: "all" is over all of them."""

    store: Store
    track: str
    target: str
    metric: str
    guidance: str

    @property
    def address(self) -> dict[str, str]:
        return {"track": self.track, "target": self.target, "metric": self.metric, "guidance": self.guidance}

    def board(self, target: str) -> Board:
        """The board of a target, or of all."""
        wanted = None if target == ALL_TARGETS else target
        return results.board(self.store, self.track, self.metric, wanted, self.guidance)


def page() -> None:
    """The whole page."""
    st.title("Leaderboard", anchor=False)
    store = results.store()
    if not results.exists(store):
        _nothing(store, "There are no results yet.")
        return
    _adopt(links.arrived(PAGE))
    view = _controls(store)
    if not results.targets(store, view.track):
        _nothing(store, f"No run of {view.track} has finished yet.")
        links.show(PAGE, {"track": view.track})
        return
    board = view.board(view.target)
    names = list(dict.fromkeys(row.entry for row in board.rows))
    if not names:
        st.info("No run has a score for this choice.")
        _notes(board)
        links.show(PAGE, view.address)
        return
    styles = theme.styles([*results.entries(store), *names])
    shielded(partial(_standings, view, board, styles))
    links.show(PAGE, {**view.address, **_compare(view, board, names, styles)})


def _adopt(address: links.Address | None) -> None:
    """Set the widgets to what an address says; what it says wrongly falls back to the default when they are drawn."""
    if address is None:
        return
    links.reset(PAGE)
    for key in {"track", "target", "metric", "guidance", "detail", "seed"} & set(address):
        st.session_state[f"{PAGE}.{key}"] = address[key][-1]
    if "entry" in address:
        st.session_state[f"{PAGE}.entries"] = address["entry"]


def _controls(store: Store) -> View:
    """Track, target, metric and guidance; each offers what the ones before it leave."""
    places = st.columns([2, 3, 3, 4], gap="medium")
    names = results.track_names()
    links.offer(f"{PAGE}.track", names, next((name for name in names if results.targets(store, name)), names[0]))
    summaries = "\n\n".join(f"{name}: {results.track_summary(name)}" for name in names)
    with places[0]:
        track = st.selectbox("Track", names, key=f"{PAGE}.track", help=plain(summaries))
    targets = results.targets(store, track)
    targets = targets if len(targets) == 1 else [ALL_TARGETS, *targets]
    links.offer(f"{PAGE}.target", targets, targets[0])
    with places[1]:
        target = st.segmented_control("Prediction target", targets, key=f"{PAGE}.target", required=True)
    metrics = results.recorded(store, track)
    primary = results.primary_metric(track)
    links.offer(f"{PAGE}.metric", list(metrics), primary if primary in metrics else next(iter(metrics)))
    with places[2]:
        metric = st.selectbox(
            "Metric", list(metrics), key=f"{PAGE}.metric", format_func=lambda name: f"{name} · {metrics[name].title}"
        )
    scales = ["best", *(f"{scale:g}" for scale in results.guidance_scales(store, track, metric))]
    links.offer(f"{PAGE}.guidance", scales, "best")
    with places[3]:
        guidance = st.segmented_control(
            "Guidance",
            scales,
            key=f"{PAGE}.guidance",
            required=True,
            disabled=len(scales) < 3,
            help="best: for each entry the scale that wins on the validation split, scored on the test split",
        )
    return View(store, track, str(target), metric, str(guidance))


def _standings(view: View, board: Board, styles: Styles) -> None:
    """The table and the interval plots: of the target, or over all of them and then target by target."""
    if view.target != ALL_TARGETS or board.overall is not None:
        section = board.sections[-1]
        _facts(view, board, section)
        standings.show(board, section, styles)
        left, right = st.columns(2, gap="medium")
        with left, st.container(border=True):
            st.markdown("**Score**")
            st.caption("Diamond: mean. Bar: 95 % interval. Circles: seeds.")
            shielded(lambda: frame.draw(intervals.scores(board, section, styles), "scores", "Scores with intervals"))
        with right, st.container(border=True):
            st.markdown("**Against the baseline**")
            st.caption("Paired seed by seed, with the 95 % interval of the comparison.")
            shielded(lambda: frame.draw(intervals.effects(board, section, styles), "effects", "Paired changes"))
    if view.target == ALL_TARGETS and board.cells:
        st.markdown(f"**Against {code(board.baseline)}, target by target**")
        standings.show_by_target(board, styles)
    left, right = st.columns([1, 4], gap="medium")
    left.download_button(
        "Table as CSV",
        partial(exports.to_csv, board),
        file_name=f"{view.track}-{view.target}-{view.metric}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
    with right:
        _notes(board)


def _facts(view: View, board: Board, section: Section) -> None:
    """The size of the evidence, in a line of figures."""
    runs = results.runs(view.store, view.track)
    seeds = sorted({row.seeds for row in section.rows})
    paired, unpaired = section.noise or (0.0, 0.0)
    facts = {
        "entries": str(len(section.rows)),
        "seeds": str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]}–{seeds[-1]}",
        "targets": str(len(section.targets)),
        "floor": "–" if board.floor is None else f"{board.floor:.3g}",
        "diverged runs": str(int((runs["outcome"] == "diverged").sum())),
        "pairing gain": f"{unpaired / paired:.1f}×" if paired else "–",
    }
    helps = {
        "floor": "the metric between real training and real held-out data: nothing can be told apart below it",
        "pairing gain": "standard deviation of a comparison with the baseline, unpaired over paired by seed;"
        " its square is how many times more seeds it would take unpaired",
    }
    with st.container(horizontal=True, gap="medium"):
        for name, value in facts.items():
            st.metric(name, value, help=helps.get(name), width="content")


def _notes(board: Board) -> None:
    with st.expander("How to read this", icon=":material/help:"):
        st.markdown("\n".join(f"- {plain(line)}" for line in legend(board)))


def _compare(view: View, board: Board, names: list[str], styles: Styles) -> dict[str, str | list[str]]:
    """Chosen entries in detail; returns what was chosen, as far as it is not what everyone sees."""
    st.header("Compare", anchor=False)
    default = names if len(names) <= SHOWN_AT_FIRST else _with_baseline(names[:SHOWN_AT_FIRST], board.baseline, names)
    links.offer_several(f"{PAGE}.entries", names, default)
    left, right = st.columns([3, 1], gap="medium")
    chosen = left.multiselect("Entries", names, key=f"{PAGE}.entries", max_selections=MOST)
    seen: dict[str, str | list[str]] = {} if chosen == default else {"entry": chosen}
    target = view.target
    if target == ALL_TARGETS:
        targets = [section.target for section in board.cells]
        links.offer(f"{PAGE}.detail", targets, targets[0])
        target = str(right.segmented_control("of target", targets, key=f"{PAGE}.detail", required=True))
        seen["detail"] = target
    if not chosen:
        st.info("Choose entries to compare.")
        return seen
    _to_lab(board, chosen)
    ordered = {name: styles[name] for name in names if name in chosen}
    seen |= compare.show(compare.Chosen(view.store, view.track, target, view.board(target), ordered))
    _diverged(view)
    return seen


def _with_baseline(shown: list[str], baseline: str, names: list[str]) -> list[str]:
    return shown if baseline in shown or baseline not in names else [*shown[:-1], baseline]


def _to_lab(board: Board, chosen: list[str]) -> None:
    """A link to the densities of the chosen entries, for those whose schedule this installation knows."""
    specs = []
    for spec in dict.fromkeys(row.schedule for row in board.rows if row.entry in chosen):
        try:
            specs.append(parse(spec).spec)
        except UserError:
            continue
    if specs:
        label, icon = "See where they spend their samples", ":material/show_chart:"
        st.page_link("screens/schedules.py", label=label, icon=icon, query_params={"spec": specs})


def _diverged(view: View) -> None:
    """Runs that diverged, with step and reason: a result, too."""
    runs = results.runs(view.store, view.track)
    runs = runs[runs["outcome"] == "diverged"]
    if len(runs):
        with st.expander(f"Diverged runs ({len(runs)})", icon=":material/warning:"):
            st.dataframe(runs[["entry", "target", "seed", "diverged_step", "reason"]], hide_index=True)


def _nothing(store: Store, what: str) -> None:
    """What to run when there is nothing to show."""
    st.info(f"{plain(what)} Looked in {code(str(store.folder))}.", icon=":material/inbox:")
    st.markdown("Train the built-in schedules and rank them, in a few minutes:")
    st.code("snrbench quickstart", language=None)
    st.markdown("or schedules of your choice:")
    st.code("snrbench run digits-v1 -s cosine -s laplace", language=None)
    st.page_link("screens/schedules.py", label="Look at the schedules meanwhile", icon=":material/show_chart:")


shielded(page)
