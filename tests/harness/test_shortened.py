"""`TRACK@F`: a share of the budget is a track of its own."""

import pytest

from harness import tracks
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


def test_unknown_tracks_are_named():
    with pytest.raises(UserError, match="unknown track 'digit-v1'"):
        tracks.get("digit-v1@0.5")
