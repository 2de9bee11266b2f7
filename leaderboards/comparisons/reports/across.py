"""Comparisons over all cells and seeds: profiles, wins, average ranks, the Pareto front."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

import numpy as np

from leaderboards.comparisons.average_ranks import critical_difference
from leaderboards.comparisons.compare import Choice, panel_of, pareto_of
from leaderboards.comparisons.profiles import profiles
from leaderboards.comparisons.reports.report import Report, percent, sheet, step
from leaderboards.comparisons.wins import wins
from leaderboards.data.tables import Tables
from leaderboards.wording import NOTHING, p_text, with_interval

SHOWN_TAUS = 6
SHOWN_AGAINST = 10
"""Columns of the win matrix for people; programs are given all of it."""
NOTHING_TO_COMPARE = "fewer than two entries share a complete block of cells and seeds"


def profiles_view(tables: Tables, track: str, choice: Choice) -> Report:
    """Share of cells and seeds within τ of the best."""
    panel = panel_of(tables, track, choice)
    found = profiles(panel)
    if found is None:
        return Report((), (), (NOTHING_TO_COMPARE, *panel.notes))
    at = np.unique(np.linspace(0, len(found.tau) - 1, SHOWN_TAUS).round().astype(int))
    headers = ["entry", "best", *(f"within {step(found.tau[i], found.logarithmic).lstrip('+')}" for i in at[1:])]
    rows = [[label, *(percent(share[i]) for i in at)] for label, share in zip(found.labels, found.share, strict=True)]
    records = [
        {"entry": label, "tau": float(tau), "share": float(s), "low": float(low), "high": float(high)}
        for label, *lines in zip(found.labels, found.share, found.low, found.high, strict=True)
        for tau, s, low, high in zip(found.tau, *lines, strict=True)
    ]
    title = f"{track} · {panel.metric.title} · share of {found.pairs} (cell, seed) pairs near the best"
    return Report((sheet(title, headers, rows),), tuple(records), tuple(f"note: {note}" for note in found.notes))


def wins_view(tables: Tables, track: str, choice: Choice) -> Report:
    """The win matrix."""
    panel = panel_of(tables, track, choice)
    found = wins(panel)
    if found is None:
        return Report((), (), (NOTHING_TO_COMPARE, *panel.notes))
    mark = {1: " +", -1: " −", 0: ""}
    count = len(found.labels)
    against = [j for j, label in enumerate(found.labels) if j < SHOWN_AGAINST or label == panel.baseline]
    rows = [
        [
            str(i + 1),
            found.labels[i],
            *("" if i == j else f"{100 * found.share[i, j]:.0f}{mark[int(found.verdict[i, j])]}" for j in against),
        ]
        for i in range(count)
    ]
    records = [
        {
            "entry": found.labels[i],
            "against": found.labels[j],
            "share": float(found.share[i, j]),
            "count": int(found.count[i, j]),
            "p_holm": float(found.p_holm[i, j]),
            "verdict": int(found.verdict[i, j]),
        }
        for i in range(count)
        for j in range(count)
        if i != j
    ]
    title = f"{track} · {panel.metric.title} · per cent of (cell, seed) pairs that the row wins against the column"
    notes = (
        "+ and −: shown to be better or worse, by the tests that ranks come from.",
        *(
            [f"columns: the best {SHOWN_AGAINST} and {panel.baseline}; every pair is in --format json and csv."]
            if len(against) < count
            else []
        ),
        *(f"note: {note}" for note in found.notes),
    )
    headers = ["", "entry", *(str(j + 1) for j in against)]
    return Report((sheet(title, headers, rows, names=[1]),), tuple(records), notes)


def ranks_view(tables: Tables, track: str, choice: Choice) -> Report:
    """Average ranks with the critical difference."""
    panel = panel_of(tables, track, choice)
    found = critical_difference(panel)
    if found is None:
        return Report((), (), ("average ranks need two entries with two seeds in common", *panel.notes))
    letters = dict.fromkeys(found.labels, "")
    for letter, clique in zip(_letters(), found.cliques, strict=False):
        for label in clique:
            letters[label] += letter
    rows = [[f"{rank:.2f}", label, letters[label]] for rank, label in zip(found.ranks, found.labels, strict=True)]
    records = [
        {"entry": label, "rank": float(rank), "groups": letters[label], "cd": found.cd, "p": found.p}
        for rank, label in zip(found.ranks, found.labels, strict=True)
    ]
    cells = ", ".join(found.cells)
    notes = (
        f"critical difference {found.cd:.2f} (Nemenyi, 5 %, {found.seeds} seeds as blocks, ranks averaged over {cells}"
        f" within each); Iman–Davenport p {p_text(found.p)}.",
        "groups: entries that share a letter are within the critical difference of each other.",
        *(f"note: {note}" for note in found.notes),
    )
    title = f"{track} · {panel.metric.title} · average ranks"
    return Report((sheet(title, ["rank", "entry", "groups"], rows, names=[1, 2]),), tuple(records), notes)


def pareto_view(tables: Tables, track: str, choice: Choice) -> Report:
    """The Pareto front of distance, recall, likelihood and time."""
    found = pareto_of(tables, track, choice)
    if found is None:
        return Report((), (), ("no entry finished with a score in every metric",))
    order = sorted(range(len(found.labels)), key=lambda i: (not found.front[i], found.means[i, 0]))
    rows, records = [], []
    for i in order:
        values = list(zip(found.means[i], found.low[i], found.high[i], strict=True))
        beaten = found.dominated_by.get(found.labels[i], ())
        says = "front" if found.front[i] else f"behind {len(beaten)}{', shown' if found.shown[i] else ''}"
        rows.append([found.labels[i], *(with_interval(*value) for value in values), says])
        figures = {name: float(value[0]) for name, value in zip(found.metrics, values, strict=True)}
        records.append(
            {
                "entry": found.labels[i],
                **figures,
                "front": bool(found.front[i]),
                "shown": bool(found.shown[i]),
                "dominated_by": list(beaten),
            }
        )
    notes = (
        "front: no other entry is as good in every metric and better in one, by means. shown: some entry is shown to be"
        " better in every metric (paired t, intersection–union, Holm).",
        *(f"note: {note}" for note in found.notes),
    )
    shown = sheet(f"{track} · Pareto front", ["entry", *found.metrics, ""], rows, names=[0, 1 + len(found.metrics)])
    return Report((shown,), tuple(records), notes)


def _letters() -> list[str]:
    return [*ascii_lowercase, *ascii_uppercase] + [NOTHING] * 1000
