"""Runs: what was run, what failed and why, in which environment, with which numbers."""

from __future__ import annotations

import shlex
from functools import partial
from math import ceil
from typing import Any

import pandas as pd
import streamlit as st

from app.data import links, results, run_list, unknown_tracks
from app.data.results import ResultSource
from app.style import theme
from app.style.plain_text import code, plain
from app.widgets import empty_state, folded, grid
from app.widgets.cards import commands_at_work, sample_pictures
from app.widgets.error_boundary import shielded
from app.widgets.grid import Badge, Cell, Column, Selection
from harness.results.store import Store
from leaderboards.boards.query import METRICS
from leaderboards.wording import NOTHING

PAGE = "runs"
PER_PAGE = 30
MLFLOW = "http://127.0.0.1:5000"
"""Where `mlflow ui` serves, unless told otherwise."""
TONES = {"finished": "good", "diverged": "bad", "failed": "bad", "running": "note"}


def page() -> None:
    """The whole page."""
    st.title("Runs", anchor=False)
    store = results.store()
    if not results.exists(store):
        empty_state.results(store, "There are no results yet.")
        return
    if unknown := unknown_tracks.sentence(store):
        st.caption(unknown)
    _adopt(links.arrived(PAGE))
    shielded(partial(commands_at_work.show, store))
    seen: dict[str, str] = {}
    shielded(lambda: seen.update(_runs(store)))
    links.show(PAGE, seen)


def _adopt(address: links.Address | None) -> None:
    if address is None:
        return
    links.reset(PAGE)
    for key in {"track", "outcome", "target", "search", "run"} & set(address):
        st.session_state[f"{PAGE}.{key}"] = address[key][-1]
    if "page" in address:
        page = address["page"][-1]
        st.session_state[f"{PAGE}.page"] = int(page) if page.isdecimal() else page


def _runs(store: ResultSource) -> dict[str, str]:
    with folded.card(PAGE) as choice, folded.row(PAGE):
        names = results.track_names()
        links.offer(f"{PAGE}.track", names, next((name for name in names if results.targets(store, name)), names[0]))
        track = str(st.selectbox("Track", names, key=f"{PAGE}.track", width=190))
        frame = run_list.runs(store, track)
        counts = frame["outcome"].value_counts().to_dict()
        outcomes = ["all", *(outcome for outcome in run_list.OUTCOMES if outcome in counts)]
        links.offer(f"{PAGE}.outcome", outcomes, "all")
        outcome = str(
            st.segmented_control(
                "State", outcomes, key=f"{PAGE}.outcome", required=True,
                format_func=lambda name: f"{name} {counts.get(name, len(frame)):,}",
            )
        )  # fmt: skip
        targets = ["all", *sorted(frame["target"].unique())]
        links.offer(f"{PAGE}.target", targets, "all")
        target = str(st.segmented_control("Prediction target", targets, key=f"{PAGE}.target", required=True))
        search = st.text_input(
            "Search",
            key=f"{PAGE}.search",
            placeholder="part of a name",
            width=160,
            max_chars=80,
            icon=":material/search:",
        )
    folded.say(choice, [track, outcome, f"target {target}", f"like “{search}”" if search else ""])
    seen = {"track": track, "outcome": outcome if outcome != "all" else "", "target": target if target != "all" else ""}
    seen["search"] = search
    shown = _filtered(frame, outcome, target, search)
    if shown.empty:
        st.info(f"No run of {plain(track)} is like that.", icon=":material/filter_alt_off:")
        return seen
    return seen | _table(store, track, shown)


def _filtered(frame: pd.DataFrame, outcome: str, target: str, search: str) -> pd.DataFrame:
    mask = pd.Series(True, index=frame.index)
    if outcome != "all":
        mask &= frame["outcome"] == outcome
    if target != "all":
        mask &= frame["target"] == target
    for word in search.lower().split():
        mask &= frame["entry"].str.lower().str.contains(word, regex=False)
    return frame[mask]


def _table(store: ResultSource, track: str, shown: pd.DataFrame) -> dict[str, str]:
    pages = ceil(len(shown) / PER_PAGE)
    key = f"{PAGE}.page"
    links.offer(key, range(1, pages + 1), 1)
    at = st.session_state[key]
    part = shown.iloc[(at - 1) * PER_PAGE : at * PER_PAGE]
    chosen = st.session_state.get(f"{PAGE}.run", "")
    metric = METRICS[results.track(track).primary_metric]
    devices = shown["device"].nunique() > 1
    heads = [
        Column("entry", "entry"),
        Column("target", phone="small"),
        Column("seed", align="right", phone="small"),
        Column(f"{metric.name}, unguided", align="right", phone="small", short=metric.name),
        *([Column("device", phone="wide")] if devices else []),
        Column("started, UTC", align="right", phone="wide"),
        Column("remark", phone="small", short=" "),
    ]
    rows = [grid.Row(str(run.run_id), _cells(run, devices)) for run in part.itertuples()]

    def choose(ids: list[str]) -> None:
        fresh = [run_id for run_id in ids if run_id != chosen]
        st.session_state[f"{PAGE}.run"] = fresh[-1] if fresh else ""

    st.caption(f"{len(shown):,} runs, newest first; choose one to see more of it.")
    grid.show(heads, rows, f"{PAGE}.table-{chosen}", "Runs", Selection([chosen] if chosen else [], 2, choose))
    if pages > 1:
        st.number_input(f"Page, of {pages}", 1, pages, key=key, width=160)
    of_chosen = shown[shown["run_id"] == chosen]
    if chosen and of_chosen.empty:
        links.missing(f"{PAGE}.run", [chosen], "it is not among these runs")
    if len(of_chosen):
        shielded(partial(_run, store, track, of_chosen.iloc[0]))
    return {"run": chosen if len(of_chosen) else "", "page": str(at) if at > 1 else ""}


def _cells(run: Any, devices: bool) -> list[Cell]:
    outcome, reason = str(run.outcome), str(run.reason)
    step = f" at step {run.diverged_step:.0f}" if run.diverged_step == run.diverged_step else ""
    badges = [] if outcome == "finished" else [Badge(outcome, reason, TONES.get(outcome, ""))]
    return [
        grid.name(str(run.entry), theme.colour(str(run.entry)), badges),
        str(run.target),
        str(run.seed),
        NOTHING if run.score != run.score else f"{run.score:#.4g}".replace("-", "−"),
        *([str(run.device)] if devices else []),
        f"{run.started:%Y-%m-%d %H:%M}",
        f"{reason}{step}" if outcome != "finished" else "",
    ]


def _run(store: ResultSource, track: str, run: pd.Series) -> None:
    """One run: reason, environment, its entry seed by seed, where to find it in MLflow."""
    with st.container(border=True):
        st.markdown(f"**{code(str(run['entry']))}, target {plain(str(run['target']))}, seed {run['seed']}**")
        if run["outcome"] == "diverged":
            step = "" if pd.isna(run["diverged_step"]) else f" at step {run['diverged_step']:.0f}"
            st.warning(f"Diverged{step}: {plain(str(run['reason']))}", icon=":material/trending_up:")
        elif run["outcome"] == "failed":
            st.error(f"Failed: {plain(str(run['reason']) or 'no reason was recorded')}", icon=":material/error:")
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _seeds(store, track, run)
        with right:
            environment = run_list.environment(store, str(run["run_id"]))
            facts = {key: str(run.get(key, "")) for key in ("device", "hardware", "host")}
            _facts(
                {"run id": str(run["run_id"]), **{key: value for key, value in facts.items() if value}, **environment}
            )
            picture = results.picture(store, track, str(run["run_id"]))
            if picture is not None:
                caption = "samples, unguided, a column for each label"
                st.image(sample_pictures.sharp(picture), caption=caption, width="stretch")
    _mlflow(store, track, str(run["run_id"]))


def _seeds(store: ResultSource, track: str, run: pd.Series) -> None:
    wide = run_list.per_seed(store, track, str(run["entry"]), str(run["target"]))
    if wide.empty:
        st.info("No finished run of this entry.")
        return
    heads = [Column("unguided, at the end", "text")]
    heads += [Column(f"seed {seed}", align="right", phone="small", short=f"{seed}") for seed in wide.columns]
    rows = [
        grid.Row(str(name), [METRICS[str(name)].title, *(_number(value) for value in values)])
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    grid.show(heads, rows, f"{PAGE}.seeds", "Scores of each seed", look="matrix")


def _number(value: float) -> str:
    return NOTHING if value != value else f"{value:#.4g}".replace("-", "−")


def _facts(facts: dict[str, str]) -> None:
    rows = [grid.Row(name, [name, value]) for name, value in facts.items()]
    grid.show(
        [Column("environment"), Column("", phone="small", short=" ")],
        rows,
        f"{PAGE}.facts",
        "Environment",
        look="matrix",
    )


def _mlflow(store: ResultSource, track: str, run_id: str) -> None:
    """A link into MLflow's own pages, with the command that serves them where nothing does yet."""
    if store.published:
        return
    server = run_list.mlflow_server()
    if server is None:
        st.caption("Parameters, metric histories and artifacts are in MLflow's own pages, which this serves:")
        database = shlex.quote(Store(store.folder).uri)
        st.code(f"mlflow ui --backend-store-uri {database}", language=None, wrap_lines=True)
    link = run_list.mlflow_link(run_id, store, track, server or MLFLOW)
    st.link_button("This run in MLflow", link, icon=":material/open_in_new:")


shielded(page)
