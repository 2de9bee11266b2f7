"""A run that goes on where its checkpoint is: what has been measured so far, and when to write the next one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from harness.metrics.keys import Measured
from harness.training import checkpoint
from harness.training.checkpoint import Checkpoint, Damaged
from schedules.errors import text_of

SHARE_OF_TIME = 0.01
FIRST_AFTER_SECONDS = 1.0


@dataclass
class Progress:
    """What a run has measured so far.

    marks:   how many marks of the budget have been evaluated
    seconds: "training", "evaluation" and "checkpoint", over every attempt
    """

    marks: int = 0
    values: dict[Measured, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: {"training": 0.0, "evaluation": 0.0, "checkpoint": 0.0})
    samples_drawn: int = 0
    resumed: int = 0

    def record(self) -> dict[str, Any]:
        """As JSON."""
        fields = {name: value for name, value in vars(self).items() if name != "values"}
        return {**fields, "values": [[asdict(measured), value] for measured, value in self.values.items()]}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Progress:
        """The reverse of `record`."""
        values = {Measured(**measured): value for measured, value in record["values"]}
        return cls(**{**record, "values": values})


class Checkpoints:
    """A run's checkpoints, written so rarely that they cost at most 1 % of its time. None for `folder` writes none.

    notes: what a user should know: checkpoints that were damaged, or that could not be written
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._cost = 0.0
        self._last = time.monotonic()

    def load(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; None when there is none."""
        for path in checkpoint.newest(self.folder) if self.folder else ():
            try:
                return checkpoint.load(path)
            except Damaged as damaged:
                self.notes.append(f"checkpoint {damaged}; it is left out")
                path.unlink(missing_ok=True)
        return None

    def due(self) -> bool:
        """Whether enough time has passed to pay for another one."""
        wait = max(FIRST_AFTER_SECONDS, self._cost / SHARE_OF_TIME)
        return self.folder is not None and time.monotonic() - self._last >= wait

    def save(self, step: int, tensors: Mapping[str, Tensor], progress: Progress) -> None:
        """Write one now. A disk that does not take it is noted; the run goes on."""
        if self.folder is None:
            return
        started = time.monotonic()
        try:
            checkpoint.save(self.folder, step, tensors, progress.record())
        except OSError as error:
            note = f"no checkpoint can be written: {text_of(error)}"
            if note not in self.notes:
                self.notes.append(note)
        self._last = time.monotonic()
        self._cost = self._last - started
        progress.seconds["checkpoint"] += self._cost

    def remove(self) -> None:
        """Forget them: the run has ended and its result is safe."""
        if self.folder is not None:
            checkpoint.remove(self.folder)
