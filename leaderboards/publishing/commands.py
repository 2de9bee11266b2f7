"""The commands that make a set of runs: what `snrbench run` and `snrbench tune` would be given to have them again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from math import isnan
from typing import Any

import pandas as pd


def that_made(facts: pd.DataFrame, track: str) -> Iterator[str]:
    """One command for each weighting, way of applying, and set of targets and seeds.

    facts: one row for each run. A tuned entry is made by its tuning: `snrbench tune`.
    """
    runs: list[dict[str, Any]] = facts.to_dict("records")  # type: ignore[assignment]
    yield from _runs([run for run in runs if not run["tuned"]], track)
    yield from _tunings([run for run in runs if run["tuned"]], track)


def _runs(runs: list[dict[str, Any]], track: str) -> Iterator[str]:
    seeds: dict[tuple[str, str, str], dict[str, int]] = {}
    for run in runs:
        of_entry = seeds.setdefault((run["weighting"], run["apply"], run["schedule"]), {})
        of_entry[run["target"]] = max(of_entry.get(run["target"], 0), run["seed"] + 1)
    requests: dict[tuple[str, str, tuple[str, ...], int], list[str]] = {}
    for (weighting, apply, schedule), by_target in sorted(seeds.items()):
        for count in sorted(set(by_target.values())):
            targets = tuple(sorted(target for target, number in by_target.items() if number == count))
            requests.setdefault((weighting, apply, targets, count), []).append(schedule)
    for (weighting, apply, targets, count), specs in sorted(requests.items()):
        words = ["snrbench", "run", track, *_repeated("-s", specs), *_repeated("-t", targets)]
        words += [] if weighting == "native" else ["-w", weighting]
        words += [] if apply == "sample" else ["--apply", apply]
        yield shlex.join([*words, "--seeds", str(count)])


def _tunings(runs: list[dict[str, Any]], track: str) -> Iterator[str]:
    targets: dict[tuple[str, int], set[str]] = {}
    for run in runs:
        trials = 0 if isnan(run["trials"]) else int(run["trials"])
        targets.setdefault((run["tuned_from"], trials), set()).add(run["target"])
    for (spec, trials), of_spec in sorted(targets.items()):
        words = ["snrbench", "tune", track, spec, *_repeated("-t", sorted(of_spec))]
        yield shlex.join([*words, *(["--trials", str(trials)] if trials else [])])


def _repeated(option: str, values: list[str] | tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (option, value)]
