"""The card of a track: what is measured by itself is put beside what was there."""

import pytest

from harness.tracks import measure
from schedules.errors import UserError


def test_seconds_of_a_run_join_the_card_and_touch_nothing_else(quick_gmm):
    before = {"floors": {"fd": 1.0}, "cost": {"cuda": {"hardware": "a card", "training": 1.0, "evaluation": 2.0}}}
    card = measure.with_cost(before, quick_gmm, "cpu")
    assert card["floors"] == before["floors"]
    assert card["cost"]["cuda"] == before["cost"]["cuda"]
    found = card["cost"]["cpu"]
    assert set(found) == {"hardware", "training", "evaluation"}
    assert card["seconds_a_run_on_one_cpu_core"] == pytest.approx(found["training"] + found["evaluation"], abs=0.06)
    assert card["fingerprint"] == quick_gmm.fingerprint


def test_cost_counts_training_for_all_steps_and_evaluation_for_all_marks(quick_gmm, monkeypatch):
    """By a clock that ticks once a step and ten times an evaluation."""
    place, ticks = measure.Bench(quick_gmm, measure.torch.device("cpu")), [0]
    make, score = place.trainer, place.score

    def trainer(spec):
        made = make(spec)
        step = made.step

        def ticking(batch):
            ticks[0] += 1
            return step(batch)

        made.step = ticking
        return made

    def scored(*arguments):
        ticks[0] += 10 if arguments[-1] == 1.0 else 3
        return score(*arguments)

    monkeypatch.setattr(place, "trainer", trainer)
    monkeypatch.setattr(place, "score", scored)
    monkeypatch.setattr(measure, "_clock", lambda device: lambda: ticks[0])
    assert quick_gmm.marks == (0.25, 0.5, 1.0)
    assert measure.cost(place) == {"training": quick_gmm.training.steps, "evaluation": 3 + 3 + 10}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"paired_points": 129}, "takes kd of 129 samples and draws 128"),
        ({"samples": 8000, "fid": (8000,)}, "training images; the floor of fid8k is of 8000"),
    ],
)
def test_a_floor_of_too_few_images_is_refused(rules, said, quick_gmm):
    """By an error, which `python -O` does not drop."""
    place = measure.Bench(quick_gmm, measure.torch.device("cpu"))
    place.evaluator.rules = quick_gmm.evaluation.model_copy(update=rules)
    with pytest.raises(UserError, match=said):
        measure.floors(place)


def test_seconds_are_kept_only_while_the_track_is_the_same(quick_gmm, monkeypatch):
    for of, kept in ((quick_gmm.fingerprint, True), ("another", False)):
        card = {"fingerprint": of, "cost": {"cpu": {}}, "seconds_a_run_on_one_cpu_core": 5.0}
        monkeypatch.setattr(measure, "read_card", lambda name, card=card: card)
        monkeypatch.setattr(measure, "Bench", lambda track, device: None)
        for part in ("facts", "floors"):
            monkeypatch.setattr(measure, part, lambda place: {})
        monkeypatch.setattr(measure, "baseline", lambda track, store: {"seconds_a_run_on_one_cpu_core": 9.0})
        found = measure.whole(quick_gmm, None)
        assert ("cost" in found) == kept
        assert found["seconds_a_run_on_one_cpu_core"] == (5.0 if kept else 9.0)
