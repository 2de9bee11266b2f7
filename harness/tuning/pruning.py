"""Which trials are stopped early: those behind three quarters of the completed ones at the same mark."""

from __future__ import annotations

from collections.abc import Iterable

from optuna.pruners import PercentilePruner
from optuna.trial import FrozenTrial, TrialState

from harness.tuning.sampling import in_memory

KEPT_PERCENT = 75.0
STARTUP_TRIALS = 8


def hopeless(trial: FrozenTrial, before: Iterable[FrozenTrial]) -> bool:
    """Whether a trial is stopped at the last mark that it reported. before: the trials of the blocks before its own."""
    if trial.number == 0:
        return False
    completed = in_memory(one for one in before if one.state == TrialState.COMPLETE)
    return PercentilePruner(KEPT_PERCENT, n_startup_trials=STARTUP_TRIALS).prune(completed, trial)
