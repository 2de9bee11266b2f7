"""Tuning: what was searched, with which budget, what was found, and whether it held on other seeds."""

from __future__ import annotations

import json
from functools import partial
from math import isfinite

import streamlit as st
from optuna.trial import TrialState

import schedules
from app.charts import frame, tuning
from app.data import links, results, studies
from app.data.results import ResultSource
from app.style import theme
from app.style.plain_text import code, plain
from app.widgets import folded, grid
from app.widgets.card_heading import head
from app.widgets.cards import tuning_gains
from app.widgets.error_boundary import shielded
from app.widgets.grid import Cell, Column, Selection
from leaderboards.data.tuning_studies import Study
from leaderboards.wording import NOTHING
from schedules import UserError, trainers
from schedules.spaces import text

PAGE = "tuning"
HEADS = (
    Column("study of", "entry"),
    Column("target"),
    Column("trials", align="right", phone="small"),
    Column("complete", align="right", phone="wide"),
    Column("pruned", "bar", phone="small", help="stopped early, because they were behind others at the same step"),
    Column("failed", align="right", phone="wide"),
    Column("steps", align="right", phone="small", help="optimiser steps of all its trials together"),
    Column("best", align="right", phone="small", help="validation score of the best trial"),
    Column("gain when confirmed", align="right", help="tuned over untuned, on seeds and data tuning never saw"),
)
LEAST = 4
"""Complete trials below which importances say nothing."""


def page() -> None:
    """The whole page."""
    st.title("Tuning", anchor=False)
    st.caption(
        "What is tuned is scored twice: untuned, with the parameters in its name and defaults for the rest, and tuned,"
        " with the same number of trials for each. Tuning sees validation data only; its winner is then confirmed on"
        " other seeds."
    )
    store = results.store()
    all_studies = studies.studies(store, studies.version(store))
    scored = tuning_gains.tracks(store)
    if not all_studies and not scored:
        _nothing(store)
        return
    _adopt(links.arrived(PAGE))
    track, target = _controls(store, all_studies, scored)
    with st.container(border=True):
        shielded(partial(tuning_gains.show, store, track, target))
    seen = {"track": track, "target": target}
    shown = [study for study in all_studies if study.track == track and target in ("all", study.target)]
    if not shown:
        st.info("The studies that found these parameters are not in this store.", icon=":material/inbox:")
        links.show(PAGE, seen)
        return
    names = [study.name for study in shown]
    links.offer(f"{PAGE}.study", names, names[0])
    chosen = next(study for study in shown if study.name == st.session_state[f"{PAGE}.study"])
    shielded(partial(_budgets, shown, chosen))
    shielded(partial(_study, chosen))
    links.show(PAGE, {**seen, "study": chosen.name, **_contour(chosen)})


def _nothing(store: ResultSource) -> None:
    what = "The published results hold no tuned entry yet." if store.published else "No tuning study yet."
    st.info(what, icon=":material/inbox:")
    st.markdown("Tune a schedule's parameters and confirm what was found:")
    st.code("snrbench tune digits-v1 laplace", language=None)


def _adopt(address: links.Address | None) -> None:
    if address is None:
        return
    links.reset(PAGE)
    for key in {"track", "target", "study", "across", "up"} & set(address):
        st.session_state[f"{PAGE}.{key}"] = address[key][-1]


def _controls(store: ResultSource, all_studies: list[Study], scored: list[str]) -> tuple[str, str]:
    with folded.card(PAGE) as choice, folded.row(PAGE):
        tracks = sorted({*(study.track for study in all_studies), *scored})
        links.offer(f"{PAGE}.track", tracks, tracks[0])
        track = str(st.selectbox("Track", tracks, key=f"{PAGE}.track", width=190))
        tuned_targets = {study.target for study in all_studies if study.track == track}
        targets = ["all", *sorted(tuned_targets.union(results.targets(store, track) if track in scored else ()))]
        links.offer(f"{PAGE}.target", targets, "all")
        target = str(st.segmented_control("Target", targets, key=f"{PAGE}.target", required=True))
    folded.say(choice, [track, f"target {target}"])
    return track, target


def _budgets(shown: list[Study], chosen: Study) -> None:
    """Every study in a row of a table: who had how much."""
    head("Equal budgets", "trials and steps of every study side by side; choose a row to see it below")
    trials, steps = [{len(study.trials) for study in shown}, {study.steps for study in shown}]
    if len(shown) > 1:
        same = f"all {len(shown)} studies had {min(trials)} trials" if len(trials) == 1 else (
            f"trials differ between studies: {min(trials)} to {max(trials)}")  # fmt: skip
        st.caption(f"{same}; optimiser steps {min(steps):,} to {max(steps):,}, as pruning stops trials early.")
    rows = [grid.Row(study.name, _row(study)) for study in shown]

    def choose(names: list[str]) -> None:
        fresh = [name for name in names if name != chosen.name]
        if fresh:
            st.session_state[f"{PAGE}.study"] = fresh[-1]

    grid.show(
        HEADS, rows, f"{PAGE}.table-{chosen.name}", "Studies and their budgets", Selection([chosen.name], 2, choose)
    )


def _row(study: Study) -> list[Cell]:
    count = len(study.trials)
    pruned = len(study.of(TrialState.PRUNED))
    best = study.best
    return [
        grid.name(study.label, theme.colour(study.label)),
        study.target,
        str(count),
        str(len(study.of(TrialState.COMPLETE))),
        {"share": pruned / max(1, count), "text": f"{pruned / max(1, count):.0%}", "colour": theme.NEUTRAL},
        str(len(study.of(TrialState.FAIL))),
        f"{study.steps:,}" if study.steps else NOTHING,
        NOTHING if best is None else f"{best.value:.4g}",
        study.outcome,
    ]


def _study(study: Study) -> None:
    st.header(f"{plain(study.label)}, target {plain(study.target)}", anchor=False)
    best = study.best
    left, right = st.columns([3, 2], gap="small")
    with left, st.container(border=True):
        head("Best so far", "every trial's validation score; a cross was stopped early")
        shielded(lambda: _draw(tuning.history(study.trials, study.direction, _metric(study)), "history", "Trials"))
    with right, st.container(border=True, height="stretch"):
        head("Parameters", "untuned, and as the best trial has them")
        if best is None:
            st.info("No trial has finished.")
        else:
            shielded(partial(_parameters, study))
    if len(study.of(TrialState.COMPLETE)) < LEAST or not best or not best.params:
        st.info("Importances, slices and contours need a few complete trials.")
        return
    memory = study.in_memory()
    left, right = st.columns([2, 3], gap="small")
    with left, st.container(border=True, height="stretch"):
        head("Importance", "share of the score's variance that a parameter explains (fANOVA)")
        shielded(lambda: _draw(tuning.importances(memory), "importances", "Importance of parameters"))
    with right, st.container(border=True, height="stretch"):
        head("Slices", "score against each parameter by itself; later trials are darker")
        shielded(lambda: _draw(tuning.slices(memory, _metric(study)), "slices", "Score against each parameter"))


def _contour(study: Study) -> dict[str, str]:
    """Two parameters at once; returns which, for the address."""
    names = sorted({name for trial in study.trials for name in trial.params})
    if len(names) < 2 or len(study.of(TrialState.COMPLETE)) < LEAST:
        return {}
    with st.container(border=True):
        head("Contour", "score over two parameters; points are trials")
        links.offer(f"{PAGE}.across", names, names[0])
        with st.container(horizontal=True, gap="small"):
            across = str(st.selectbox("Across", names, key=f"{PAGE}.across", width=160))
            rest = [name for name in names if name != across]
            links.offer(f"{PAGE}.up", rest, rest[0])
            up = str(st.selectbox("Up", rest, key=f"{PAGE}.up", width=160))
        memory = study.in_memory()
        shielded(
            lambda: _draw(tuning.contour(memory, [across, up], _metric(study)), "contour", "Score over two parameters")
        )
    return {"across": across if across != names[0] else "", "up": up if up != rest[0] else ""}


def _parameters(study: Study) -> None:
    """A table: parameter, untuned, best trial, confirmed."""
    best, confirmed = study.best, study.confirmed
    untuned = _untuned(study.parts[2])
    params = dict(best.params) if best else {}
    heads = [Column("parameter", "entry"), Column("untuned", align="right", phone="small")]
    heads += [Column("best trial", align="right", phone="small")]
    heads += [Column("confirmed", align="right", phone="small")] * bool(confirmed)
    rows = []
    for name in dict.fromkeys([*params, *confirmed]):
        cells = [grid.name(name), _value(untuned.get(name)), _value(params.get(name))]
        rows.append(grid.Row(name, cells + [_value(confirmed.get(name))] * bool(confirmed)))
    grid.show(heads, rows, f"{PAGE}.parameters", "Parameters", look="matrix")
    if best is not None:
        st.caption(f"trial {best.number}, validation score {best.value:.4g}")
    spec = str(study.tuned.get("schedule", ""))
    if spec and not set(confirmed) <= {"learning_rate", "ema"}:
        st.caption(f"confirmed: {code(spec)}, {code(_units(spec))}")
    ratio, low, high = study.gain
    st.markdown(f"Gain when confirmed: **{plain(study.outcome)}**")
    if isfinite(ratio) and low <= 1 <= high:
        st.caption("The interval holds no change: no gain is shown.")
    if budget := study.budget:
        st.caption(plain(f"budget: {json.dumps(budget)}"))


def _units(spec: str) -> str:
    try:
        return trainers.units_line(spec)
    except UserError:
        return "a schedule that is not known here"


def _untuned(schedule: str) -> dict[str, object]:
    try:
        return {**schedules.parse(schedule).params, "learning_rate": 1.0, "ema": 1.0}
    except UserError:
        return {}


def _value(value: object) -> str:
    if value is None:
        return NOTHING
    return (
        f"{value:.4g}".replace("-", "−")
        if isinstance(value, float)
        else text(value)
        if isinstance(value, int | str)
        else str(value)
    )


def _metric(study: Study) -> str:
    return str(study.attrs.get("metric", "validation score"))


def _draw(figure: frame.Figure, name: str, alt: str) -> None:
    frame.draw(figure, f"{PAGE}-figure.{name}", alt)


shielded(page)
