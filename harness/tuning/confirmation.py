"""The last word of a study: its best trials and the published parameters, measured again on fresh seeds.

The best of many noisy trials looks better than it is. What is best on seeds that chose nothing is what the study found,
and its gain over the published parameters is a paired comparison on those seeds. Where three trials are compared the
best one still flatters a little: the gain to report is that of the scored runs.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from harness import seeds
from harness.execution.job import Job, Result
from harness.specs import Entry, RunSpec
from harness.tuning import objective
from harness.tuning.objective import Gain, Score
from harness.tuning.run_dispatch import Desk
from harness.tuning.studies.study import Study


@dataclass
class Candidate:
    """A trial that is measured again. score: None while it is measured, and where a run diverged or failed."""

    trial: int
    entry: Entry
    score: Score | None = None
    problem: str = ""
    arrived: dict[int, Result] = field(default_factory=dict)


@dataclass
class Confirmation:
    """Measures the candidates of a study whose trials have all ended."""

    study: Study
    candidates: list[Candidate] = field(default_factory=list)
    seconds: float = 0.0
    ended: bool = False

    def begin(self, desk: Desk) -> None:
        """Send all runs; none where no trial finished."""
        for trial in finalists(self.study.trials, self.study.budget.finalists):
            self.candidates.append(Candidate(trial.number, self.study.space.entry_of(trial.params)))
        if not self.candidates:
            self._conclude()
        for candidate in self.candidates:
            then = functools.partial(self._arrive, candidate)
            for seed in seeds.confirming(self.study.budget.confirm_seeds):
                desk.submit(Job(self._spec(candidate, seed)), then)

    def _arrive(self, candidate: Candidate, result: Result) -> None:
        self.seconds += result.seconds
        candidate.arrived[result.spec.seed] = result
        if len(candidate.arrived) < self.study.budget.confirm_seeds:
            return
        runs = [run for _, run in sorted(candidate.arrived.items())]
        if unfinished := [run for run in runs if run.outcome != "finished"]:
            candidate.problem = f"{unfinished[0].outcome} on seed {unfinished[0].spec.seed}: {unfinished[0].reason}"
        else:
            candidate.score = objective.score(self.study.track, [run.values for run in runs])
        if all(finalist.score or finalist.problem for finalist in self.candidates):
            self._conclude()

    def _conclude(self) -> None:
        self.study.conclude(self.outcome())
        self.ended = True

    def outcome(self) -> dict[str, Any]:
        """What `harness.tuning.studies.tuned` reads. Without a candidate that finished it has no schedule."""
        study, trials = self.study, self.study.trials
        measured = [(candidate.score.value, candidate) for candidate in self.candidates if candidate.score is not None]
        best = min(measured, key=lambda pair: pair[0])[1] if measured else None
        record: dict[str, Any] = {
            "trials": len(trials),
            "seeds": study.budget.seeds,
            "states": {state.name.lower(): sum(trial.state == state for trial in trials) for state in TrialState},
            "steps": sum(int(trial.user_attrs.get("steps", 0)) for trial in trials) + self._steps(),
            "seconds": round(sum(float(trial.user_attrs.get("seconds", 0.0)) for trial in trials) + self.seconds, 1),
            "confirmed": [_record(candidate) for candidate in self.candidates],
            "track_fingerprint": study.track.fingerprint,
            "protocol": study.track.protocol,
            "space": study.space.record(),
            "deviates": study.budget.deviation,
        }
        if best is None:
            return record
        entry, published, gain = best.entry, self.candidates[0], None
        if best is not published and best.score and published.score:
            gain = Gain.of(best.score, published.score)
        return record | {
            "trial": best.trial,
            "schedule": entry.schedule,
            "weighting": entry.weighting,
            "apply": entry.apply,
            "learning_rate": entry.learning_rate,
            "ema": entry.ema,
            "params": dict(trials[best.trial].params),
            "gain": asdict(gain) if gain else None,
            "verdict": verdict(best, published, gain),
        }

    def _steps(self) -> int:
        return len(self.candidates) * self.study.budget.confirm_seeds * self.study.track.budget_steps

    def _spec(self, candidate: Candidate, seed: int) -> RunSpec:
        subject = self.study.subject
        return RunSpec(
            track=subject.track,
            target=subject.target,
            entry=candidate.entry,
            seed=seed,
            study=subject.name,
            trial=candidate.trial,
        )


def finalists(trials: Sequence[FrozenTrial], count: int) -> list[FrozenTrial]:
    """The published parameters, then the best trials that finished with other ones; of equals the earliest.

    None where no trial finished.
    """
    published = trials[0]
    if all(trial.state != TrialState.COMPLETE for trial in trials):
        return []
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE and trial.params != published.params]
    chosen: list[FrozenTrial] = []
    for trial in sorted(complete, key=lambda completed: (completed.value, completed.number)):
        if len(chosen) < count and all(trial.params != earlier.params for earlier in chosen):
            chosen.append(trial)
    return [published, *chosen]


def verdict(best: Candidate, published: Candidate, gain: Gain | None) -> str:
    """What tuning did, in words."""
    if best is published:
        return "tuning gained nothing: the published parameters won"
    if gain is None:
        return f"the published parameters {published.problem or 'have no score'}"
    interval = f"{gain.ratio:.3f} [{gain.low:.3f}, {gain.high:.3f}] of the published score on {gain.seeds} fresh seeds"
    return interval if gain.shown else f"no gain shown: {interval}"


def _record(candidate: Candidate) -> dict[str, Any]:
    record: dict[str, Any] = {"trial": candidate.trial, "entry": candidate.entry.label}
    if candidate.score is None:
        return record | {"problem": candidate.problem}
    return record | asdict(candidate.score) | {"logs": list(candidate.score.logs)}
