"""How often boards of known truth say what is not so, and how often their intervals hold the truth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from kinds_of_noise import Kind, groups

from leaderboards.statistics.moderation import Prior
from leaderboards.statistics.noise import BoardNoise, Noise, everywhere, levels, scatter, section_noise
from leaderboards.statistics.pairs import pairs
from leaderboards.statistics.student_t import holm
from leaderboards.statistics.verdicts import SIGNIFICANCE, Moderation, compared, erratic_in

TRACKS, PUBLISHED = 40, (81, 5)
"""Boards that a track's prior is taken from, one of them for each simulated board; their entries and seeds."""


class Rates(NamedTuple):
    """Of one section, over many boards.

    wrong:    family-wise error: boards with any pair told apart that is equal, or in the wrong order
    focus:    the same where a chosen entry is tested against every other; noisiest: where that is the noisiest one
    ranks:    boards all of whose rank intervals hold the true rank (every one of the ranks that equals share)
    covered:  intervals that hold the true difference; covered_noisy: those of the noisiest tenth of the entries
    found:    truly different pairs that are told apart; erratic: entries that are not moderated
    ordinary: `wrong` of ordinary paired t; ordinary_found: `found` of it
    """

    wrong: float
    focus: float
    noisiest: float
    ranks: float
    covered: float
    covered_noisy: float
    found: float
    erratic: float
    ordinary: float
    ordinary_found: float


def sections_of(costs: np.ndarray) -> list[np.ndarray]:
    """Each cell, and where there are several what is over them: (boards, entries, seeds) each."""
    cells = list(np.moveaxis(costs, 1, 0))
    return [*cells, costs.mean(axis=1)] if len(cells) > 1 else cells


def measured(costs: np.ndarray) -> BoardNoise:
    """What many boards know of their own noise. costs: (boards, cells, entries, seeds)"""
    differences = [pairs(section) for section in sections_of(costs)]
    scatters = [scatter(section) for section in differences]
    noises = tuple(section_noise(*both) for both in zip(differences, scatters, strict=True))
    return BoardNoise(noises, everywhere(scatters[: costs.shape[1]], noises))


def picked(board_noise: BoardNoise, which: np.ndarray) -> BoardNoise:
    """Of the priors of many boards, those of some."""

    def of(prior: Prior) -> Prior:
        return Prior(
            *(
                np.broadcast_to(value, (max(which) + 1,))[which] if np.ndim(value) == 0 else value[which]
                for value in prior
            )
        )

    return BoardNoise(tuple(Noise(*map(of, noise)) for noise in board_noise.sections), of(board_noise.everywhere))


def rates(
    kind: Kind,
    entries: int,
    seeds: int,
    cells: int,
    *,
    apart: bool,
    of_track: bool,
    boards: int,
    seed: int,
    track: Kind | None = None,
) -> list[Rates]:
    """Rates of the first cell and, where there are several cells, of what is over them.

    apart:    entries in groups of equal ones, else all equal
    of_track: moderated by the prior of a published board of 81 entries and 5 seeds, else by the board's own
    track:    the kind of noise of that; by default the same
    """
    rng = np.random.default_rng(seed)
    truth = groups(rng, boards, entries, apart)
    noise, sd = kind(rng, (boards, cells, entries, seeds), truth)
    costs = truth[:, None, :, None] + noise
    if of_track:
        there = groups(rng, TRACKS, PUBLISHED[0], True)
        published = (track or kind)(rng, (TRACKS, cells, *PUBLISHED), there)[0]
        board_noise = picked(measured(published), rng.integers(0, TRACKS, boards))
    else:
        board_noise = measured(costs)
    differences = [pairs(section) for section in sections_of(costs)]
    wild = erratic_in(differences[:cells], board_noise)
    by_level = levels([scatter(section) for section in differences[:cells]], board_noise)
    chosen = rng.integers(0, entries, boards), sd.argmax(axis=1)
    alone = Prior(np.zeros(boards), np.ones(boards))
    ordinary = Moderation(alone, np.ones((boards, entries)), np.zeros((boards, entries), dtype=bool))
    places = [0, len(differences) - 1] if cells > 1 else [0]
    return [
        _rates(
            *compared(differences[at], Moderation(board_noise.sections[at].pairs, by_level, wild[at]), every=False),
            compared(differences[at], ordinary, every=False)[1],
            differences[at].mean,
            truth,
            sd,
            chosen,
            wild[at].mean(),
        )
        for at in places
    ]


def _rates(half, p, ordinary, mean, truth, sd, chosen, erratic) -> Rates:
    entries = truth.shape[1]
    first, second = np.triu_indices(entries, k=1)
    difference, mean = truth[:, first] - truth[:, second], mean[:, first, second]
    error = (difference == 0) | (np.sign(mean) != np.sign(difference))
    noisy = sd >= np.sort(sd, axis=1)[:, [-max(1, entries // 10)]]
    noisy = noisy[:, first] | noisy[:, second]
    held = np.abs(mean - difference) <= half
    rejections, plainly = rejected(p), rejected(ordinary)
    wrong = rejections & error
    in_focus = []
    for focus in chosen:
        of_it = (first == focus[:, None]) | (second == focus[:, None])
        only = np.where(of_it, p, np.nan)
        in_focus.append((rejected(only) & error).any(axis=1).mean())
    different = difference != 0
    low, high = (np.zeros(truth.shape, dtype=int) for _ in range(2))
    boards = np.arange(len(truth))[:, None]
    better = mean < 0
    for winners, losers, on in ((first, second, rejections & better), (second, first, rejections & ~better)):
        np.add.at(low, (boards, losers[None]), on)
        np.add.at(high, (boards, winners[None]), on)
    above, below = (
        (truth[:, None, :] < truth[..., None]).sum(axis=2),
        (truth[:, None, :] > truth[..., None]).sum(axis=2),
    )
    return Rates(
        wrong.any(axis=1).mean(),
        *in_focus,
        ((low <= above) & (high <= below)).all(axis=1).mean(),
        held.mean(),
        held[noisy].mean(),
        rejections[different].mean() if different.any() else np.nan,
        erratic,
        (plainly & error).any(axis=1).mean(),
        plainly[different].mean() if different.any() else np.nan,
    )


def rejected(p: np.ndarray) -> np.ndarray:
    """Which tests of each board Holm's correction rejects. p: (boards, tests), NaN = not in the family"""
    rejections = np.zeros(p.shape, dtype=bool)
    for board in np.flatnonzero(np.nanmin(p, axis=1) * np.isfinite(p).sum(axis=1) < SIGNIFICANCE):
        with np.errstate(invalid="ignore"):
            rejections[board] = holm(p[board]) < SIGNIFICANCE
    return rejections
