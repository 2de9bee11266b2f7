"""Average ranks and the critical difference between them (Demšar 2006, JMLR 7, 1–30; as autorank computes it).

Entries are ranked within each cell and seed, 1 is best, ties share their mean rank, a diverged run is worst. The ranks
are averaged over the cells within each seed first: cells share their seeds, so the blocks of the test are the seeds,

    CD = q₀.₀₅(k) √(k (k + 1) / (6 N))        q: studentised range of k means with ∞ degrees of freedom, / √2

with N the number of seeds. Averaging over cells narrows the ranks of a block, which the formula does not use: CD is
wide rather than narrow. Ranks look at who is better and never at how much; with 3 to 5 seeds and many entries CD spans
most of the table, and the paired tests of the board tell more apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from leaderboards.comparisons.choice import Choice, panel_of
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.tables import Tables
from leaderboards.render.report import Report, sheet
from leaderboards.statistics.student_t import Array
from leaderboards.statistics.verdicts import SIGNIFICANCE
from leaderboards.wording import NOTHING, p_text


@dataclass(frozen=True)
class CriticalDifference:
    """Average ranks, best first, and the groups that they do not tell apart.

    ranks:   (entries,) averaged over seeds, in the order of labels
    cd:      two average ranks differ at 5 % (Nemenyi) where they are further apart than this
    cliques: the longest runs of entries within cd of each other, of two or more
    p:       Iman–Davenport's F against "all entries rank alike"; NaN where every seed gives the same order
    """

    labels: tuple[str, ...]
    ranks: Array
    cd: float
    cliques: tuple[tuple[str, ...], ...]
    p: float
    seeds: int
    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()


def critical_difference(panel: Panel) -> CriticalDifference | None:
    """The data of a critical-difference diagram, of the complete block; None below two entries or two seeds."""
    block = panel.complete()
    if len(block.labels) < 2 or len(block.seeds) < 2:
        return None
    blocks = ranks_by_seed(block.scale.sign * block.scores)
    ranks = blocks.mean(axis=1)
    order = np.lexsort((block.labels, ranks))
    labels, ranks = tuple(block.labels[place] for place in order), ranks[order]
    cd = nemenyi(len(labels), len(block.seeds))
    cliques = tuple(tuple(labels[first : last + 1]) for first, last in groups(ranks, cd))
    return CriticalDifference(
        labels, ranks, cd, cliques, iman_davenport(blocks), len(block.seeds), block.cells, block.notes
    )


def ranks_by_seed(costs: ArrayLike) -> Array:
    """(entries, seeds): the rank of each entry with each seed, averaged over cells.

    costs: (cells, entries, seeds) without holes, lower is better, +∞ diverged
    """
    return np.asarray(stats.rankdata(np.asarray(costs, dtype=np.float64), axis=1).mean(axis=0))


def nemenyi(entries: int, blocks: int, alpha: float = SIGNIFICANCE) -> float:
    """Critical difference of average ranks: q_α(k) √(k (k + 1) / (6 N)) (Demšar 2006, section 3.2.2)."""
    q = stats.studentized_range.isf(alpha, entries, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(entries * (entries + 1) / (6 * blocks)))


def groups(ranks: Array, cd: float) -> list[tuple[int, int]]:
    """(first, last) of the longest runs of rising ranks that span at most cd, of two or more, none inside another."""
    ends = np.searchsorted(ranks, ranks + cd * (1 + 1e-12), side="right") - 1
    cliques: list[tuple[int, int]] = []
    for first, last in enumerate(ends.tolist()):
        if last > first and (not cliques or last > cliques[-1][1]):
            cliques.append((first, last))
    return cliques


def iman_davenport(ranks: ArrayLike) -> float:
    """p of F = (N − 1) χ² / (N (k − 1) − χ²) with k − 1 and (k − 1)(N − 1) degrees of freedom.

    χ² = 12 N / (k (k + 1)) Σ (R̄ⱼ − (k + 1)/2)² is Friedman's (Demšar 2006, section 3.2.2).

    ranks: (entries, seeds)
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    k, n = ranks.shape
    friedman = 12 * n / (k * (k + 1)) * float(np.square(ranks.mean(axis=1) - (k + 1) / 2).sum())
    left = n * (k - 1) - friedman
    if left <= 1e-9 * n * k:
        return float("nan")
    return float(stats.f.sf((n - 1) * friedman / left, k - 1, (k - 1) * (n - 1)))


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """Average ranks with the critical difference."""
    panel = panel_of(tables, track, choice)
    ranked = critical_difference(panel)
    if ranked is None:
        return Report((), (), ("average ranks need two entries with two seeds in common", *panel.notes))
    letters = dict.fromkeys(ranked.labels, "")
    for letter, clique in zip(_letters(), ranked.cliques, strict=False):
        for label in clique:
            letters[label] += letter
    rows = [[f"{rank:.2f}", label, letters[label]] for rank, label in zip(ranked.ranks, ranked.labels, strict=True)]
    records = [
        {"entry": label, "rank": float(rank), "groups": letters[label], "cd": ranked.cd, "p": ranked.p}
        for rank, label in zip(ranked.ranks, ranked.labels, strict=True)
    ]
    cells = ", ".join(ranked.cells)
    notes = (
        f"critical difference {ranked.cd:.2f} (Nemenyi, 5 %, {ranked.seeds} seeds as blocks, ranks averaged over"
        f" {cells} within each); Iman–Davenport p {p_text(ranked.p)}.",
        "groups: entries that share a letter are within the critical difference of each other.",
        *(f"note: {note}" for note in ranked.notes),
    )
    title = f"{track} · {panel.metric.title} · average ranks"
    return Report((sheet(title, ["rank", "entry", "groups"], rows, names=[1, 2]),), tuple(records), notes)


def _letters() -> list[str]:
    return [*ascii_lowercase, *ascii_uppercase] + [NOTHING] * 1000
