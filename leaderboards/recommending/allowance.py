"""The minutes of a recommendation: all of its wall time, over every command that works on it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from leaderboards.recommending.planning import CLOSING, OPENING


@dataclass(frozen=True)
class Allowance:
    """minutes: of all commands; before: of them, spent by earlier ones; started: time.monotonic() of this command"""

    minutes: float
    before: float
    started: float

    @property
    def spent(self) -> float:
        """Minutes, by earlier commands and by this one until now."""
        return self.before + (time.monotonic() - self.started) / 60

    @property
    def seconds_left(self) -> float:
        """For whatever there is to do, judging included."""
        return 60 * (self.minutes - self.spent)

    @property
    def deadline(self) -> float:
        """time.monotonic() when the last run has to end, so that there is time to judge."""
        return self.started + 60 * (self.minutes - self.before) - CLOSING

    @property
    def is_over(self) -> bool:
        """Whether so little is left that no run would end in it."""
        return self.seconds_left < OPENING + CLOSING
