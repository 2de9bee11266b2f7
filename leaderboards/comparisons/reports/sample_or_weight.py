"""Sample against weight, as text."""

from __future__ import annotations

from leaderboards.comparisons.compare import Choice, panel_of
from leaderboards.comparisons.effect import Effect
from leaderboards.comparisons.reports.report import Report, sheet
from leaderboards.comparisons.sample_or_weight import Parts, sample_or_weight
from leaderboards.data.tables import Tables


def apply_view(tables: Tables, track: str, choice: Choice) -> Report:
    """How much of each schedule's gain is its weight, and how much where samples go."""
    panel = panel_of(tables, track, choice)
    found = sample_or_weight(panel)
    if not found.rows:
        return Report((), (), found.notes)
    headers = ["entry", "target", "seeds", f"total vs {panel.baseline}", "the weight", "where samples go", "verdict"]
    rows = [
        [row.entry, row.target, str(row.seeds), row.total.text, row.weight.text, row.sampling.text, row.verdict]
        for row in found.rows
    ]
    joined = "multiply" if panel.scale.logarithmic else "add"
    return Report(
        (sheet(f"{track} · {panel.metric.title} · sample against weight", headers, rows, names=[0, 1, 6]),),
        tuple(_record(row) for row in found.rows),
        (
            f"the weight: the same schedule applied as a loss weight, against {panel.baseline}; where samples go:"
            f" sampled against weighted; the two {joined} to the total. Paired by seed, 95 % intervals.",
            *(f"note: {note}" for note in found.notes),
        ),
    )


def _record(row: Parts) -> dict[str, object]:
    parts: dict[str, Effect] = {"total": row.total, "weight": row.weight, "sampling": row.sampling}
    figures = {
        f"{name}{suffix}": value
        for name, part in parts.items()
        for suffix, value in (("", part.value), ("_low", part.low), ("_high", part.high), ("_p", part.p))
    }
    return {"entry": row.entry, "target": row.target, "seeds": row.seeds, **figures, "verdict": row.verdict}
