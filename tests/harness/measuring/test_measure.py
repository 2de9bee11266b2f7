"""The card of a track: what is measured by itself is put beside what was there."""

import pytest

from harness import tracks
from harness.execution.capacity.footprint import Footprint
from harness.measuring import measure
from harness.tracks.enough import cautions, known_cautions
from schedules.errors import UserError


def test_seconds_of_a_run_join_the_card_and_touch_nothing_else(quick_gmm):
    before = {"floors": {"fd": 1.0}, "cost": {"cuda": {"hardware": "a card", "training": 1.0, "evaluation": 2.0}}}
    card = measure.with_cost(before, quick_gmm, "cpu")
    assert card["floors"] == before["floors"]
    assert card["cost"]["cuda"] == before["cost"]["cuda"]
    cost = card["cost"]["cpu"]
    assert set(cost) == {"hardware", "training", "evaluation"}
    assert card["seconds_a_run_on_one_cpu_core"] == pytest.approx(cost["training"] + cost["evaluation"], abs=0.06)
    assert card["fingerprint"] == quick_gmm.fingerprint


def test_cost_counts_training_for_all_steps_and_evaluation_for_all_marks(quick_gmm, monkeypatch):
    """By a clock that ticks once a step and ten times an evaluation."""
    place, ticks = measure.Bench(quick_gmm, measure.torch.device("cpu")), [0]
    make, score = place.trainer, place.score

    def trainer(spec):
        learner = make(spec)
        step = learner.step

        def ticking(batch):
            ticks[0] += 1
            return step(batch)

        learner.step = ticking
        return learner

    def scored(*arguments):
        ticks[0] += 10 if arguments[-1] == 1.0 else 3
        return score(*arguments)

    monkeypatch.setattr(place, "trainer", trainer)
    monkeypatch.setattr(place, "score", scored)
    monkeypatch.setattr(measure, "_clock", lambda device: lambda: ticks[0])
    assert quick_gmm.marks == (0.25, 0.5, 1.0)
    assert measure.cost(place) == {"training": quick_gmm.training.steps, "evaluation": 3 + 3 + 10}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"paired_points": 129}, "takes kd of 129 samples and draws 128"),
        ({"samples": 66000, "fid": (66000,)}, "65536 training images; the floor of fid66k is of 66000"),
    ],
)
def test_a_floor_of_too_few_images_is_refused(rules, message, quick_gmm):
    """By an error, which `python -O` does not drop."""
    place = measure.Bench(quick_gmm, measure.torch.device("cpu"))
    place.evaluator.rules = quick_gmm.evaluation.model_copy(update=rules)
    with pytest.raises(UserError, match=message):
        measure.floors(place)


def test_too_few_samples_or_held_out_images_and_floors_of_too_few_are_said(quick_gmm):
    """128 samples; a covariance of d dimensions needs more than d points."""
    enough = {"train": 200, "val": 129, "test": 129}
    assert cautions(quick_gmm, enough, 127, floors=True) == ()
    assert [caution.split(" in ")[0] for caution in cautions(quick_gmm, enough, 129)] == [
        "128 samples", "129 held-out images", "129 validation images"
    ]  # fmt: skip
    (caution,) = cautions(quick_gmm, {**enough, "test": 18}, 64)
    assert caution.startswith("18 held-out images in 64 dimensions")
    (caution,) = cautions(quick_gmm, {**enough, "train": 100}, 64, floors=True)
    assert caution.startswith("floors are of 100 training images, scores of 128 samples")
    assert cautions(quick_gmm, {**enough, "train": 100}, 64) == ()


@pytest.mark.parametrize("name", tracks.names())
def test_no_track_of_ours_has_too_few(name):
    """By its card where it has one."""
    assert known_cautions(name) == ()
    card = tracks.card(name)
    assert not card or card["feature_dimensions"] > 0


def test_seconds_are_kept_only_while_the_track_is_the_same(quick_gmm, monkeypatch):
    for of, unchanged in ((quick_gmm.fingerprint, True), ("another", False)):
        card = {"fingerprint": of, "cost": {"cpu": {}}, "seconds_a_run_on_one_cpu_core": 5.0}
        monkeypatch.setattr(measure, "read_card", lambda name, card=card: card)
        monkeypatch.setattr(measure, "Bench", lambda track, device: None)
        for part in ("facts", "floors"):
            monkeypatch.setattr(measure, part, lambda place: {})
        monkeypatch.setattr(measure, "footprint_alone", lambda track, device: Footprint(1, 2, 3, 4))
        monkeypatch.setattr(measure, "baseline", lambda track, store: {"seconds_a_run_on_one_cpu_core": 9.0})
        new_card = measure.whole(quick_gmm, None)
        assert ("cost" in new_card) == unchanged
        assert new_card["memory_mib"] == {"data": 1, "state": 2, "training": 3, "evaluation": 4}
        assert new_card["seconds_a_run_on_one_cpu_core"] == (5.0 if unchanged else 9.0)
