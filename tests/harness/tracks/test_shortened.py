"""`TRACK@F`: a share of the budget is a track of its own."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness import tracks
from harness.cli.budget import Budget
from harness.specs import Entry, RunSpec
from schedules.errors import UserError


def test_only_the_steps_differ_and_no_run_is_shared():
    full, short = tracks.get("digits-v1"), tracks.get("digits-v1@0.4")
    assert short.training.steps == 200
    assert short.evaluation == full.evaluation
    assert short.training.model_copy(update={"steps": full.training.steps}) == full.training
    keys = {RunSpec(track=track, target="v", entry=Entry.of("cosine"), seed=0).key for track in (full.name, short.name)}
    assert len(keys) == 2


@pytest.mark.parametrize("fraction", [0.2, 0.4, 0.8])
def test_marks_fall_between_blocks(fraction):
    short = tracks.get(f"gmm-v1@{fraction:g}")
    assert short.training.steps == fraction * tracks.get("gmm-v1").training.steps
    assert all(step % short.training.block == 0 and step > 0 for step in short.mark_steps())


def test_floors_are_the_full_tracks_and_costs_are_not():
    short = tracks.card("digits-v1@0.4")
    assert short["floors"] == tracks.card("digits-v1")["floors"]
    assert "seconds_a_run_on_one_cpu_core" not in short


@pytest.mark.parametrize(
    "name",
    [
        "digits-v1@",
        "digits-v1@1",
        "digits-v1@0",
        "digits-v1@-1",
        "digits-v1@0.250",
        "digits-v1@nan",
        "digits-v1@0.25",
        "digits-v1@1e-09",
        "digits-v1@0.5@0.5",
    ],
)
def test_a_share_that_cannot_be_is_refused(name):
    with pytest.raises(UserError, match=r"share of the budget|budget fraction"):
        tracks.get(name)


@pytest.mark.parametrize(
    ("track", "budget", "short", "steps"),
    [
        ("digits-v1", Budget(0.2), "digits-v1@0.2", 100),
        ("mnist-v1", Budget(0.2), "mnist-v1@0.208333", 500),
        ("mnist-v1", Budget(0.0833333), "mnist-v1@0.0833333", 200),
        ("mnist-v1", Budget(1 / 12), "mnist-v1@0.0833333", 200),
        ("mnist-v1", Budget(steps=200), "mnist-v1@0.0833333", 200),
        ("digits-v1", Budget(steps=130), "digits-v1@0.2", 100),
        ("digits-v1", Budget(1e-9), "digits-v1@0.2", 100),
        ("digits-v1", Budget(steps=499), "digits-v1@0.8", 400),
    ],
)
def test_a_budget_is_rounded_to_whole_blocks_and_says_so(track, budget, short, steps):
    name, note = budget.track(track)
    assert (name, tracks.get(name).training.steps) == (short, steps)
    full = tracks.get(track).training.steps
    assert note.startswith(f"{short}: {steps} of {full} steps")
    wanted = budget.steps if budget.steps is not None else budget.fraction * full
    assert ("rounded" in note) == (abs(wanted - steps) > 0.001)


@given(track=st.sampled_from(["digits-v1", "gmm-v1", "mnist-v1", "cifar10-v1", "imagenet64-v1"]), share=st.floats(0, 1))
def test_every_share_has_a_track_that_is_called_by_one_name(track, share):
    """And the share in its name is the track again."""
    assume(0 < share < 1)
    name, _ = Budget(share).track(track)
    short = tracks.get(name)
    assert short.name == name
    assert all(step % short.training.block == 0 for step in short.mark_steps())
    assert Budget(float(name.partition("@")[2])).track(track)[0] == name


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (Budget(0.2, 100), "give one of them"),
        (Budget(steps=500), "--steps is 500; expected more than 0 and less than 500"),
        (Budget(steps=0), "--steps is 0"),
        (Budget(1.0), "budget fraction is 1; expected"),
        (Budget(float("nan")), "budget fraction is nan"),
    ],
)
def test_a_budget_that_is_none_is_refused(budget, message):
    with pytest.raises(UserError, match=message):
        budget.track("digits-v1")


def test_unknown_tracks_are_named():
    with pytest.raises(UserError, match="unknown track 'digit-v1'"):
        tracks.get("digit-v1@0.5")
