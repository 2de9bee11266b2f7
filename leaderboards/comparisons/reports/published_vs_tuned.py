"""Published against tuned, as text."""

from __future__ import annotations

from math import isnan

from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.boards.tuned_parameters import of_entry
from leaderboards.comparisons.compare import Choice, panel_of, tuned_table_of
from leaderboards.comparisons.published_vs_tuned import TunedRow
from leaderboards.comparisons.reports.report import Report, sheet
from leaderboards.data.tables import Tables
from leaderboards.wording import NOTHING, with_interval


def tuned_view(tables: Tables, track: str, choice: Choice) -> Report:
    """What tuning gained each schedule, and what it cost."""
    metric, found = panel_of(tables, track, choice).metric, tuned_table_of(tables, track, choice)
    if not found.rows:
        return Report((), (), ("no schedule was scored both as published and tuned", *found.notes))
    headers = [
        "published",
        "target",
        "seeds",
        f"{metric.name}, published",
        "tuned",
        "gain",
        "tuned to",
        "trials",
        "min",
        "verdict",
    ]
    rows = [
        [
            row.schedule,
            row.target,
            str(row.seeds),
            with_interval(row.published.value, row.published.low, row.published.high),
            with_interval(row.tuned.value, row.tuned.low, row.tuned.high),
            row.gain.text,
            NOTHING if isnan(row.trials) else f"{row.trials:.0f}",
            NOTHING if isnan(row.tuning_seconds) else f"{row.tuning_seconds / 60:.0f}",
            row.verdict if row.gain.better <= 0 else "gain",
            NOTHING if row.target == ALL_TARGETS else of_entry(row.params, row.tuned_from),
        ]
        for row in found.rows
    ]
    return Report(
        (sheet(f"{track} · {metric.title} · published against tuned", headers, rows, names=[0, 1, 8, 9]),),
        tuple(_record(row) for row in found.rows),
        (
            "gain: tuned against published, paired by seed, on the seeds and the split that tuning never saw; min: time"
            " of the study's trials; lr, EMA: multiples of the track's learning rate and of its EMA's time constant.",
            *(f"note: {note}" for note in found.notes),
        ),
    )


def _record(row: TunedRow) -> dict[str, object]:
    return {
        "schedule": row.schedule,
        "entry": row.entry,
        "target": row.target,
        "params": row.params,
        "seeds": row.seeds,
        "published": row.published.value,
        "published_low": row.published.low,
        "published_high": row.published.high,
        "tuned": row.tuned.value,
        "tuned_low": row.tuned.low,
        "tuned_high": row.tuned.high,
        "gain": row.gain.value,
        "gain_low": row.gain.low,
        "gain_high": row.gain.high,
        "gain_p": row.gain.p,
        "gain_shown": row.gain_shown,
        "trials": row.trials,
        "tuning_seconds": row.tuning_seconds,
        "verdict": row.verdict,
    }
