"""The commands that make a set of runs: what `snrbench run` and `snrbench tune` would be given to have them again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from math import isnan
from typing import Any

import pandas as pd

import schedules

Run = dict[str, Any]
NATIVE, SAMPLE = "native", "sample"


def that_made(facts: pd.DataFrame, track: str) -> Iterator[str]:
    """Commands in the order to give them: runs, then tunings, then the runs that score what those found.

    One for each weighting, way of applying, and set of targets and seeds (trials).

    facts: one row for each run
    """
    runs: list[Run] = facts.to_dict("records")  # type: ignore[assignment]
    tuned = [run for run in runs if run["tuned"]]
    yield from _runs([run for run in runs if not run["tuned"]], track)
    yield from _tunings(tuned, track)
    yield from _runs(tuned, track)


def _runs(runs: list[Run], track: str) -> Iterator[str]:
    seeds: dict[tuple[str, str, str], dict[str, int]] = {}
    for run in runs:
        spec = schedules.as_tuned(run["tuned_from"]) if run["tuned"] else run["schedule"]
        of_entry = seeds.setdefault((*_how(run), spec), {})
        of_entry[run["target"]] = max(of_entry.get(run["target"], 0), run["seed"] + 1)
    requests: dict[tuple[str, str, tuple[str, ...], int], list[str]] = {}
    for (weighting, apply, spec), by_target in sorted(seeds.items()):
        for count in sorted(set(by_target.values())):
            targets = tuple(sorted(target for target, number in by_target.items() if number == count))
            requests.setdefault((weighting, apply, targets, count), []).append(spec)
    for (weighting, apply, targets, count), specs in sorted(requests.items()):
        words = ["snrbench", "run", track, *_repeated("-s", specs), *_options(targets, weighting, apply)]
        yield shlex.join([*words, "--seeds", str(count)])


def _tunings(runs: list[Run], track: str) -> Iterator[str]:
    targets: dict[tuple[str, str, int, str], set[str]] = {}
    for run in runs:
        trials = 0 if isnan(run["trials"]) else int(run["trials"])
        targets.setdefault((*_how(run), trials, run["tuned_from"]), set()).add(run["target"])
    requests: dict[tuple[str, str, int, tuple[str, ...]], list[str]] = {}
    for (weighting, apply, trials, spec), of_spec in sorted(targets.items()):
        requests.setdefault((weighting, apply, trials, tuple(sorted(of_spec))), []).append(spec)
    for (weighting, apply, trials, names), specs in sorted(requests.items()):
        words = ["snrbench", "tune", track, *specs, *_options(names, weighting, apply)]
        yield shlex.join([*words, *(["--trials", str(trials)] if trials else [])])


def _how(run: Run) -> tuple[str, str]:
    """Weighting and way of applying; of a tuned weighting its name, since its parameters were found."""
    return run["weighting"].partition(":")[0] if run["tuned"] else run["weighting"], run["apply"]


def _options(targets: Iterable[str], weighting: str, apply: str) -> list[str]:
    options = _repeated("-t", targets)
    options += [] if weighting == NATIVE else ["-w", weighting]
    return options + ([] if apply == SAMPLE else ["--apply", apply])


def _repeated(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
