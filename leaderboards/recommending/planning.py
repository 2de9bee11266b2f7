"""Minutes → runs: how many trials the searches get, and how many seeds the comparison.

    rate = workers / seconds of a run, in the time that is not for training once, loading and judging
    first the least:  4 trials of the learning rate, 4 of each family, 15 entries on 3 seeds
    then, of what is left:  a tenth for the learning rate (16 trials at most), half for seeds (10 at most), the rest for
                            the families (32 trials each at most)

Fifteen entries are what it takes for the judge to moderate the variances of three seeds by what the other pairs show;
without, three seeds tell hardly anything apart.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from leaderboards.recommending.families import families
from schedules.errors import UserError

ENTRIES = 15
LEAST_TRIALS, MOST_OF_RATE, MOST_OF_FAMILY = 4, 16, 32
LEAST_SEEDS, MOST_SEEDS = 3, 10
FOR_RATE, FOR_SEEDS = 0.1, 0.5
SLACK = 0.8
"""Of that time; the rest goes to recording runs, and to workers that wait for each other."""
CLOSING = 15.0
"""Seconds of the minutes that are left for stopping, judging and the report's pictures."""
OPENING = 10.0
"""Seconds until workers begin with runs, of data that are loaded at once."""


@dataclass(frozen=True)
class Plan:
    """What minutes buy.

    rate_trials, trials: of the baseline's learning rate and average; of each family
    trial_seeds:         of a trial, and of the confirmation of a search's best
    seeds, entries:      of the comparison
    """

    rate_trials: int
    trials: int
    trial_seeds: int
    seeds: int
    entries: int = ENTRIES

    @property
    def search_runs(self) -> int:
        """Runs of all searches, with the best of each and the published one once more."""
        studies = len(families())
        return (self.rate_trials + studies * self.trials + 2 * (studies + 1)) * self.trial_seeds

    @property
    def runs(self) -> int:
        """All of them."""
        return self.search_runs + self.entries * self.seeds

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"runs": self.runs}

    def __str__(self) -> str:
        return (
            f"{self.runs} runs: {self.rate_trials} trials of cosine's learning rate and EMA, {self.trials} of each of "
            f"{len(families())} families, then {self.entries} entries on {self.seeds} fresh seeds"
        )


def least(trial_seeds: int = 1) -> Plan:
    """The smallest plan that says anything."""
    return Plan(LEAST_TRIALS, LEAST_TRIALS, trial_seeds, LEAST_SEEDS)


def planned(
    minutes: float,
    seconds: float,
    workers: int,
    trial_seeds: int = 1,
    besides: float = 0.0,
    at_least: bool = False,
) -> Plan:
    """What minutes buy at so many seconds a run. UserError where that is less than the least, unless `at_least`.

    besides: seconds of the minutes that no run has
    """
    fewest = least(trial_seeds)
    bought = max(0, int(SLACK * (60 * minutes - besides) * workers / seconds))
    if bought < fewest.runs and at_least:
        return fewest
    if bought < fewest.runs:
        runs = f"{bought} run{'s' * (bought != 1)} of {in_time(seconds)}, {workers} at a time"
        rest = f", beside the {in_time(besides)} for what comes before and after them" if besides else ""
        needed = minutes_of(fewest, seconds, workers, besides)
        raise UserError(
            f"--minutes {minutes:g} buys {runs}{rest}; the least that says anything is {fewest.runs}: expected "
            f"--minutes {needed}, more workers, or a GPU"
        )
    spare = bought - fewest.runs
    rate = min(MOST_OF_RATE, LEAST_TRIALS + _fours(FOR_RATE * spare / trial_seeds))
    seeds = min(MOST_SEEDS, LEAST_SEEDS + int(FOR_SEEDS * spare / ENTRIES))
    left = spare - (rate - LEAST_TRIALS) * trial_seeds - (seeds - LEAST_SEEDS) * ENTRIES
    trials = min(MOST_OF_FAMILY, LEAST_TRIALS + _fours(left / (len(families()) * trial_seeds)))
    return Plan(rate, trials, trial_seeds, seeds)


def minutes_of(plan: Plan, seconds: float, workers: int, besides: float) -> int:
    """Whole minutes that do suffice for a plan."""
    return math.ceil((plan.runs * seconds / (SLACK * workers) + besides) / 60 + 1e-9)


def in_time(seconds: float) -> str:
    """ "2.4 s", "45 s", "3 min"."""
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _fours(trials: float) -> int:
    """Whole blocks of trials."""
    return 4 * int(trials / 4)
