"""What is written of a trial while it runs: the one place that goes below Optuna's studies, to their storage.

A study hands out trials that it was asked for, and only those can be reported to; ours are added as running ones, block
by block, and are known by their number, also to a command that takes them over. Optuna's public API tells the end of
such a trial (`Study.tell`) but writes nothing to it before (the constructor of `optuna.trial.Trial` takes an id that
nothing public gives). What `optuna.storages.BaseStorage` has for it is made for who writes a storage, not for who uses
one: hence the upper bound on Optuna, a way to do without, and tests/harness/tuning/test_running_trials.py.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial


class RunningTrials:
    """The running trials of a study, by number.

    With an Optuna whose storages have these methods no more, or in another form, a study finds what it would find. What
    could not be written is remembered as long as the command works on the study; its trials lack it afterwards.
    """

    def __init__(self, storage: BaseStorage, study: str) -> None:
        self._storage, self._study = storage, study
        self._ids: dict[int, int] = {}
        self._writable = True
        self._values: dict[int, dict[int, float]] = {}
        self._attributes: dict[int, dict[str, Any]] = {}

    def report(self, number: int, step: int, value: float) -> None:
        """An intermediate value."""
        if not self._written(lambda: self._storage.set_trial_intermediate_value(self._id(number), step, value)):
            self._values.setdefault(number, {})[step] = value

    def note(self, number: int, **attributes: Any) -> None:
        """User attributes."""

        def write() -> None:
            for key, value in attributes.items():
                self._storage.set_trial_user_attr(self._id(number), key, value)

        if not self._written(write):
            self._attributes.setdefault(number, {}).update(attributes)

    def whole(self, trial: FrozenTrial) -> FrozenTrial:
        """A trial of the study with what could not be written of it."""
        values, attributes = self._values.get(trial.number), self._attributes.get(trial.number)
        if values or attributes:
            trial = copy.copy(trial)
            trial.intermediate_values = {**trial.intermediate_values, **(values or {})}
            trial.user_attrs = {**trial.user_attrs, **(attributes or {})}
        return trial

    def _written(self, write: Callable[[], None]) -> bool:
        """Whether it was. After a first time that failed nothing is: an outcome stands only beside its values."""
        if self._writable:
            try:
                write()
            except (AttributeError, TypeError) as error:
                self._writable = False
                warnings.warn(
                    f"Optuna {optuna.__version__} does not take what is known of running trials ({error}): "
                    "their studies will lack early scores, seconds and reasons",
                    RuntimeWarning,
                    stacklevel=3,
                )
        return self._writable

    def _id(self, number: int) -> int:
        if number not in self._ids:
            study = self._storage.get_study_id_from_name(self._study)
            self._ids[number] = self._storage.get_trial_id_from_study_id_trial_number(study, number)
        return self._ids[number]
