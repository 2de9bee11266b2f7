"""Tuning studies, read from Optuna's storage and never written: their trials, their budgets, what they gained."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any

import optuna
import streamlit as st
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from app.data.results import FRESH, Store
from harness.results.store import Store as Opened
from harness.specs import Apply, Entry
from harness.tuning.studies import storage
from leaderboards.wording import change


@dataclass(frozen=True)
class Found:
    """One study. `attrs` are its user attributes; a study that lacks some of them is shown without them."""

    name: str
    direction: str
    trials: tuple[FrozenTrial, ...] = field(repr=False)
    attrs: Mapping[str, Any] = field(repr=False)

    @property
    def parts(self) -> tuple[str, str, str, str, str]:
        """track, target, schedule, weighting, apply; a preset's name holds slashes of its own."""
        parts = self.name.split("/")
        track, target, *schedule, weighting, apply = parts if len(parts) >= 5 else [*parts, *[""] * (5 - len(parts))]
        return track, target, "/".join(schedule), weighting, apply

    @property
    def track(self) -> str:
        return self.parts[0]

    @property
    def target(self) -> str:
        return self.parts[1]

    @property
    def label(self) -> str:
        """How the entry is called that it tunes."""
        _, _, schedule, weighting, apply = self.parts
        how: Apply = "weight" if apply == "weight" else "sample"
        return Entry.model_construct(schedule=schedule, weighting=weighting or "native", apply=how).label

    def of(self, state: TrialState) -> list[FrozenTrial]:
        """Its trials in one state."""
        return [trial for trial in self.trials if trial.state == state]

    @property
    def best(self) -> FrozenTrial | None:
        """The best trial that ran to its end."""
        done = [trial for trial in self.of(TrialState.COMPLETE) if trial.value is not None and isfinite(trial.value)]
        sign = -1 if self.direction == "maximize" else 1
        return min(done, key=lambda trial: sign * float(trial.value or 0.0), default=None)

    @property
    def steps(self) -> int:
        """Optimiser steps that its trials took: the step of the last report, with each of the tuning seeds."""
        seeds = as_object(self.attrs.get("budget")).get("seeds", 1)
        return int(number(seeds)) * sum(max(trial.intermediate_values, default=0) for trial in self.trials)

    @property
    def published(self) -> FrozenTrial | None:
        """The trial of the published parameters."""
        return next((trial for trial in self.trials if trial.user_attrs.get("published")), None)

    @property
    def tuned(self) -> dict[str, Any]:
        """What was confirmed at its end; empty before that."""
        return as_object(self.attrs.get("tuned"))

    @property
    def gain(self) -> tuple[float, float, float]:
        """Tuned over published on the confirming seeds, with its interval; NaN where there is none."""
        tuned = self.tuned
        for inner in (tuned, as_object(tuned.get("gain")), as_object(tuned.get("confirmation"))):
            if "ratio" in inner:
                return number(inner["ratio"]), number(inner.get("low")), number(inner.get("high"))
        return nan, nan, nan

    @property
    def outcome(self) -> str:
        """The gain, in words."""
        text = change(*self.gain)
        if isfinite(self.gain[0]):
            return text
        return "published parameters kept" if self.tuned else "not confirmed yet"


def as_object(value: object) -> dict[str, Any]:
    """An attribute that is an object, or JSON of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def number(value: object) -> float:
    """A number, or NaN."""
    return float(value) if isinstance(value, int | float) else nan


def version(store: Store) -> str:
    """Changes whenever a study does; empty where there are none."""
    import time

    if os.environ.get(storage.VARIABLE):
        return f"server {time.time() // FRESH:.0f}"
    stamps = []
    for name in (storage.FILE, f"{storage.FILE}-wal"):
        try:
            found = (store.folder / name).stat()
        except OSError:
            continue
        stamps.append(f"{found.st_mtime_ns}/{found.st_size}")
    return "" if store.published else " ".join(stamps)


@st.cache_resource(max_entries=4, show_spinner="Reading studies …")
def studies(store: Store, version: str) -> list[Found]:
    """Every study, by name. Shared between visitors: nobody changes them."""
    opened = storage.open_to_read(Opened(store.folder)) if version else None
    if opened is None:
        return []
    try:
        return sorted((_study(opened, one) for one in opened.get_all_studies()), key=lambda one: one.name)
    finally:
        opened.remove_session()
        opened.engine.dispose()


def _study(opened: RDBStorage, found: Any) -> Found:
    trials = opened.get_all_trials(found._study_id, deepcopy=False)
    direction = found.directions[0].name.lower() if found.directions else "minimize"
    return Found(found.study_name, direction, tuple(trials), dict(found.user_attrs))


def in_memory(study: Found) -> optuna.Study:
    """The same trials as a study that Optuna's figures take."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    made = optuna.create_study(direction="maximize" if study.direction == "maximize" else "minimize")
    made.add_trials([trial for trial in study.trials if trial.state.is_finished()])
    return made
