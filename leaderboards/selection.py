"""Which runs a board is made of: one protocol, one run for each entry, target and seed, one code behind each label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan
from typing import Any

import pandas as pd

from leaderboards import cost
from leaderboards.narrow import narrowed
from schedules.errors import unknown

FINGERPRINT_LETTERS = 6
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("tuned_from", "hardware", "host", "source", "verified"), ""),
    **{"trials": nan, "tuning_seconds": nan},
}
"""Columns that tables of earlier versions lack, and what they stand for there."""
SCORE_COLUMNS = [
    *("run_id", "label", "target", "seed", "outcome", "machine"),
    *("metric", "split", "guidance", "mark", "value"),
]


@dataclass(frozen=True)
class Filters:
    """What a reader takes out of a board; ranks, ties and p-values are computed anew on what is left.

    keep:            only these entries, and the baseline; None keeps all
    leave_out:       entries to leave out, the baseline too if it is named
    leave_out_seeds: seeds to leave out
    """

    keep: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()
    leave_out_seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Selected:
    """The runs that count, with their `label`, and what they scored.

    runs:     one row for each run, with everything that is known of it
    scores:   the long table in the columns that scores need; diverged runs, and those without a score, have metric ""
    baseline: label of the baseline
    notes:    what was left out, and why
    """

    runs: pd.DataFrame
    scores: pd.DataFrame
    protocol: str
    baseline: str
    notes: tuple[str, ...]

    @cached_property
    def seconds(self) -> dict[str, pd.Series]:
        """Target → label → mean seconds of a run."""
        rows = self.scores[self.scores["metric"].isin(cost.SECONDS)]
        targets = self.runs["target"].unique()
        return {str(target): cost.seconds_per_run(rows[rows["target"] == target]) for target in targets}

    def of(self, target: str) -> Selected:
        """The runs and scores of one target."""
        runs, scores = (table[table["target"] == target] for table in (self.runs, self.scores))
        return replace(self, runs=runs, scores=scores)


def select(
    table: pd.DataFrame,
    track: str,
    metrics: Iterable[str],
    *,
    baseline: str,
    protocol: str | None = None,
    filters: Filters | None = None,
) -> Selected:
    """One protocol's newest runs of a track, labelled, without what was filtered out.

    metrics: the ones that are needed; a run without any of them keeps one empty row. What runs cost is always there.

    UserError for a protocol without runs, and for entries and seeds that no run has.
    """
    table, protocol, notes = of_one_protocol(ranked_rows(table, track, metrics), protocol)
    table, baseline, code_notes = labelled(latest(table), baseline)
    table, filter_notes = filtered(table, baseline, filters or Filters())
    table = table.assign(machine=cost.machine(table))
    runs = table.drop_duplicates("run_id")
    return Selected(runs, table[SCORE_COLUMNS], protocol, baseline, (*notes, *code_notes, *filter_notes))


def ranked_rows(table: pd.DataFrame, track: str | None, metrics: Iterable[str]) -> pd.DataFrame:
    """The rows of a track (None: of all) that these metrics and the costs need, as plain text, every column there."""
    table = narrowed(table, {*metrics, *cost.SECONDS})
    return completed(table if track is None else table[table["track"] == track])


def completed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with every column that today's tables have."""
    missing = {column: value for column, value in DEFAULTS.items() if column not in table}
    blank = {column: table[column].fillna("") for column, value in DEFAULTS.items() if value == "" and column in table}
    return table.assign(**missing, **blank)


def of_one_protocol(table: pd.DataFrame, protocol: str | None) -> tuple[pd.DataFrame, str, list[str]]:
    """The runs of one protocol, its name, and a note on what was left out.

    protocol: None takes the one that the most recently started run belongs to. UserError for one without runs.
    """
    known = table["protocol"].unique()
    if protocol is None:
        newest = table.sort_values(["started", "protocol"], kind="stable")
        protocol = str(newest["protocol"].iloc[-1]) if len(newest) else ""
    elif len(known) and protocol not in known:
        raise unknown("protocol", protocol, [str(name) for name in known])
    others = table[table["protocol"] != protocol]
    notes = [
        f"protocol {protocol}: {runs} runs of protocol {other} left out, their numbers do not compare"
        for other, runs in others.groupby("protocol")["run_key"].nunique().items()
    ]
    return table[table["protocol"] == protocol], protocol, notes


def latest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the run that was started last, for each entry, fingerprint, target and seed."""
    runs = table.drop_duplicates("run_id").sort_values("started", kind="stable")
    kept = runs.drop_duplicates(["entry", "fingerprint", "target", "seed"], keep="last")
    return table[table["run_id"].isin(kept["run_id"])]


def devices_note(table: pd.DataFrame) -> list[str]:
    """A note where runs of several devices meet: the same seed need not give the same numbers on both."""
    devices = sorted(table["device"].dropna().astype(str).unique())
    return [f"runs of several devices: {', '.join(devices)}"] if len(devices) > 1 else []


def labelled(table: pd.DataFrame, baseline: str) -> tuple[pd.DataFrame, str, list[str]]:
    """Add the column `label`: the entry, with `#ab12cd` where two codes were run under one name.

    A tuned entry is another density for each target, so its codes are counted within a target.

    Returns the table, the label of the baseline (its most recently started code), and notes.
    """
    table = table.assign(fingerprint=table["fingerprint"].fillna("").astype(str))
    runs = table.drop_duplicates("run_id")
    scope = runs["target"].where(runs["tuned"].astype(bool), "")
    codes = runs.groupby([runs["entry"], scope])["fingerprint"].nunique().groupby(level=0).max()
    changed = set(codes[codes > 1].index)
    suffixed = table["entry"] + "#" + table["fingerprint"].str[:FINGERPRINT_LETTERS]
    table = table.assign(label=table["entry"].where(~table["entry"].isin(changed), suffixed))
    notes = [f"{entry}: run with {codes[entry]} different codes, shown apart" for entry in sorted(changed)]
    if baseline in changed:
        newest = table[table["entry"] == baseline].sort_values("started", kind="stable")
        baseline = str(newest["label"].iloc[-1])
        notes.append(f"the baseline is {baseline}, started last")
    return table, baseline, notes


def filtered(table: pd.DataFrame, baseline: str, filters: Filters) -> tuple[pd.DataFrame, list[str]]:
    """The rows that the filters leave, and a note on what they took out; the baseline goes only by its name.

    table: with `label`; names may be labels, or entries without their `#ab12cd`. UserError for an unknown one.
    """
    if filters == Filters():
        return table, []
    names = {*table["label"], *table["entry"]}
    for name in (*(filters.keep or ()), *filters.leave_out):
        if name not in names:
            raise unknown("entry", name, sorted(names))
    for seed in filters.leave_out_seeds:
        if seed not in set(table["seed"]):
            raise unknown("seed", str(seed), [str(known) for known in sorted(table["seed"].unique())])

    def among(wanted: tuple[str, ...]) -> pd.Series:
        return table["label"].isin(wanted) | table["entry"].isin(wanted)

    kept = ~among(filters.leave_out)
    if filters.keep is not None:
        kept &= among(filters.keep) | (table["label"] == baseline)
    gone = sorted(set(table["label"]) - set(table["label"][kept]))
    parts = [f"{name} (the baseline)" if name == baseline else name for name in gone]
    parts += [f"seed {seed}" for seed in sorted(filters.leave_out_seeds)]
    note = f"left out as asked: {', '.join(parts)}; ranks, ties and p-values are those of what is left"
    return table[kept & ~table["seed"].isin(filters.leave_out_seeds)], [note] if parts else []
