"""The columns of a board for people, as text, and the lines below it; the terminal and Markdown share them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isnan

from leaderboards.boards import tuned_parameters
from leaderboards.boards.rows import Board, Row, Section
from leaderboards.data.scale import Scale
from leaderboards.data.scores import UNGUIDED
from leaderboards.wording import NOTHING, brief, change, p_text, with_interval

ERRATIC, SAME = "†", "≈"
"""Marks: of an entry whose variances are not moderated; of one that is the same for practical purposes."""


@dataclass(frozen=True)
class Column:
    """One column: its header and the text of a row.

    name:  the text is a name that a user chose
    spare: the order in which columns are left out where the page is narrow; 0 is never left out
    """

    header: str
    text: Callable[[Row], str]
    name: bool = False
    spare: int = 0


def columns(board: Board, section: Section) -> list[Column]:
    """The columns of one section; those that would say the same in each row are left to the legend."""
    shown = [
        Column("rank", rank),
        Column("entry", lambda row: row.entry, name=True),
        Column(f"{board.metric.name} [95 %]", _score),
        Column(f"vs {board.baseline}", _effect),
        *([Column(f"vs {board.focus}", _focused)] if board.focus else []),
        Column("p", lambda row: p_text(row.p_holm), spare=1),
    ]
    if board.samples_by:
        shown.append(Column(board.samples_by, _sample_distance, spare=4))
    if _has_speedup(section.rows):
        shown.append(Column("speed-up", _speedup, spare=3))
    if any(row.guidance_scale is not None for row in section.rows):
        shown.append(Column("g", _guidance, spare=2))
    if len({row.seeds for row in section.rows}) > 1:
        shown.append(Column("seeds", lambda row: str(row.seeds)))
    if len({(row.source, row.verified) for row in board.rows}) > 1:
        shown.append(Column("from", _origin, name=True))
    return shown


def title(board: Board, section: Section) -> str:
    """What a section shows, how many of its pairs are told apart, and how many are the same, in one line."""
    over = f"over {', '.join(section.targets)}" if len(section.targets) > 1 else f"target {section.target}"
    parts = [board.track, board.metric.title, over]
    if section.tests:
        parts.append(f"{section.told_apart:,} of {section.tests:,} pairs told apart")
    if section.same:
        parts.append(f"{section.same:,} the same within ± 5 %")
    return " · ".join(parts)


def legend(board: Board, units: str = "--view tuned") -> list[str]:
    """How to read the columns, in three lines of 120 characters; then speed-up, what was tuned and notes, a line each.

    units: where tuned entries stand in trainers' units
    """
    if not board.sections:
        return list(board.notes)
    lines = [" ".join((_metric(board), _columns(board), _verdicts(board)))]
    if any(_better(board, row) and _missed(row) for row in board.rows):
        lines.append(_better_but_missed(board))
    if any(row.tuned for row in board.rows):
        lines.append("@tuned: one study each; the interval holds the luck of seeds, not that of the search.")
    single = [row for section in board.cells for row in section.rows]
    if any(row.tuned for row in single):
        lines.append(f"tuned to ({tuned_parameters.OWN_HEAD}; in trainers' units: {units}):")
        lines += tuned_parameters.lines(single, units=False)
    lines += [f"note: {note}" for note in board.notes]
    return lines + [f"note ({section.target}): {note}" for section in board.sections for note in section.notes]


def _metric(board: Board) -> str:
    unit = f"in {board.metric.unit}, " if board.metric.unit else ""
    parts = [f"{board.metric.name}: {unit}{board.metric.better} is better"]
    if board.features:
        parts.append(f"features {board.features}")
    if board.floor is not None:
        parts.append(f"floor {brief(board.floor)} (held-out data; * within reach)")
    return f"{', '.join(parts)}; protocol {board.protocol}."


def _columns(board: Board) -> str:
    counts = sorted({row.seeds for row in board.rows})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    parts = [f"Mean of {seeds} seed{'' if counts == [1] else 's'} with 95 % interval; vs: paired by seed"]
    if any(row.same for row in board.rows):
        parts[0] += f", {SAME} within ± 5 %"
    if any(row.guidance is not None for row in board.rows):
        parts.append(f"g: guidance, {'by validation' if board.guidance == 'best' else 'the same for all'}")
    if board.samples_by:
        parts.append(f"{board.samples_by}: distance of samples, ranks nothing here")
    if _has_speedup(board.rows):
        parts.append(f"speed-up: to {board.baseline}'s last score")
    return f"{'; '.join(parts)}."


def _better(board: Board, row: Row) -> bool:
    """Whether its mean is on the better side of the baseline's, shown to be so or not."""
    change = row.difference if isnan(row.ratio) else row.ratio - 1
    return Scale.of(board.metric).sign * change < 0


def _missed(row: Row) -> bool:
    """Whether some seed never reaches the baseline's last score."""
    return row.speedup is None and row.speedup_note.startswith(("not", "reached"))


def _better_but_missed(board: Board) -> str:
    """How an entry that ends better than the baseline can have missed the baseline's last score: both are true."""
    score, at, without = board.metric.name, "", ""
    if board.guidance != UNGUIDED and any(row.guidance is not None for row in board.rows):
        at = " at each entry's best guidance" if board.guidance == "best" else f" at guidance {board.guidance:g}"
        without = " without guidance"
    everywhere = ", on every target," if board.overall else ""
    return (
        f"A better {score} can stand beside “not reached”: {score} is a mean over seeds{at}, while speed-up asks of"
        f" each seed by itself{everywhere} whether it comes to {board.baseline}'s last score{without}."
    )


def _verdicts(board: Board) -> str:
    family = board.rows[0].family.partition(" (")[0]
    text = f"p against {board.reference}, rank (95 % for all): {family}, Holm"
    if board.noise:
        text += f"; noise of {board.noise}"
    if any(row.erratic for row in board.rows):
        text += f"; {ERRATIC}: judged by its own seeds"
    return f"{text}."


def rank(row: Row) -> str:
    """The rank's interval, "1–6", and a mark on an entry whose variances are not moderated."""
    if row.rank_low is None or row.rank_high is None:
        return NOTHING
    text = f"{row.rank_low}" if row.rank_low == row.rank_high else f"{row.rank_low}–{row.rank_high}"
    return f"{text} {ERRATIC}" if row.erratic else text


def _score(row: Row) -> str:
    if row.diverged:
        return f"diverged ({row.diverged} of {row.seeds})"
    return with_interval(row.mean, row.ci_low, row.ci_high) + (" *" if row.saturated else "")


def _sample_distance(row: Row) -> str:
    return NOTHING if isnan(row.sample_distance) else brief(row.sample_distance)


def _effect(row: Row) -> str:
    if row.baseline:
        return "baseline"
    ratio = change(row.ratio, row.ratio_low, row.ratio_high)
    if ratio != NOTHING:
        return f"{ratio} {SAME}" if row.same and isnan(row.focus_effect) else ratio
    return with_interval(row.difference, row.difference_low, row.difference_high, plus=True)


def _focused(row: Row) -> str:
    """Against the focus: a change where the baseline is compared by one, else a difference."""
    if row.focus_low == row.focus_high and row.focus_effect in (0.0, 1.0):
        return "focus"
    if isnan(row.difference):
        ratio = change(row.focus_effect, row.focus_low, row.focus_high)
        return f"{ratio} {SAME}" if row.same else ratio
    return with_interval(row.focus_effect, row.focus_low, row.focus_high, plus=True)


def _guidance(row: Row) -> str:
    return NOTHING if row.guidance_scale is None else f"{row.guidance_scale:g}"


def _has_speedup(rows: Iterable[Row]) -> bool:
    """Whether there is anything to say of speed: not for a metric that is measured at the end only."""
    return any(_speedup(row) != NOTHING for row in rows)


def _origin(row: Row) -> str:
    return row.verified or row.source or "own"


def _speedup(row: Row) -> str:
    if row.speedup is None:
        return row.speedup_note if _missed(row) else NOTHING
    if row.speedup_note.startswith(">="):
        return f"≥{row.speedup_note[2:]}×"
    return with_interval(row.speedup, row.speedup_low, row.speedup_high, unit="×", most=2)
