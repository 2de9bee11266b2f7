"""A share of a track's budget: `--budget-fraction` and `--steps`, and the track that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from schedules.errors import UserError

BudgetFraction = Annotated[
    float | None,
    typer.Option(
        "--budget-fraction",
        metavar="F",
        help="Train F of the track's steps, to explore, rounded to whole blocks of steps. A track of its own, TRACK@F, "
        "on a board of its own.",
    ),
]
Steps = Annotated[int | None, typer.Option("--steps", metavar="N", help="The same, as a number of steps.")]


@dataclass(frozen=True)
class Budget:
    """What is asked for of a track's steps: a share of them, a number of them, or all."""

    fraction: float | None = None
    steps: int | None = None

    def track(self, name: str) -> tuple[str, str]:
        """The name of the track on this budget, and what to tell the user; "" where it is the full one.

        UserError for a share outside (0, 1), and for a number of steps that is not below the track's own.
        """
        from harness import tracks
        from harness.tracks import shortened

        if self.fraction is None and self.steps is None:
            return name, ""
        if self.fraction is not None and self.steps is not None:
            raise UserError(f"--budget-fraction {self.fraction:g} and --steps {self.steps}; give one of them")
        full = tracks.get(name)
        total = full.training.steps
        if self.steps is not None and not 0 < self.steps < total:
            raise UserError(f"--steps is {self.steps}; expected more than 0 and less than {total}, which {name} has")
        share = self.steps / total if self.steps is not None else self.fraction
        steps = shortened.whole_blocks(full, 0.0 if share is None else share)
        short = shortened.name_of(full, steps)
        option = f"--steps {self.steps}" if self.steps is not None else f"--budget-fraction {self.fraction:g}"
        rounded = "" if shortened.is_exactly(full, share or 0.0, steps) else (
            f"; {option} is rounded to a multiple of {shortened.unit(full)}, so that it can be scored along the way"
        )  # fmt: skip
        return short, f"{short}: {steps} of {total} steps{rounded}"


WHOLE = Budget()
