"""Tuning studies, read from Optuna's storage and never written: their trials, their budgets, what they gained."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from harness.results.store import Store
from harness.specs import Apply, Entry
from harness.tuning.studies import storage
from leaderboards.wording import change


@dataclass(frozen=True)
class Study:
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
        """The track that it tunes for."""
        return self.parts[0]

    @property
    def target(self) -> str:
        """The prediction target that it tunes for."""
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
        seeds = self.budget.get("seeds", 1)
        return int(_number(seeds)) * sum(max(trial.intermediate_values, default=0) for trial in self.trials)

    @property
    def published(self) -> FrozenTrial | None:
        """The trial of the published parameters."""
        return next((trial for trial in self.trials if trial.user_attrs.get("published")), None)

    @property
    def tuned(self) -> dict[str, Any]:
        """What was confirmed at its end; empty before that."""
        return _object(self.attrs.get("tuned"))

    @property
    def confirmed(self) -> dict[str, Any]:
        """The parameters that were confirmed at its end; empty before that."""
        return _object(self.tuned.get("params"))

    @property
    def budget(self) -> dict[str, Any]:
        """What it was given; empty where it does not say."""
        return _object(self.attrs.get("budget"))

    @property
    def gain(self) -> tuple[float, float, float]:
        """Tuned over untuned on the confirming seeds, with its interval; NaN where there is none."""
        tuned = self.tuned
        for inner in (tuned, _object(tuned.get("gain")), _object(tuned.get("confirmation"))):
            if "ratio" in inner:
                return _number(inner["ratio"]), _number(inner.get("low")), _number(inner.get("high"))
        return nan, nan, nan

    @property
    def outcome(self) -> str:
        """The gain, in words."""
        text = change(*self.gain)
        if isfinite(self.gain[0]):
            return text
        return "untuned parameters kept" if self.tuned else "not confirmed yet"

    def in_memory(self) -> optuna.Study:
        """The same trials as a study that Optuna's figures take."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize" if self.direction == "maximize" else "minimize")
        study.add_trials([trial for trial in self.trials if trial.state.is_finished()])
        return study


def studies(store: Path) -> list[Study]:
    """Every study of a store, by name. UserError for a storage that cannot be read."""
    opened = storage.open_to_read(Store(store))
    if opened is None:
        return []
    try:
        return [_study(opened, name) for name in sorted(optuna.get_all_study_names(opened))]
    finally:
        opened.remove_session()
        opened.engine.dispose()


def version(store: Path) -> str | None:
    """Changes whenever a study of the store's own does, empty where there are none; None for those on a server."""
    if os.environ.get(storage.VARIABLE):
        return None
    stamps = []
    for name in (storage.FILE, f"{storage.FILE}-wal"):
        try:
            status = (store / name).stat()
        except OSError:
            continue
        stamps.append(f"{status.st_mtime_ns}/{status.st_size}")
    return " ".join(stamps)


def _study(opened: RDBStorage, name: str) -> Study:
    study = optuna.load_study(study_name=name, storage=opened)
    return Study(name, study.direction.name.lower(), tuple(study.get_trials(deepcopy=False)), dict(study.user_attrs))


def _object(value: object) -> dict[str, Any]:
    """An attribute that is an object, or JSON of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def _number(value: object) -> float:
    """A number, or NaN."""
    return float(value) if isinstance(value, int | float) else nan
