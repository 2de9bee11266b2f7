"""What tuning may cost: the track's rule, the same for every schedule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from harness.tracks.track import Track, Tuning
from schedules.errors import UserError


@dataclass(frozen=True)
class Budget:
    """Of one study. steps: of one run to its end; rule: what the track asks for."""

    trials: int
    seeds: int
    finalists: int
    confirm_seeds: int
    together: int
    steps: int
    rule: Tuning

    @classmethod
    def of(cls, track: Track, trials: int | None = None, seeds: int | None = None) -> Budget:
        """The track's budget, or another number of trials or seeds. UserError for less than one."""
        for name, value in (("trials", trials), ("seeds", seeds)):
            if value is not None and value < 1:
                raise UserError(f"{name} is {value}; expected at least 1")
        rule = track.tuning
        return cls(
            trials=rule.trials if trials is None else trials,
            seeds=rule.seeds if seeds is None else seeds,
            finalists=rule.finalists,
            confirm_seeds=rule.confirm_seeds,
            together=rule.together,
            steps=track.training.steps,
            rule=rule,
        )

    def at_least(self, trials: int) -> Budget:
        """The same with as many trials as there are already."""
        return replace(self, trials=max(self.trials, trials))

    @property
    def confirm_runs(self) -> int:
        """Runs of the confirmation, at most."""
        return (min(self.finalists, self.trials - 1) + 1) * self.confirm_seeds

    @property
    def most_runs(self) -> int:
        """Runs of the whole study."""
        return self.trials * self.seeds + self.confirm_runs

    @property
    def most_steps(self) -> int:
        """Training steps of the whole study, if no trial is stopped early."""
        return self.most_runs * self.steps

    @property
    def deviation(self) -> str:
        """How it differs from the track's rule, in words; "" when it doesn't."""
        differences = [
            f"{_counted(ours, name)} instead of {theirs}"
            for name, ours, theirs in (
                ("trial", self.trials, self.rule.trials),
                ("seed", self.seeds, self.rule.seeds),
            )
            if ours != theirs
        ]
        return ", ".join(differences)

    def record(self) -> dict[str, Any]:
        """As JSON, for the study."""
        record: dict[str, Any] = {
            "trials": self.trials,
            "seeds": self.seeds,
            "finalists": self.finalists,
            "confirm_seeds": self.confirm_seeds,
            "most_steps": self.most_steps,
        }
        return record | ({"deviates": self.deviation} if self.deviation else {})

    def __str__(self) -> str:
        return (
            f"{_counted(self.trials, 'trial')} × {_counted(self.seeds, 'seed')} × {self.steps:,} steps, then the best "
            f"{min(self.finalists, self.trials - 1)} and the published parameters on {self.confirm_seeds} fresh seeds: "
            f"{self.most_steps:,} training steps at most"
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
