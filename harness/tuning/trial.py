"""A trial at work: its runs go from mark to mark together, and end together."""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass, field

import optuna
from optuna.trial import FrozenTrial, TrialState

from harness import seeds
from harness.execution.job import PAUSED, Job, Result
from harness.specs import Entry, RunSpec
from harness.tuning import objective
from harness.tuning.pruning import hopeless
from harness.tuning.run_dispatch import Desk
from harness.tuning.studies.study import Study
from schedules.errors import UserError

FINISHED, PRUNED, DIVERGED, FAILED, REFUSED = "finished", "pruned", "diverged", "failed", "refused"
STATES = {
    FINISHED: TrialState.COMPLETE,
    PRUNED: TrialState.PRUNED,
    DIVERGED: TrialState.PRUNED,
    REFUSED: TrialState.PRUNED,
    FAILED: TrialState.FAIL,
}
"""How Optuna is told. A trial that diverged, or whose parameters cannot be, is one that TPE keeps away from, like a
pruned one: an infinite value would rank it above every pruned trial, and a large finite one would spoil every plot. Of
a run that failed nothing can be learned."""


@dataclass
class Trial:
    """One trial of a block.

    others: what its scores at early marks are compared with
    ended:  outcome; "" while it is at work
    """

    study: Study
    frozen: FrozenTrial
    others: optuna.Study
    ended: str = ""
    reason: str = ""
    _mark: int = 0
    _awaited: int = 0
    _arrived: dict[int, Result] = field(default_factory=dict)
    _seconds: float = 0.0

    def begin(self, desk: Desk) -> None:
        """Go on from what the study knows of it."""
        attributes = self.frozen.user_attrs
        self._seconds = float(attributes.get("seconds", 0.0))
        if "outcome" in attributes:
            self.ended, self.reason = attributes["outcome"], attributes.get("reason", "")
            return
        try:
            self.entry: Entry = self.study.space.entry_of(self.frozen.params)
        except UserError as error:
            self._end(REFUSED, str(error))
            return
        self._advance(desk)

    @property
    def number(self) -> int:
        return self.frozen.number

    @property
    def value(self) -> float | None:
        """What Optuna is told of a trial that finished."""
        return self.frozen.intermediate_values[self.study.track.budget_steps] if self.ended == FINISHED else None

    def _advance(self, desk: Desk) -> None:
        """Send every run to the next mark."""
        self._arrived.clear()
        self._awaited = self.study.budget.seeds
        until = self.study.track.marks[self._mark]
        for seed in seeds.tuning(self.study.budget.seeds):
            desk.submit(Job(self._spec(seed), until), functools.partial(self._arrive, desk))

    def _arrive(self, desk: Desk, result: Result) -> None:
        self._seconds += result.seconds
        self._arrived[result.spec.seed] = result
        if len(self._arrived) == self._awaited:
            self._judge(desk)

    def _judge(self, desk: Desk) -> None:
        """All runs are at the mark, or ended before it."""
        for outcome in (FAILED, DIVERGED):
            for seed, result in sorted(self._arrived.items()):
                ended_as = result.outcome
                if ended_as == outcome or (outcome == FAILED and ended_as not in (FINISHED, PAUSED, DIVERGED)):
                    self._give_up(desk, outcome, f"seed {seed}: {result.reason}")
                    return
        track, mark = self.study.track, self.study.track.marks[self._mark]
        step = track.mark_steps()[self._mark]
        # A finished run has every mark's values, so that a trial goes the same way whether it is run or looked up.
        score = objective.score(track, [self._arrived[seed].values for seed in sorted(self._arrived)], mark)
        self.study.running.report(self.number, step, score.value)
        self.frozen = copy.copy(self.frozen)
        self.frozen.intermediate_values = {**self.frozen.intermediate_values, step: score.value}
        if mark == 1.0:
            self._end(FINISHED, guidance=score.guidance)
            return
        self.study.running.note(self.number, seconds=round(self._seconds, 3))
        if hopeless(self.frozen, self.others):
            self._give_up(desk, PRUNED, f"at {mark:.0%}: {score.value:.4g}, behind most trials")
            return
        self._mark += 1
        self._advance(desk)

    def _give_up(self, desk: Desk, outcome: str, reason: str) -> None:
        """Write the results of the runs that are paused, then end."""
        paused = [result.spec for result in self._arrived.values() if result.outcome == PAUSED]
        self._awaited, written = len(paused), []

        def then(result: Result) -> None:
            self._seconds += result.seconds
            written.append(result)
            if len(written) == len(paused):
                self._end(outcome, reason)

        for spec in paused:
            desk.submit(Job(spec, abandon=f"{outcome} {reason}"), then)
        if not paused:
            self._end(outcome, reason)

    def _end(self, outcome: str, reason: str = "", **more: float | None) -> None:
        self.ended, self.reason = outcome, reason
        track = self.study.track
        share = track.marks[self._mark] if outcome != REFUSED else 0.0
        self.study.running.note(
            self.number,
            **more,
            steps=round(share * track.budget_steps) * self.study.budget.seeds,
            seconds=round(self._seconds, 3),
            **({"reason": reason} if reason else {}),
            outcome=outcome,
        )

    def _spec(self, seed: int) -> RunSpec:
        subject = self.study.subject
        return RunSpec(
            track=subject.track,
            target=subject.target,
            entry=self.entry,
            seed=seed,
            study=subject.name,
            trial=self.number,
        )
