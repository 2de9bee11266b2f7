"""What is written of a trial while it runs: the one place that goes below Optuna's studies, to their storage.

A study hands out trials that it was asked for; ours are added as running ones, block by block, and are known by their
number. What `optuna.storages.BaseStorage` has for them is made for who writes a storage, not for who uses one: hence
the upper bound on Optuna, and tests/harness/tuning/test_running_trials.py.
"""

from __future__ import annotations

from typing import Any

from optuna.storages import BaseStorage


class RunningTrials:
    """The running trials of a study, by number."""

    def __init__(self, storage: BaseStorage, study: str) -> None:
        self._storage, self._study = storage, study
        self._ids: dict[int, int] = {}

    def report(self, number: int, step: int, value: float) -> None:
        """An intermediate value."""
        self._storage.set_trial_intermediate_value(self._id(number), step, value)

    def note(self, number: int, **attributes: Any) -> None:
        """User attributes."""
        for key, value in attributes.items():
            self._storage.set_trial_user_attr(self._id(number), key, value)

    def _id(self, number: int) -> int:
        if number not in self._ids:
            study = self._storage.get_study_id_from_name(self._study)
            self._ids[number] = self._storage.get_trial_id_from_study_id_trial_number(study, number)
        return self._ids[number]
