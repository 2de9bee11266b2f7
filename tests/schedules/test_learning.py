"""What learns is put through training's own calls before any training: each way to be wrong is named."""

import numpy as np
import pytest

import schedules
from schedules import UserError, learning, register, weightings
from schedules.learned import Learned
from schedules.schedule import SCHEDULES
from schedules.weightings import WEIGHTINGS


class OnlyLearns(Learned):
    """All that somebody thinks of first; `memory` is left out."""

    def learn(self, bins, logsnr, loss):
        return np.bincount(bins, weights=loss, minlength=self._count)


class Good(OnlyLearns):
    """Levels that grow with what was seen before, so that forgetting shows."""

    def __init__(self, base, bins):
        super().__init__(base, bins)
        self.seen = np.zeros(bins)

    def learn(self, bins, logsnr, loss):
        self.seen += super().learn(bins, logsnr, loss)
        return self.seen

    def memory(self):
        return {"seen": self.seen}


class Forgets(Good):
    """Its state is not all of it."""

    def memory(self):
        return {}


class KeepsText(Good):
    """Part of its state is no number."""

    def state_dict(self):
        return {**super().state_dict(), "note": "so far so good"}


class LoadsNothing(Good):
    """Starts anew in another process."""

    def load_state_dict(self, state):
        pass


class BadImportance(Good):
    """Weights of another shape than λ's."""

    def importance(self, x):
        return np.ones(3)


class Collapses(Good):
    """A histogram without mass in one of its bins has no quantile there."""

    def update(self, logsnr, loss):
        self.set_levels(np.r_[np.full(self._count - 1, np.nan), 1.0])


class Chokes(Good):
    """Takes single numbers only."""

    def update(self, logsnr, loss):
        if loss > 0:
            super().update(logsnr, loss)


BAD = {
    OnlyLearns: r"state_dict raised NotImplementedError \(in memory, learned\.py line \d+\)",
    Forgets: "state_dict is not all of it: after load_state_dict it learns something else",
    KeepsText: "state_dict: 'note' is a str; expected an array of numbers, or a number",
    LoadsNothing: "what load_state_dict puts back is not what state_dict returned",
    BadImportance: r"importance of shape \(20, 20\) has shape \(3,\)",
    Collapses: "after update, ppf is nan",
    Chokes: r"update raised ValueError: .* \(in update, test_learning\.py line \d+\)",
}


@pytest.fixture
def plugin():
    def make(kind):
        register("bad_learner")(lambda: kind(schedules.create("cosine").density, 20))
        return "bad_learner"

    yield make
    SCHEDULES.remove("bad_learner")


@pytest.mark.parametrize("kind", BAD, ids=lambda kind: kind.__name__)
def test_each_way_to_learn_wrongly_is_named_before_any_training(plugin, kind):
    (failure,) = schedules.check(plugin(kind))
    with pytest.raises(UserError, match=f"fails '{learning.PROPERTY}': {BAD[kind]}") as caught:
        schedules.validate(schedules.create("bad_learner"))
    assert failure.startswith(f"bad_learner: {learning.PROPERTY}: ")
    assert "\n" not in str(caught.value)


def test_one_that_learns_rightly_passes_and_the_check_teaches_only_its_own_copy(plugin):
    schedule = schedules.create(plugin(Good))
    before = schedule.ppf([0.1, 0.5, 0.9])
    assert schedules.check(schedule) == []
    np.testing.assert_array_equal(schedule.ppf([0.1, 0.5, 0.9]), before)


class Weight:
    """ω grows with each update; what it has learned is kept or not."""

    def __init__(self, keep):
        self.keep, self.updates = keep, 0

    def __call__(self, logsnr, target, schedule):
        return np.full(logsnr.shape, 1.0 + self.updates)

    def update(self, logsnr, loss):
        self.updates += 1

    def state_dict(self):
        return {"updates": self.updates}

    def load_state_dict(self, state):
        self.updates = int(state["updates"]) if self.keep else 0


@pytest.mark.parametrize("keep", [True, False])
def test_a_weighting_that_learns_is_put_through_the_same(keep):
    weightings.register("counting")(lambda: Weight(keep))
    try:
        failures = weightings.check("counting")
        assert len(failures) == (not keep)
        assert all("load_state_dict puts back" in line for line in failures)
        if not keep:
            with pytest.raises(UserError, match="weighting 'counting' fails"):
                weightings.validate("counting")
    finally:
        WEIGHTINGS.remove("counting")
