"""Which of our entries stands for which row of a published comparison."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from leaderboards.literature.schema import NATIVE, PublishedTable, Row
from schedules import Schedule, UserError, parse, weightings
from schedules.relatives import similarity

OWN = "own"
"""The target of a comparison in which each row is read on the target that the paper trained it with."""
DEFAULT_TARGET = "v"


@dataclass(frozen=True)
class Match:
    """A row of the paper's, and the entry and target of ours that stand for it."""

    row: Row
    entry: str
    target: str


@dataclass(frozen=True)
class Reading:
    """Rows of a table that are compared with ours on one target, or each on its own.

    target: ours, or "own"; in words where another one stands in for a target that was not run
    subset: "native", or "all" with other weightings
    absent: the paper's labels of rows that nothing was run of
    """

    target: str
    subset: str
    matches: tuple[Match, ...]
    absent: tuple[str, ...]


def readings(table: PublishedTable, there: Entries, targets: Sequence[str]) -> Iterator[Reading]:
    """Every way to read a table on our targets, where it leaves two rows or more.

    Rows of one target are read on that target; those of the target with the most rows on each other one too. Rows of
    several targets are read together, each on its own; where nothing was run on the largest group's, v stands in.

    there:   what was run
    targets: those of ours to read on
    """
    groups = {target: [row for row in table.rows if row.target == target] for target in _targets(table)}
    sizes = [len(rows) for rows in groups.values()]
    for group, rows in groups.items():
        largest = len(rows) == max(sizes) and sizes.count(len(rows)) == 1
        for target in targets:
            if target == group or largest:
                yield from _subsets(target, rows, [target] * len(rows), there)
    if len(groups) > 1:
        main = max(groups, key=lambda target: len(groups[target]))
        replaced = main not in targets and DEFAULT_TARGET in targets
        own = [DEFAULT_TARGET if replaced and row.target == main else row.target for row in table.rows]
        if len({target for target in own if target in targets}) > 1:
            name = f"{OWN}, {DEFAULT_TARGET} for {main}" if replaced else OWN
            yield from _subsets(name, table.rows, own, there)


def _targets(table: PublishedTable) -> list[str]:
    return list(dict.fromkeys(row.target for row in table.rows))


def _subsets(name: str, rows: Sequence[Row], targets: Sequence[str], there: Entries) -> Iterator[Reading]:
    """Rows with the native weighting, then all where there are others."""
    triples = [(row, target, entry_of(row, there, target)) for row, target in zip(rows, targets, strict=True)]
    counts = {}
    for subset in (NATIVE, "all"):
        part = [triple for triple in triples if subset == "all" or triple[0].weighting == NATIVE]
        matches = tuple(Match(row, entry, target) for row, target, entry in part if entry is not None)
        absent = tuple(row.label for row, _, entry in part if entry is None)
        counts[subset] = len(matches)
        if len(matches) > 1 and (subset == NATIVE or counts[NATIVE] < len(matches)):
            yield Reading(name, subset, matches, absent)


Entries = Mapping[tuple[str, str], Mapping[str, str]]
"""Target and weighting → spec → label of the entry that was run so, sampled from its density and not tuned."""


def entries(runs: pd.DataFrame) -> Entries:
    """What there is of the runs of a track, which have their `label`."""
    plain = (runs["apply"] == "sample") & ~runs["tuned"].astype(bool)
    kinds = runs.loc[plain, ["target", "weighting", "schedule", "label"]].astype(str).drop_duplicates()
    labels: dict[tuple[str, str], dict[str, str]] = {}
    for target, weighting, spec, label in kinds.itertuples(index=False):
        labels.setdefault((target, _weighting(weighting)), {})[spec] = label
    return labels


def entry_of(row: Row, there: Entries, target: str) -> str | None:
    """The entry that was run as the row says; None where there is none.

    By its spec, else by any name of the same density: common random numbers make their runs the same.
    """
    by_spec = there.get((target, row.weighting), {})
    if row.spec is None or row.spec in by_spec:
        return None if row.spec is None else by_spec[row.spec]
    return next((label for spec, label in sorted(by_spec.items()) if _same(row.spec, spec)), None)


@functools.cache
def _same(spec: str, other: str) -> bool:
    first, second = _parsed(spec), _parsed(other)
    if first is None or second is None or first.learns or second.learns:
        return False
    return similarity.same(first, second)


@functools.cache
def _parsed(spec: str) -> Schedule | None:
    try:
        return parse(spec)
    except UserError:
        return None  # a plugin's, which is not here


@functools.cache
def _weighting(text: str) -> str:
    try:
        return weightings.parse(text).spec
    except UserError:
        return text
