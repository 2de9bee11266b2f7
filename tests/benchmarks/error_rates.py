"""What boards of known truth get wrong, and what ordinary paired t does beside it.

    python tests/benchmarks/error_rates.py [--kind NAME …] [--entries N …] [--seeds N …] [--boards N] [--wild]

Every kind of noise (`tests/leaderboards/statistics/kinds_of_noise.py`) × entries × seeds × the board's own prior and
a track's × all entries equal and groups of equal ones, three cells; of the first cell and of what is over all three:

    wrong      boards with a pair told apart that is equal, or in the wrong order: at most 5 %
    focus      the same for one entry against every other; noisiest: that entry being the noisiest
    ranks      boards whose rank intervals all hold: at least 95 %
    covered    intervals that hold, on average over pairs: at least 94 %, and more where few entries have few seeds;
               noisy: of the noisiest tenth of the entries: at least 90 %
    found      different pairs that are told apart; t wrong, t found: what ordinary t does

`--wild`: instead, one entry with 3 or 10 times the sd of equal ones, in one target or all, judged by a track of equal
noise and by one of unequal noise: at most 8 % for four entries and more.

A row beyond its limits by more than three standard errors of the simulation ends in "!".
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "leaderboards" / "statistics"))
from error_rates import Rates, rates
from kinds_of_noise import KINDS, one_wild

ENTRIES, SEEDS, CELLS = (2, 4, 10, 30, 81), (3, 5, 8, 20), 3
SMALLEST_OWN = 30
"""Entries from which on a board can have a prior of its own."""
BATCH = {2: 1000, 4: 1000, 10: 400, 30: 100, 81: 25}


def averaged(boards: int, entries: int, *arguments: object, **options: object) -> list[Rates]:
    """`rates` of many boards, some at a time."""
    size = BATCH[entries]
    parts = [rates(*arguments, boards=size, seed=number, **options) for number in range(-(-boards // size))]
    return [
        Rates(*np.nanmean(list(zip(*section, strict=True)), axis=1))
        if not np.isnan(section[0].found)
        else Rates(*np.mean(list(zip(*section, strict=True)), axis=1))
        for section in zip(*parts, strict=True)
    ]


def beyond(shares: Rates, boards: int, most: float = 0.05, held: bool = True) -> bool:
    """Whether a limit is passed by more than three standard errors."""
    luck = 3 * np.sqrt(most * (1 - most) / boards)
    if max(shares.wrong, 0 if not held else max(shares.focus, shares.noisiest)) > most + luck:
        return True
    return held and (shares.ranks < 0.95 - luck or not shares.covered >= 0.935 or shares.covered_noisy < 0.895)


def show(name: str, shares: Rates, mark: bool) -> None:
    """One row."""
    print(
        f"{name:<58}",
        " ".join(f"{100 * value:8.1f}" if np.isfinite(value) else f"{'–':>8}" for value in shares),
        "!" if mark else "",
        flush=True,
    )


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--entries", nargs="*", type=int, default=ENTRIES)
    parser.add_argument("--seeds", nargs="*", type=int, default=SEEDS)
    parser.add_argument("--boards", type=int, default=2000)
    parser.add_argument("--wild", action="store_true")
    arguments = parser.parse_args()
    started = time.perf_counter()
    print(
        f"{'per cent':<58}",
        " ".join(
            f"{name.replace('covered_', '').replace('ordinary', 't').replace('t_', 't ')[:8]:>8}"
            for name in Rates._fields
        ),
    )
    marked = wild(arguments) if arguments.wild else usual(arguments)
    print(f"{marked} rows beyond their limits, {(time.perf_counter() - started) / 60:.0f} min")


def usual(arguments: argparse.Namespace) -> int:
    """The kinds of noise; how many rows are beyond their limits."""
    marked = 0
    for kind in arguments.kind:
        for entries in arguments.entries:
            for seeds in arguments.seeds:
                for of_track in (True, False) if entries >= SMALLEST_OWN else (True,):
                    for apart in truths(kind, entries):
                        boards = max(200, arguments.boards // (5 if entries == 81 else 2 if entries == 30 else 1))
                        averages = averaged(
                            boards, entries, KINDS[kind], entries, seeds, CELLS, apart=apart, of_track=of_track
                        )
                        for section, each in zip(("cell", "all"), averages, strict=True):
                            prior, truth = "track" if of_track else "board", "groups" if apart else "equal"
                            mark = beyond(each, boards)
                            marked += mark
                            show(f"{kind}, {entries} × {seeds}, {prior}'s prior, {truth}, {section}", each, mark)
    return marked


def truths(kind: str, entries: int) -> tuple[bool, ...]:
    """Whether entries are equal, or in groups of equal ones; a noise that grows with the mean needs means."""
    if kind == "grows with the mean":
        return (True,)
    return (False, True) if entries > 2 else (False,)


def wild(arguments: argparse.Namespace) -> int:
    """One wild entry."""
    marked = 0
    for of_track in ("equal", "unequal, 5 df"):
        for cells, where in ((1, "all"), (3, "one"), (3, "all")):
            for times in (3, 10):
                for entries in (2, 4, 10, 30):
                    for seeds in arguments.seeds:
                        boards = arguments.boards
                        averages = averaged(
                            boards,
                            entries,
                            one_wild(times, where),
                            entries,
                            seeds,
                            cells,
                            apart=False,
                            of_track=True,
                            track=KINDS[of_track],
                        )
                        for section, each in zip(("cell", "all"), averages, strict=False):
                            mark = beyond(each, boards, 0.08, held=False)
                            marked += mark
                            show(
                                f"{times} × sd in {where} of {cells}, {entries} × {seeds}, {of_track}, {section}",
                                each,
                                mark,
                            )
    return marked


if __name__ == "__main__":
    main()
