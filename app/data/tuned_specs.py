"""`laplace@tuned` in the lab: what studies found, the store's and published ones, offered by track and target."""

from __future__ import annotations

import streamlit as st

import schedules
from app.data import studies
from app.data.results import ResultSource
from harness.tuning.studies import lookup
from schedules import Schedule, UserError

BETWEEN = " · "


def offered(store: ResultSource) -> list[str]:
    """A name for each study of a schedule under plain MSE: "laplace@tuned · digits-v1 · v"; the store's own first."""
    version = studies.version(store)
    own = _offered(store, version) if version else []
    return list(dict.fromkeys([*own, *_published()]))


@st.cache_data(show_spinner=False)
def _published() -> list[str]:
    return [BETWEEN.join((study.spec, study.track, study.target)) for study in lookup.published()]


@st.cache_data(max_entries=8, show_spinner=False)
def _offered(store: ResultSource, version: str) -> list[str]:
    try:
        tuned_studies = lookup.studies(store.folder)
    except UserError:
        return []  # the Tuning page says why
    plain = [study for study in tuned_studies if (study.entry.weighting, study.entry.apply) == ("native", "sample")]
    return [BETWEEN.join((schedules.as_tuned(study.entry.schedule), study.track, study.target)) for study in plain]


def read(text: str, store: ResultSource) -> Schedule:
    """The schedule of a spec, of one of `offered`, or of "laplace@tuned" where there is one study. UserError: none."""
    spec, *of = text.split(BETWEEN)
    if "@" not in spec or not schedules.split_tuned(spec)[1]:
        return schedules.parse(text)
    if len(of) not in (0, 2):
        raise UserError(f"{text!r}: expected a track and a target, as in {BETWEEN.join((spec, 'digits-v1', 'v'))!r}")
    try:
        return lookup.tuned(spec, store.folder, *of).schedule
    except UserError as mistake:
        line = str(mistake).replace("say which with --track and --target", f"write {BETWEEN.join((spec, '…', '…'))!r}")
        raise UserError(line) from mistake
