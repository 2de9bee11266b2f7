"""What is said first of a track's agreement with published results: which comparisons lead, and one line for the card.

Both are chosen by what they compare, never by how it came out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from leaderboards.comparisons.agreement.agreements import NONE, Agreement
from leaderboards.literature.preregistration import TABLE, TARGET
from leaderboards.literature.schema import BEST, NATIVE
from leaderboards.statistics.verdicts import SIGNIFICANCE
from leaderboards.wording import NOTHING, p_text, signed

COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def leading(agreements: Iterable[Agreement]) -> list[Agreement]:
    """What a summary has room for, the longest first: of each reading of three rows or more our best by the paper's
    best, or by its first column of the full budget, and whatever counts as primary."""
    chosen: dict[tuple[str, ...], Agreement] = {}
    for agreement in agreements:
        reading = (agreement.metric, agreement.file, agreement.target, agreement.subset)
        if (
            _whole(agreement)
            and agreement.rows > 2
            and (agreement.theirs == BEST or not agreement.table.scales)
            and _full(agreement)
        ):
            chosen.setdefault((*reading, ""), agreement)
        if agreement.status == "primary":
            chosen[(*reading, "" if agreement.theirs == BEST else agreement.theirs)] = agreement
    return sorted(chosen.values(), key=lambda agreement: -agreement.rows)


def headlines(agreements: Iterable[Agreement]) -> list[Agreement]:
    """The primary comparison, by each metric: v, the native rows, the best scale of ours by the best of the paper's."""
    return [
        agreement
        for agreement in agreements
        if (agreement.file, agreement.target, agreement.subset, agreement.guidance) == (TABLE, TARGET, NATIVE, BEST)
        and _whole(agreement)
    ]


def line(agreements: Sequence[Agreement]) -> str:
    """One sentence, or one for each metric; "" where the track has nothing of the primary comparison."""
    leads = headlines(agreements)
    if len(leads) == 1:
        return sentence(leads[0])
    return "; ".join(f"by {agreement.metric} {sentence(agreement)}" for agreement in leads)


def sentence(agreement: Agreement) -> str:
    """Whether the orders agree, with how many rows and seeds of the paper's that is."""
    seeds = "single-seed table" if agreement.table.seeds == 1 else f"table of {agreement.table.seeds} seeds"
    rows = COUNTS[agreement.rows] if agreement.rows < len(COUNTS) else str(agreement.rows)
    figures = f"{agreement.table.name}, {agreement.target}: τ {tau_text(agreement)}, p {p_text(agreement.p)}"
    if not agreement.p < SIGNIFICANCE:
        return f"neither agrees nor disagrees with one {seeds} on {rows} rows ({figures})"
    if agreement.tau < 0:
        return f"has the reverse of the order of one {seeds} on {rows} rows ({figures})"
    return f"agrees with one {seeds} on {rows} rows ({figures})"


def tau_text(agreement: Agreement) -> str:
    """τ with the interval over single seeds: "+0.87 [+0.77, +0.91]"."""
    if not isfinite(agreement.tau):
        return NOTHING
    shown, *bounds = (signed(value, 2, plus=True) for value in (agreement.tau, agreement.tau_low, agreement.tau_high))
    return f"{shown} [{', '.join(bounds)}]" if isfinite(agreement.tau_low) else shown


def _whole(agreement: Agreement) -> bool:
    return agreement.ours in (BEST, NONE) and agreement.share == 1


def _full(agreement: Agreement) -> bool:
    return agreement.theirs == BEST or any(
        column.share == 1 for column in agreement.table.columns if column.name == agreement.theirs
    )
