"""Which runs a board is made of: one protocol, one run for each entry, target and seed, one code behind each label."""

from __future__ import annotations

import pandas as pd

from schedules.errors import unknown

FINGERPRINT_LETTERS = 6


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

    Returns the table, the label of the baseline (its most recently started code), and notes.
    """
    table = table.assign(fingerprint=table["fingerprint"].fillna("").astype(str))
    codes = table.groupby("entry")["fingerprint"].nunique()
    changed = set(codes[codes > 1].index)
    suffixed = table["entry"] + "#" + table["fingerprint"].str[:FINGERPRINT_LETTERS]
    table = table.assign(label=table["entry"].where(~table["entry"].isin(changed), suffixed))
    notes = [f"{entry}: run with {codes[entry]} different codes, shown apart" for entry in sorted(changed)]
    if baseline in changed:
        newest = table[table["entry"] == baseline].sort_values("started", kind="stable")
        baseline = str(newest["label"].iloc[-1])
        notes.append(f"the baseline is {baseline}, started last")
    return table, baseline, notes
