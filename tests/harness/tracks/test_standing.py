"""Which boards stand among the rankings: rules over a card, and what they say of the tracks there are."""

import pytest

from harness import tracks
from harness.tracks.standing import MOST_FLOORS, standing

DIGITS, GMM = tracks.get("digits-v1"), tracks.get("gmm-v1")
LARGEST = max(DIGITS.guidance)


def card(floors=2.0, **scales):
    """A card whose baseline is at so many floors, with its best scale by target."""
    best = {target: {"fd_mean": floors * 0.5, "guidance": scale} for target, scale in scales.items()}
    return {"floors": {"fd": 0.5}, "baseline_best": best}


@pytest.mark.parametrize(
    ("measured", "kind", "says"),
    [
        ({}, "not measured", "its card has no figures of the baseline"),
        (card(v=1.5, x0=1.5), "ranked", ""),
        (card(floors=MOST_FLOORS, v=1.5), "ranked", ""),
        (card(floors=MOST_FLOORS + 0.1, v=1.5), "untrained", "6.1 floors"),
        (card(floors=100.0, x0=1.5), "ranked", ""),  # the number of floors is a rule for v alone
        (card(v=1.5, eps=LARGEST), "untrained", f"eps is {LARGEST:g}"),
        ({**card(floors=100.0, v=1.5), "floors": {}}, "ranked", ""),  # no floor to count in
    ],
)
def test_a_sampled_score_is_ranked_unless_the_baseline_is_untrained(measured, kind, says):
    stands = standing(DIGITS, measured)
    assert stands.kind == kind
    assert stands.ranked == (kind != "untrained")  # a new track's board is shown as ever
    assert says in stands.why


def test_a_score_without_samples_is_diagnostic_whatever_the_card_says():
    for measured in ({}, card(floors=100.0, v=1.0)):
        assert standing(GMM, measured).kind == "diagnostic"


def test_a_single_scale_is_no_end_of_a_grid():
    rules = DIGITS.evaluation.model_copy(update={"guidance": (1.0,)})
    assert standing(DIGITS.model_copy(update={"evaluation": rules}), card(v=1.0)).ranked


def test_the_tracks_stand_as_their_cards_say():
    assert {name: tracks.standing(name).kind for name in ("digits-v1", "gmm-v1", "mnist-v1")} == {
        "digits-v1": "ranked",
        "gmm-v1": "diagnostic",
        "mnist-v1": "untrained",
    }
    assert tracks.standing("gmm-v1@0.2").kind == "diagnostic"
    short = tracks.standing("digits-v1@0.2")
    assert (short.kind, short.ranked) == ("shortened", False)
    assert "20 % of the steps of digits-v1" in short.why
    assert "9.5 floors" in tracks.standing("mnist-v1").why
