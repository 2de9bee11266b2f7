"""What a run of a track holds in memory, as its card says before any run was measured here.

    peak = data + state + max(training, evaluation)

The card's figures are measured (`harness.measuring.memory`). In a process on a CPU what Python and the libraries hold
comes on top, and on a GPU torch's context and its allocator's waste; see `memory_check` and `worker_count`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

MIB = 2**20


@dataclass(frozen=True)
class Footprint:
    """MiB by what holds them.

    data:       examples of all splits
    state:      weights, their average and the two moments of AdamW
    training:   what a step needs beside, gradients and two blocks of examples and noise among it
    evaluation: what drawing and scoring samples needs beside
    """

    data: float
    state: float
    training: float
    evaluation: float

    @property
    def peak(self) -> float:
        return self.data + self.state + max(self.training, self.evaluation)

    def __str__(self) -> str:
        step = f"a training step {gib(self.training)}, sampling {gib(self.evaluation)}"
        return f"data {gib(self.data)}, weights, average and optimiser {gib(self.state)}, {step}"

    @classmethod
    def read(cls, figures: dict[str, Any] | None) -> Self | None:
        """From a card; None where it is not there or not whole."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: float(figures[name]) for name in names}) if figures and names <= figures.keys() else None


def gib(mib: float) -> str:
    """ "1.2 GiB", "340 MiB"."""
    return f"{mib / 1024:.1f} GiB" if mib >= 1000 else f"{mib:.0f} MiB"
