"""Training against sampling noise, as text."""

from __future__ import annotations

from dataclasses import asdict

from leaderboards.comparisons.compare import Choice, variances_of
from leaderboards.comparisons.reports.report import Report, percent, sheet
from leaderboards.comparisons.variance import VarianceRow
from leaderboards.data.tables import Tables
from leaderboards.wording import with_interval


def variance_view(tables: Tables, track: str, choice: Choice) -> Report:
    """How much of the noise over seeds is sampling."""
    found = variances_of(tables, track, choice)
    if not found.rows:
        return Report((), (), found.notes)
    headers = ["target", "entry", "seeds", "sampling sd [95 %]", "training sd [95 %]", "share of sampling"]
    titles = {"score": "log fd", "ratio": "log ratio of fd to the baseline"}
    sheets = []
    for of, name in titles.items():
        rows = [_row(row) for row in found.rows if row.of == of]
        if rows:
            sheets.append(sheet(f"{track} · noise of {name} over seeds", headers, rows, names=[0, 1]))
    return Report(
        tuple(sheets),
        tuple(_record(row) for row in found.rows),
        (
            "sampling: from a second sampling of the same weights; training: the rest. Standard deviations on the log"
            " scale; 0.05 is about 5 %. Intervals: χ² and Williams–Tukey, for noise that is normal on this scale.",
            *(f"note: {note}" for note in found.notes),
        ),
    )


def _row(row: VarianceRow) -> list[str]:
    split = row.split
    sampling = with_interval(split.sampling, split.sampling_low, split.sampling_high)
    training = with_interval(split.training, split.training_low, split.training_high)
    return [row.target, row.entry, str(split.seeds), sampling, training, percent(split.share)]


def _record(row: VarianceRow) -> dict[str, object]:
    return {"target": row.target, "entry": row.entry, "of": row.of, **asdict(row.split), "share": row.split.share}
