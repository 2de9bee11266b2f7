"""Which runs a board is made of: one protocol, one run for each entry, target and seed, one code behind each label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from leaderboards.data import cost
from leaderboards.data.code_versions import which_is_now
from leaderboards.data.tables import MEASURED, RUN, Tables
from schedules.errors import unknown

FINGERPRINT_LETTERS = 6
MOST_NAMED = 4
"""Entries that a note names; of more it says how many."""
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("tuned_from", "hardware", "host", "source", "verified"), ""),
    **{"trials": nan, "tuning_seconds": nan},
}
"""Columns that tables of earlier versions lack, and what they stand for there."""
RECORDED = "recorded"
"""What orders runs: when they were recorded, seconds since the epoch; clocks may say otherwise of when they began."""
RUN_OF = ["entry", "fingerprint", "target", "seed"]
OF_RUN = ("label", "target", "machine")
"""What stands beside each score of the run that it is of, with its seed."""


@dataclass(frozen=True)
class Filters:
    """What a reader takes out of a board. Entries are only hidden: every verdict is that of the whole board.

    keep:            show only these entries, and the baseline; None shows all
    leave_out:       entries to hide, the baseline too if it is named
    leave_out_seeds: seeds to leave out of the data
    """

    keep: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()
    leave_out_seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Selected:
    """The runs that count, with their `label`, and what they scored.

    runs:     one row for each run, with everything that is known of it
    scores:   one row for each score: run (its index in `runs`), label, target, machine and seed of the run, then
              metric, split, guidance, mark and value; text as categories
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
        return {target: cost.seconds_per_run(rows[rows["target"] == target]) for target in self.targets}

    @cached_property
    def mixed(self) -> tuple[str, ...]:
        """Notes where runs of several devices or machines meet."""
        return (*devices_note(self.runs), *cost.machines_note(self.scores))

    @cached_property
    def labels(self) -> pd.Index[str]:
        """Those that have runs, by name."""
        return pd.Index(sorted(self.runs["label"].unique()), name="label", dtype="str")

    @cached_property
    def targets(self) -> list[str]:
        """Those that have runs, by name."""
        return sorted(str(name) for name in self.runs["target"].unique())

    def guided(self, metric: str) -> bool:
        """Whether a metric was measured at guidance scales."""
        return bool(self.scores.loc[self.scores["metric"] == metric, "guidance"].notna().any())

    def of(self, target: str) -> Selected:
        """The runs and scores of one target."""
        if target not in self._parts:
            runs, scores = (table[table["target"] == target] for table in (self.runs, self.scores))
            self._parts[target] = replace(self, runs=runs, scores=scores)
        return self._parts[target]

    @cached_property
    def _parts(self) -> dict[str, Selected]:
        """What `of` returned before: every guidance scale and mark of a comparison starts from it."""
        return {}


def select(
    tables: Tables,
    track: str | None,
    metrics: Iterable[str],
    *,
    baseline: str,
    protocol: str | None = None,
    filters: Filters | None = None,
) -> Selected:
    """One protocol's newest runs of a track, labelled, without what was filtered out.

    track:   None for tables that are of one track
    metrics: the ones that are needed; what runs cost is always there

    UserError for a protocol without runs, and for entries and seeds that no run has.
    """
    runs = completed(tables.runs)
    runs, protocol, notes = of_one_protocol(runs if track is None else runs[runs["track"] == track], protocol)
    runs, baseline, code_notes = labelled(latest(runs), baseline)
    runs, filter_notes = filtered(runs, baseline, filters or Filters())
    runs = runs.assign(machine=cost.machine(runs))
    scores = _scores(runs, tables.measured({*metrics, *cost.SECONDS}))
    return Selected(runs, scores, protocol, baseline, (*notes, *code_notes, *filter_notes))


def _scores(runs: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The scores of the runs that are left, with what stands beside them."""
    places = runs.index.get_indexer(pd.Index(scores[RUN]))
    counts = places >= 0
    scores, places = scores[counts].reset_index(drop=True), places[counts]
    beside = {name: pd.Categorical(runs[name]).take(places) for name in OF_RUN}
    return scores.assign(**beside, seed=runs["seed"].to_numpy()[places])[[RUN, *OF_RUN, "seed", *MEASURED]]


def completed(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with every column that today's have."""
    missing = {column: value for column, value in DEFAULTS.items() if column not in runs}
    if RECORDED not in runs:
        missing[RECORDED] = runs["started"].astype("datetime64[ms]").astype("int64") / 1000
    blank = {column: runs[column].fillna("") for column, value in DEFAULTS.items() if value == "" and column in runs}
    return runs.assign(**missing, **blank)


def of_one_protocol(runs: pd.DataFrame, protocol: str | None) -> tuple[pd.DataFrame, str, list[str]]:
    """The runs of one protocol, its name, and a note on what was left out.

    protocol: None takes the one that the run belongs to which was recorded last. UserError for one without runs.
    """
    protocols = runs["protocol"].unique()
    if protocol is None:
        newest = runs[[RECORDED, "protocol"]].sort_values([RECORDED, "protocol"], kind="stable")
        protocol = str(newest["protocol"].iloc[-1]) if len(newest) else ""
    elif len(protocols) and protocol not in protocols:
        raise unknown("protocol", protocol, [str(name) for name in protocols])
    others = runs[runs["protocol"] != protocol]
    notes = [
        f"protocol {protocol}: {count} runs of protocol {other} left out, their numbers do not compare"
        for other, count in others.groupby("protocol")["run_key"].nunique().items()
    ]
    return runs[runs["protocol"] == protocol], protocol, notes


def latest(runs: pd.DataFrame) -> pd.DataFrame:
    """The run that was recorded last, for each entry, fingerprint, target and seed."""
    newest = runs[[RECORDED, *RUN_OF]].sort_values(RECORDED, kind="stable").drop_duplicates(RUN_OF, keep="last")
    return runs.loc[np.sort(newest.index)]


def devices_note(runs: pd.DataFrame) -> list[str]:
    """A note where runs of several devices meet: the same seed need not give the same numbers on both."""
    devices = sorted(runs["device"].dropna().astype(str).unique())
    return [f"runs of several devices: {', '.join(devices)}"] if len(devices) > 1 else []


def labelled(runs: pd.DataFrame, baseline: str) -> tuple[pd.DataFrame, str, list[str]]:
    """Add the column `label`: the entry, with `#ab12cd` where two codes were run under one name.

    A tuned entry is another density for each target, so its codes are counted within a target.

    Returns the runs, the label of the baseline (the code of its last recorded run), and notes.
    """
    runs = runs.assign(fingerprint=runs["fingerprint"].fillna("").astype(str))
    scope = runs["target"].where(runs["tuned"].astype(bool), "")
    kinds = pd.DataFrame({"entry": runs["entry"], "scope": scope, "code": runs["fingerprint"]}).drop_duplicates()
    codes = kinds.groupby(["entry", "scope"]).size().groupby(level=0).max()
    changed = set(codes[codes > 1].index)
    label = runs["entry"]
    if changed:
        label = label.where(~label.isin(changed), label + "#" + runs["fingerprint"].str[:FINGERPRINT_LETTERS])
    runs = runs.assign(label=label)
    notes = [
        f"{entry}: run with {codes[entry]} different codes, shown apart{_now(runs, entry)}" for entry in sorted(changed)
    ]
    if baseline in changed:
        newest = runs[runs["entry"] == baseline].sort_values(RECORDED, kind="stable")
        baseline = str(newest["label"].iloc[-1])
        notes.append(f"the baseline is {baseline}, recorded last")
    return runs, baseline, notes


def _now(runs: pd.DataFrame, entry: str) -> str:
    """Which of an entry's codes is today's; nothing of a tuned one, which has one for each target."""
    of_entry = runs[runs["entry"] == entry].sort_values(RECORDED, kind="stable")
    tuned = of_entry["tuned"].astype(bool).any()
    return "" if tuned else f"; {which_is_now(of_entry, str(of_entry['label'].iloc[-1]))}"


def filtered(runs: pd.DataFrame, baseline: str, filters: Filters) -> tuple[pd.DataFrame, list[str]]:
    """The runs without the seeds that are left out, and a note on those and on what is hidden.

    runs: with `label`. UserError for an unknown entry or seed.
    """
    if filters == Filters():
        return runs, []
    for seed in filters.leave_out_seeds:
        if seed not in set(runs["seed"]):
            raise unknown("seed", str(seed), [str(number) for number in sorted(runs["seed"].unique())])
    keep = shown(runs, filters, baseline)
    every = set(runs["label"])
    gone = sorted(every - keep) if keep is not None else []
    notes = []
    if gone:
        parts = [f"{name} (the baseline)" if name == baseline else name for name in gone]
        if len(parts) > MOST_NAMED:
            others = [name for name in gone if name != baseline]
            parts = [f"{len(others)} entries", *([f"{baseline} (the baseline)"] if baseline in gone else [])]
        notes.append(f"hidden as asked: {', '.join(parts)}; ranks and p-values are those of all {len(every)} entries")
    if seeds := sorted(filters.leave_out_seeds):
        notes.append(f"left out as asked: {', '.join(f'seed {seed}' for seed in seeds)}")
    return runs[~runs["seed"].isin(filters.leave_out_seeds)], notes


def shown(runs: pd.DataFrame, filters: Filters, baseline: str) -> set[str] | None:
    """The labels that the filters show; None for all. The baseline goes only by its name.

    runs: with `label`; names may be labels, or entries without their `#ab12cd`. UserError for an unknown one.
    """
    if filters.keep is None and not filters.leave_out:
        return None
    names = {*runs["label"], *runs["entry"]}
    for name in (*(filters.keep or ()), *filters.leave_out):
        if name not in names:
            raise unknown("entry", name, sorted(names))

    def among(wanted: tuple[str, ...]) -> pd.Series:
        return runs["label"].isin(wanted) | runs["entry"].isin(wanted)

    visible = ~among(filters.leave_out)
    if filters.keep is not None:
        visible &= among(filters.keep) | (runs["label"] == baseline)
    return set(runs["label"][visible])


def showing(chosen: Selected, filters: Filters) -> Selected:
    """The runs and scores of the entries that the filters show."""
    keep = shown(chosen.runs, filters, chosen.baseline)
    if keep is None:
        return chosen
    runs, scores = (table[table["label"].isin(keep)] for table in (chosen.runs, chosen.scores))
    return replace(chosen, runs=runs, scores=scores)


def label_of(runs: pd.DataFrame, name: str | None) -> str | None:
    """The label that a name stands for: itself, or of an entry's several codes the newest.

    runs: with `label`. UserError for an unknown name.
    """
    if name is None or name in set(runs["label"]):
        return name
    of_entry = runs[runs["entry"] == name].sort_values(RECORDED, kind="stable")
    if of_entry.empty:
        raise unknown("entry", name, sorted(runs["label"].unique()))
    return str(of_entry["label"].iloc[-1])
