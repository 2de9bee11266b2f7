"""Boards of runs that were never run: costs whose truth is known, under every kind of noise that a board may have.

A kind gives the noise of `boards` boards at once, (boards, cells, entries, seeds), and each entry's true standard
deviation, (boards, entries). A seed's luck that all entries share would cancel in every pair, so there is none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Kind = Callable[[np.random.Generator, tuple[int, int, int, int], np.ndarray], tuple[np.ndarray, np.ndarray]]
STEEP = 3.0
"""How much more the worst entries scatter than the best, where noise grows; 0.5 to 2.3 in seven of eight tables."""
FAMILY, OF_FAMILY = 5, 0.8
"""Entries in a family, and the share of their variance that they have in common."""


def _plain(draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]) -> Kind:
    def noise(rng, shape, truth):
        return draw(rng, shape), np.ones((shape[0], shape[2]))

    return noise


def _of_sd(draw: Callable[[np.random.Generator, tuple[int, int], np.ndarray], np.ndarray]) -> Kind:
    def noise(rng, shape, truth):
        sd = draw(rng, (shape[0], shape[2]), truth)
        return sd[:, None, :, None] * rng.standard_normal(shape), sd

    return noise


def _families(rng, shape):
    boards, cells, entries, seeds = shape
    of_family = rng.standard_normal((boards, cells, -(-entries // FAMILY), seeds)).repeat(FAMILY, axis=2)[
        :, :, :entries
    ]
    return np.sqrt(OF_FAMILY) * of_family + np.sqrt(1 - OF_FAMILY) * rng.standard_normal(shape)


def _twins(rng, shape):
    """A third of the entries in pairs that are nearly one density: they differ by a thousandth of their noise."""
    entries = shape[2]
    alone = rng.standard_normal(shape)
    shared = alone[:, :, : -(-entries // 2)].repeat(2, axis=2)[:, :, :entries]
    nearly = (np.arange(entries) < 2 * (entries // 6 or 1))[:, None]
    return np.where(nearly, shared + 1e-3 * rng.standard_normal(shape), alone)


def _growing(rng, shape, truth):
    return STEEP ** (truth / np.maximum(truth.max(axis=1, keepdims=True), 1))


KINDS: dict[str, Kind] = {
    "equal": _plain(lambda rng, shape: rng.standard_normal(shape)),
    "unequal, 5 df": _of_sd(lambda rng, shape, truth: np.sqrt(5 / rng.chisquare(5, shape))),
    "unequal, 2 df": _of_sd(lambda rng, shape, truth: np.sqrt(2 / rng.chisquare(2, shape))),
    "two groups": _of_sd(lambda rng, shape, truth: np.where(rng.random(shape) < 0.15, 6.0, 1.0)),
    "grows with the mean": _of_sd(_growing),
    "t3": _plain(lambda rng, shape: rng.standard_t(3, shape) / np.sqrt(3)),
    "skewed": _plain(lambda rng, shape: (rng.gamma(4.0, size=shape) - 4) / 2),
    "families": _plain(_families),
    "twins": _plain(_twins),
}
"""15 % of the entries of two groups have six times the sd of the rest."""


def one_wild(times: float, where: str) -> Kind:
    """All entries alike, but the last one with so many times their sd, in the first cell ("one") or in all of them."""

    def noise(rng, shape, truth):
        values, sd = rng.standard_normal(shape), np.ones((shape[0], shape[2]))
        sd[:, -1] = times
        values[:, : 1 if where == "one" else None, -1] *= times
        return values, sd

    return noise


def groups(rng: np.random.Generator, boards: int, entries: int, apart: bool) -> np.ndarray:
    """(boards, entries) true costs: all equal, or in groups of about four equal ones, each three sd from the next."""
    if not apart:
        return np.zeros((boards, entries))
    return 3.0 * rng.integers(0, max(2, entries // 4), (boards, entries))
