"""What a study is of, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass

from harness.specs import Entry

NAME_LENGTH = 300
"""Of a schedule in a study's name, which Optuna's tables limit to 512 characters."""


@dataclass(frozen=True)
class Subject:
    """What a study is of."""

    track: str
    target: str
    entry: Entry

    @property
    def name(self) -> str:
        """`<track>/<target>/<schedule>/<weighting>/<apply>`."""
        schedule = self.entry.schedule
        if len(schedule) > NAME_LENGTH:
            schedule = f"{schedule[:NAME_LENGTH]}…{self.entry.fingerprint[:8]}"
        return f"{self.track}/{self.target}/{schedule}/{self.entry.weighting}/{self.entry.apply}"

    def __str__(self) -> str:
        return f"{self.entry.label} × {self.target}"
