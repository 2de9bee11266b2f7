"""Which trials are stopped early: those behind three quarters of the completed ones at the same mark."""

from __future__ import annotations

from collections.abc import Iterable

import optuna
from optuna.pruners import PercentilePruner
from optuna.trial import FrozenTrial, TrialState

from harness.tuning.sampling import in_memory

KEPT_PERCENT = 75.0
STARTUP_TRIALS = 8


def completed(before: Iterable[FrozenTrial]) -> optuna.Study:
    """What trials of a block are compared with: the completed ones of the blocks before it."""
    return in_memory(one for one in before if one.state == TrialState.COMPLETE)


def hopeless(trial: FrozenTrial, others: optuna.Study) -> bool:
    """Whether a trial is stopped at the last mark that it reported; the published parameters never are."""
    pruner = PercentilePruner(KEPT_PERCENT, n_startup_trials=STARTUP_TRIALS)
    return trial.number > 0 and pruner.prune(others, trial)
