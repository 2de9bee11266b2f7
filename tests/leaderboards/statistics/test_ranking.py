"""Ranks: what each clause of the rule says, and its error rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboards.boards.judge import Judge
from leaderboards.statistics.ranking import Standing, standings
from leaderboards.statistics.verdicts import Verdicts

NOISE = np.array([0.0, 0.01, -0.01, 0.005])
OTHER = np.array([0.01, 0.0, -0.005, -0.01])


def never(costs: np.ndarray) -> np.ndarray:
    return np.zeros(len(costs), dtype=bool)


def judged(costs: np.ndarray, focus: str | None = None) -> Verdicts:
    """Of one cell of entries a, b, c, …, by ordinary paired t, as nothing else is known of so few."""
    costs = np.asarray(costs, dtype=float)
    labels = [f"{place:03}" for place in range(len(costs))]
    return Judge.of({"v": (labels, range(costs.shape[1]), costs)}, None, focus).verdicts(["v"])


def placed(costs: np.ndarray, diverged: object, focus: str | None = None) -> list[Standing | None]:
    return standings(judged(costs, focus), costs, diverged)


def ranks(costs: np.ndarray, diverged: object) -> list[int | None]:
    return [standing and standing.rank for standing in placed(costs, diverged)]


def beats(costs: np.ndarray) -> np.ndarray:
    return judged(costs).better


def test_entries_far_apart_are_ranked_in_order():
    costs = np.stack([2 + NOISE, 1 + OTHER, 3 - NOISE])
    assert ranks(costs, never(costs)) == [2, 1, 3]


def test_a_rank_is_shared_by_what_the_data_cannot_tell_apart():
    """Protocol 6: the two at the top differ by less than their noise; the next rank after a shared 1 is 3."""
    costs = np.stack([NOISE, 0.001 + OTHER, 1 - NOISE])
    assert ranks(costs, never(costs)) == [1, 1, 3]


def test_not_told_apart_is_not_carried_on():
    """A ~ B and B ~ C, but A beats C: C alone stands behind, and only A beats it."""
    a = np.array([0.000, 0.001, -0.001, 0.000])
    c = np.array([0.101, 0.100, 0.099, 0.100])
    b = np.array([-0.25, 0.35, -0.2, 0.3])
    costs = np.stack([a, b, c])
    assert ranks(costs, never(costs)) == [1, 1, 2]


def test_noise_does_not_lift_an_entry_above_one_with_a_better_mean():
    """B is beaten by A; the noisy C, worse on average than B, is beaten by nothing and still ranks no higher than B."""
    c = np.array([0.1, 0.9, 0.2, 1.1])
    costs = np.stack([NOISE, 0.3 + OTHER, c])
    assert not beats(costs)[:, 2].any()
    assert ranks(costs, never(costs)) == [1, 2, 2]


def test_a_chain_of_wins_is_carried_on():
    """C and B have no seed in common; C beats A and A beats B, so C stands above B, which is third."""
    c = [*NOISE, *[np.nan] * 4]
    a = [*(1 + OTHER), *(1 + NOISE)]
    b = [*[np.nan] * 4, *(2 + OTHER)]
    costs = np.array([c, a, b])
    assert not beats(costs)[0, 2]
    assert ranks(costs, never(costs)) == [1, 2, 3]


def test_a_ring_of_wins_is_a_tie():
    """Each pair shares other seeds, and the wins contradict each other: nothing is told apart."""
    low, high, none = list(NOISE), list(1 + OTHER), [np.nan] * 4
    costs = np.array([[*low, *none, *high], [*high, *low, *none], [*none, *high, *low]])
    assert beats(costs).sum() == 3
    assert ranks(costs, never(costs)) == [1, 1, 1]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 7), st.integers(3, 5))
def test_beating_is_transitive_where_all_have_the_same_seeds(seed: int, entries: int, seeds: int):
    rng = np.random.default_rng(seed)
    won = beats(
        3 * rng.normal(size=(entries, 1)) + rng.gamma(0.3, size=(entries, 1)) * rng.normal(size=(entries, seeds))
    )
    assert not np.any((won.astype(int) @ won.astype(int) > 0) & ~won)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(3, 5))
def test_ranks_are_consistent_whatever_the_noise(seed: int, entries: int, seeds: int):
    rng = np.random.default_rng(seed)
    costs = rng.normal(size=(entries, 1)) + rng.gamma(0.5, size=(entries, 1)) * rng.normal(size=(entries, seeds))
    place = ranks(costs, never(costs))
    assert min(place) == 1
    won = beats(costs)
    for better, worse in zip(*np.nonzero(won), strict=True):
        assert place[better] < place[worse]
    assert all(np.diff(np.array(place)[np.argsort(costs.mean(axis=1))]) >= 0)
    assert max(place) <= entries
    assert all(place[i] < place[j] for i, j in np.argwhere(beats(costs)))
    for standing, better, worse in zip(placed(costs, never(costs)), won.sum(axis=0), won.sum(axis=1), strict=True):
        assert (standing.low, standing.high) == (1 + better, entries - worse)
        assert standing.low <= standing.rank <= standing.high


def test_a_rank_is_an_interval():
    """A and B are not told apart, C is behind both: either may be first or second, C is third."""
    costs = np.stack([NOISE, 0.001 + OTHER, 1 - NOISE])
    assert placed(costs, never(costs)) == [(1, 1, 2), (1, 1, 2), (3, 3, 3)]


def test_a_focus_places_itself_and_says_little_of_others():
    """Protocol 9: B is tested against A and C; of those two only what that shows is known."""
    costs = np.stack([NOISE, 1 + OTHER, 2 - NOISE])
    assert placed(costs, never(costs), focus="001") == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]
    assert placed(costs, never(costs), focus="000") == [(1, 1, 1), (2, 2, 3), (2, 2, 3)]


def test_two_seeds_have_no_rank():
    """Protocol 6: three seeds at least, as with two nothing shows an erratic entry."""
    costs = np.array([[1.0, 1.1], [2.0, 2.1], [3.0, 3.2]])
    assert placed(costs, [False, False, True]) == [None] * 3
    mixed = np.stack([1 + NOISE, 2 + OTHER, [0.5, 0.4, np.nan, np.nan]])
    assert placed(mixed, never(mixed)) == [(1, 1, 2), (2, 2, 3), None]


def test_one_seed_has_no_rank():
    """Protocol 6: a table of one seed has no rank at all, even where a run diverged."""
    assert ranks([[1.0], [2.0], [np.nan]], [False, False, True]) == [None, None, None]


def test_an_entry_with_one_seed_among_others_has_no_rank():
    costs = np.stack([1 + NOISE, 2 + OTHER, [0.5, np.nan, np.nan, np.nan]])
    assert ranks(costs, never(costs)) == [1, 2, None]


def test_a_diverged_run_is_behind_every_other():
    """Divergence is a result, ranked last; several share the last rank."""
    costs = np.stack([2 + NOISE, [np.nan] * 4, 1 + OTHER, [np.nan] * 4])
    assert placed(costs, [False, True, False, True]) == [(2, 2, 2), (3, 3, 4), (1, 1, 1), (3, 3, 4)]


def test_entries_without_common_seeds_have_no_rank():
    costs = [[1.0, 1.1, np.nan, np.nan], [np.nan, np.nan, 2.0, 2.1]]
    assert ranks(costs, [False, False]) == [None, None]


def test_a_lone_entry_is_first():
    assert ranks([[1.0, 1.1]], [False]) == [1]


def test_identical_entries_share_a_rank():
    assert ranks([[1.0, 1.1, 1.2]] * 2, [False, False]) == [1, 1]


@pytest.mark.parametrize("seeds", [3, 5])
def test_equal_entries_are_rarely_told_apart(seeds: int):
    """Holm holds the family: of tables of four equal entries at most 5 % show any second rank."""
    rng = np.random.default_rng(seeds)
    tables = [ranks(rng.standard_normal((4, seeds)), [False] * 4) for _ in range(500)]
    assert np.mean([max(place) > 1 for place in tables]) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 500)
