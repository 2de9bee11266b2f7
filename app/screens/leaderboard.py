"""Leaderboard: who is better than the baseline, by how much, and how sure that is."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from app.data import guide_links, links, results
from app.data.guide_links import Topic
from app.data.page_choice import View
from app.data.results import ResultSource
from app.style.plain_text import code, plain
from app.widgets import controls, empty_state, headline, ranked_table
from app.widgets.cards import flags_of_entries
from app.widgets.error_boundary import shielded
from app.widgets.grid import Selection
from leaderboards.boards.rows import Board, Section
from leaderboards.data.scale import Scale
from leaderboards.render import formats
from leaderboards.render.columns import legend

PAGE = "leaderboard"
ROWS = 25
"""Rows that are shown before someone asks for all."""
FEW = 12
"""Rows of the table that has a target in each column."""
MOST = 8
"""Entries that are compared at once: more than these no figure tells apart."""
FILES = {"csv": "text/csv", "json": "application/json", "md": "text/markdown"}


def page() -> None:
    """The whole page."""
    st.title("Leaderboard", anchor=False)
    _about()
    store = results.store()
    if not results.exists(store):
        empty_state.results(store, "There are no results yet.")
        return
    controls.adopt(PAGE, links.arrived(PAGE), more=("order", "rows", "trainer"), several=("entry",))
    store = controls.sources(PAGE, store)
    why_not_all = partial(results.why_not_over_targets, store)
    view = controls.view(PAGE, store, narrowing=True, focusing=True, why_not_all=why_not_all)
    controls.left_out(store, view.track)
    if not results.targets(store, view.track):
        empty_state.results(store, f"No run of {view.track} has finished yet.")
        links.show(PAGE, {"track": view.track})
        return
    board = results.board(store, view)
    section = board.sections[-1] if board.sections else None
    if section is None or not section.rows:
        st.info("No run has a score for this choice.", icon=":material/filter_alt_off:")
        _notes(board)
        links.show(PAGE, {**view.address, **controls.of_sources(store)})
        return
    seen: dict[str, str | list[str]] = {}
    shielded(lambda: seen.update(_standings(store, view, board, section)))
    if board.cells and len(board.cells) > 1 and board.overall is section:
        shielded(partial(_by_target, store, view, board))
    _diverged(store, view)
    _notes(board)
    links.show(PAGE, {**view.address, **controls.of_sources(store), **seen})


def _about() -> None:
    """What this is, and where to read on."""
    with st.container(gap="small", key="about"):
        st.markdown(
            "Which **noise schedule** should a diffusion model be trained with? snrbench trains each under one frozen"
            " protocol that differs in nothing else, and ranks them with how sure the order is."
        )
        with st.container(horizontal=True, gap="medium"):
            st.page_link("screens/guide.py", label="How it works", icon=":material/menu_book:")
            more = {"topic": "reading"}
            label = "What the columns mean"
            st.page_link("screens/guide.py", label=label, icon=":material/table_chart:", query_params=more)


def _standings(store: ResultSource, view: View, board: Board, section: Section) -> dict[str, str | list[str]]:
    """The finding, the facts, the table, and what to do with it; returns what was chosen in it."""
    if board.focus:
        st.caption(
            f"Only {code(board.focus)} is tested, against every other entry. Going from one entry to the next is"
            " exploring, not proof: each choice is a family of its own."
        )
    if finding := headline.finding(board, section):
        st.markdown(finding)
    elif max(row.seeds for row in section.rows) < 2:
        st.info("One seed of each entry: no interval, no rank. More seeds give both.", icon=":material/casino:")
    _facts(store, view, board, section)
    names = [row.entry for row in section.rows]
    chosen = links.kept(f"{PAGE}.entry", names, MOST)
    look = _look(len(names))
    training = ranked_table.training(_marks(store, view, section), Scale.of(board.metric))
    choice = Selection(chosen, MOST, _choose)
    left_out = ranked_table.show(board, section, training, choice, look)
    if left_out:
        st.caption(f"{left_out} more entries below: choose “all” to see them.")
    _actions(view, board, section, chosen, controls.of_sources(store))
    trainer = ""
    if chosen:
        trainer = flags_of_entries.show(PAGE, board, section, chosen)
    else:
        st.caption("Tick rows to compare them, and to have their noise levels in a trainer's flags.")
    usual = ranked_table.Look(ROWS)
    return {
        "entry": chosen,
        "order": "family" if look.by_family else "",
        "rows": "all" if look.most != usual.most else "",
        "trainer": trainer,
    }


def _look(count: int) -> ranked_table.Look:
    """How the table is put on the page; a short one leaves nothing to choose."""
    links.offer(f"{PAGE}.order", ["rank", "family"], "rank")
    links.offer(f"{PAGE}.rows", [f"best {ROWS}", "all"], f"best {ROWS}")
    if count <= 12:
        return ranked_table.Look(ROWS)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        order = st.segmented_control("Order", ["rank", "family"], key=f"{PAGE}.order", required=True)
        rows = f"best {ROWS}"
        if count > ROWS:
            rows = str(st.segmented_control("Rows", [f"best {ROWS}", "all"], key=f"{PAGE}.rows", required=True))
    return ranked_table.Look(count if rows == "all" else ROWS, order == "family")


def _choose(names: list[str]) -> None:
    st.session_state[f"{PAGE}.entry"] = names


def _marks(store: ResultSource, view: View, section: Section) -> pd.DataFrame:
    """Scores along training of every target that the section covers."""
    return results.marks(store, view.track, tuple(section.targets), view.metric)


def _facts(store: ResultSource, view: View, board: Board, section: Section) -> None:
    """The size of the evidence, in a line of figures."""
    seeds = sorted({row.seeds for row in section.rows})
    paired, unpaired = section.noise or (0.0, 0.0)
    parts = board.cells if section is board.overall else (section,)
    facts = {
        "entries": str(section.entries),
        "seeds": str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]}–{seeds[-1]}",
        "told apart": f"{section.told_apart:,} of {section.tests:,}" if section.tests else "–",
        "targets": ", ".join(section.targets),
        "floor": "–" if board.floor is None else f"{board.floor:.3g}",
        "diverged": str(sum(row.diverged for part in parts for row in part.rows)),
        "pairing gain": f"{unpaired / paired:.1f}×" if paired else "–",
    }
    helps = {
        "entries": "schedules, each with its parameters, weighting and way of applying it, that this board ranks",
        "seeds": "runs of each entry; a seed fixes everything but the schedule, so entries are compared seed by seed",
        "targets": "what the networks were trained to output; over several, scores are averaged within each seed first",
        "told apart": f"pairs that the tests tell apart; {section.same:,} pairs are the same within ± 5 %",
        "floor": "the metric between real training and real held-out data: nothing can be told apart below it",
        "diverged": "runs whose loss became infinite or not a number; they rank last",
        "pairing gain": "standard deviation of a comparison with the baseline, unpaired over paired by seed;"
        " its square is how many times more seeds it would take unpaired",
    }
    topics: dict[str, Topic] = {"targets": "question", "seeds": "protocol", "floor": "protocol", "diverged": "protocol"}
    with st.container(horizontal=True, gap="medium", key="facts"):
        for name, value in facts.items():
            st.metric(name, value, help=guide_links.tooltip(helps[name], topics.get(name, "reading")), width="content")


def _actions(view: View, board: Board, section: Section, chosen: list[str], sources: dict[str, str]) -> None:
    """Compare what was chosen; take the table along."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="actions"):
        target = section.targets[0] if view.target == "all" else view.target
        entries = chosen or [row.entry for row in section.rows[:4]]
        if board.baseline not in entries and len(entries) < MOST:
            entries = [*entries, board.baseline]
        best = "Compare the best four" if len(section.rows) > 4 else "Compare them"
        address = {**view.of(target=target, family="", search="", budget="1").address, **sources, "entry": entries}
        if len(section.rows) > 1:
            st.page_link(
                "screens/compare.py",
                label=f"Compare the {len(chosen)} chosen" if chosen else best,
                icon=":material/compare_arrows:",
                query_params=address,
                help=f"tick up to {MOST} rows to choose which",
            )
        for form, mime in FILES.items():
            st.download_button(
                form,
                partial(formats.of_board, form, board),
                file_name=f"{view.track}-{view.target}-{view.metric}.{form}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"{PAGE}-download-{form}",
            )


def _by_target(store: ResultSource, view: View, board: Board) -> None:
    """The change against the baseline in each target, for the entries that the table shows."""
    with st.expander(f"Against {code(board.baseline)}, target by target", icon=":material/grid_view:", expanded=True):
        ranked_table.by_target(board, FEW)


def _diverged(store: ResultSource, view: View) -> None:
    """How many runs diverged, and where to read why."""
    runs = results.runs(store, view.track)
    lost = int((runs["outcome"] == "diverged").sum())
    if lost:
        label = f"{lost} run{'s' if lost > 1 else ''} of {view.track} diverged: see why"
        address = {"track": view.track, "outcome": "diverged"}
        st.page_link("screens/runs.py", label=label, icon=":material/warning:", query_params=address)


def _notes(board: Board) -> None:
    with st.expander("How to read this", icon=":material/help:"):
        st.markdown("\n".join(f"- {plain(line)}" for line in legend(board, units="tick its row")))
        st.page_link("screens/guide.py", label="How it works, from the start", icon=":material/menu_book:")


shielded(page)
