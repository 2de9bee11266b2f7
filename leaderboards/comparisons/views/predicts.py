"""How far a board agrees with published comparisons, as text: what was compared, and every column of it.

No agreement is a prediction: each published table has one seed a number, and few rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from leaderboards.comparisons.agreement.agreements import NONE, Agreement, agreements
from leaderboards.comparisons.agreement.headline import leading, tau_text
from leaderboards.comparisons.choice import Choice
from leaderboards.data.tables import Tables
from leaderboards.literature.schema import BEST
from leaderboards.literature.tables import published_tables
from leaderboards.render.report import Report, percent, sheet
from leaderboards.render.text_tables import Sheet
from leaderboards.wording import NOTHING, p_text, signed

HEADERS = (
    *("published table", "by", "column", "rows", "τ [95 %]", "p", "pairs alike"),
    *("τ at ±3 %", "τ at ±10 %", "counts as"),
)


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """Kendall's τ between the track's order of entries and published ones, on every target, scale and column."""
    comparisons = agreements(tables, track, choice)
    if not comparisons:
        return Report((), (), (f"{track} has no two entries of any published comparison",))
    return Report(
        sheets=(
            *_summary(track, comparisons),
            *_disagreeing(track, comparisons),
            *_matrices(track, comparisons),
            *_single_pairs(track, comparisons),
        ),
        records=tuple(record(agreement) for agreement in comparisons),
        notes=tuple(_notes(comparisons)),
    )


def record(agreement: Agreement) -> dict[str, object]:
    """One comparison, flat."""
    return {
        "source": agreement.table.source,
        "table": agreement.table.table,
        "file": agreement.file,
        "metric": agreement.metric,
        "target": agreement.target,
        "guidance": agreement.guidance,
        "our_guidance": agreement.ours,
        "paper_column": agreement.theirs,
        "share": agreement.share,
        "subset": agreement.subset,
        "rows": agreement.rows,
        "entries": list(agreement.entries),
        "labels": list(agreement.labels),
        "tau": agreement.tau,
        "tau_low": agreement.tau_low,
        "tau_high": agreement.tau_high,
        "tau_of_seeds": agreement.tau_of_seeds,
        "tau_complete": agreement.tau_complete,
        "p": agreement.p,
        "same_order": agreement.same_order,
        "tau_at_3_percent": list(agreement.moved_3),
        "tau_at_10_percent": list(agreement.moved_10),
        "seeds": len(agreement.seeds),
        "paper_seeds": agreement.table.seeds,
        "read": agreement.table.read,
        "status": agreement.status,
        "disagreements": [str(pair) for pair in agreement.disagreements],
        "absent": list(agreement.absent),
    }


def _reading(agreement: Agreement) -> tuple[str, str, str, str]:
    return agreement.metric, agreement.file, agreement.target, agreement.subset


def _summary(track: str, comparisons: Sequence[Agreement]) -> list[Sheet]:
    rows = [
        [
            agreement.table.name,
            f"{agreement.metric}, {agreement.target}",
            agreement.theirs,
            f"{agreement.rows} {agreement.subset}",
            tau_text(agreement),
            p_text(agreement.p),
            percent(agreement.same_order),
            _range(agreement.moved_3),
            _range(agreement.moved_10),
            agreement.status,
        ]
        for agreement in leading(comparisons)
    ]
    title = f"{track} · order of entries against published tables"
    return [sheet(title, HEADERS, rows, names=[0, 1, 2, 3, 9])] if rows else []


def _matrices(track: str, comparisons: Sequence[Agreement]) -> list[Sheet]:
    """τ of each of our columns by each of the paper's, a table for each reading of three rows or more."""
    matrices = []
    for (metric, _, target, subset), group in groupby(comparisons, key=_reading):
        cells = list(group)
        if cells[0].rows < 3:
            continue
        theirs = list(dict.fromkeys(agreement.theirs for agreement in cells))
        ours = list(dict.fromkeys((agreement.ours, agreement.share) for agreement in cells))
        by_place = {(agreement.ours, agreement.share, agreement.theirs): agreement for agreement in cells}
        rows = []
        for name, share in ours:
            at = [by_place.get((name, share, column)) for column in theirs]
            rows.append([_ours(name, share), *(NOTHING if agreement is None else _cell(agreement) for agreement in at)])
        title = f"{track} · τ with {cells[0].table.name} · {metric}, {target}, {cells[0].rows} {subset} rows"
        matrices.append(sheet(title, ["our scale", *theirs], rows))
    return matrices


def _ours(name: str, share: float) -> str:
    return name if share == 1 else f"{name}, {percent(share)} of budget"


def _cell(agreement: Agreement) -> str:
    return f"{signed(agreement.tau, 2, plus=True)} (p {p_text(agreement.p)})"


def _single_pairs(track: str, comparisons: Sequence[Agreement]) -> list[Sheet]:
    """Readings of two rows can only say whether the pair stands in the same order: in how many columns it does."""
    rows = []
    for (metric, _, target, _subset), group in groupby(comparisons, key=_reading):
        cells = list(group)
        if cells[0].rows == 2:
            pair = cells[0].entries
            best = [agreement for agreement in cells if agreement.ours in (BEST, NONE) and agreement.share == 1]
            counts = [
                f"{sum(agreement.tau > 0 for agreement in columns)} of {len(columns)}" for columns in (best, cells)
            ]
            rows.append([cells[0].table.name, f"{metric}, {target}", " and ".join(pair), *counts])
    headers = ["published table", "by", "pair", "same at our best", "same at all scales and marks"]
    title = f"{track} · single pairs: in how many columns they stand in the same order"
    return [sheet(title, headers, rows, names=[0, 1, 2])] if rows else []


def _disagreeing(track: str, comparisons: Sequence[Agreement]) -> list[Sheet]:
    rows = [
        [
            agreement.table.name,
            agreement.theirs,
            f"{agreement.metric}, {agreement.target}",
            pair.first,
            pair.second,
            _told(pair.told_apart),
        ]
        for agreement in leading(comparisons)
        for pair in agreement.disagreements
    ]
    headers = ["published table", "column", "by", "better there", "better here", "our seeds tell them apart"]
    title = f"{track} · pairs in the other order"
    return [sheet(title, headers, rows, names=range(len(headers)))] if rows else []


def _told(told_apart: bool | None) -> str:
    return {True: "yes", False: "no", None: "of two targets"}[told_apart]


def _range(bounds: tuple[float, float]) -> str:
    low, high = (signed(bound, 2, plus=True) if bound == bound else NOTHING for bound in bounds)
    return f"{low} to {high}"


def _notes(comparisons: Sequence[Agreement]) -> Iterable[str]:
    counted = {
        name: sum(agreement.status == name for agreement in comparisons)
        for name in ("primary", "secondary", "exploratory")
    }
    counts = ", ".join(f"{count} {name}" for name, count in counted.items() if count)
    yield (
        f"τ: Kendall's τ_b, 1 the same order, −1 the reverse; its interval: t over the τ of single seeds; p: exact,"
        f" over all orders, not corrected for the {len(comparisons)} comparisons ({counts}), none of which"
        " is to be quoted alone."
    )
    yield (
        "τ at ±3 %, ±10 %: its range when every number of the paper may be off by as much. Agreement with a table of"
        " one seed and a few rows is no prediction of what a schedule does on ImageNet."
    )
    said: set[str] = set()
    for file in dict.fromkeys(agreement.file for agreement in comparisons):
        table = published_tables()[file]
        new = [caveat for caveat in table.caveats if caveat not in said]
        said.update(new)
        yield "; ".join([f"{table.name}: {table.setting}", *new])
        if absent := dict.fromkeys(
            label for agreement in comparisons if agreement.file == file for label in agreement.absent
        ):
            yield f"{table.name}: not run here, or without an equal: {', '.join(absent)}"
    if incomplete := dict.fromkeys(entry for agreement in comparisons for entry in agreement.incomplete):
        yield f"lacking a seed that others have: {', '.join(incomplete)} (`tau_complete` in JSON is without them)"
