"""A density that learns while training."""

from __future__ import annotations

from schedules.plugins.scaffolds import Scaffold

_PLUGIN = '''"""A noise schedule for snrbench: try it with

snrbench schedules check NAME --plugin NAME.py
snrbench schedules plot NAME cosine --plugin NAME.py
snrbench run digits-v1 -s NAME --plugin NAME.py
"""

import numpy as np
from optuna.distributions import FloatDistribution as Float
from optuna.distributions import IntDistribution as Int

from schedules import create, register
from schedules.learned import Learned, MovingMean


class RootOfError(Learned):
    """A histogram over the time of a base: levels √E[loss], once every bin was seen.

    Drawn by p and weighted by p_base/p (`importance`), so that the objective of the base is kept.
    """

    def __init__(self, base, bins, half_life):
        super().__init__(base, bins)
        self._error = MovingMean(bins, half_life)

    def learn(self, bins, logsnr, loss):
        """Called now and then with what was drawn since, each (n,): its bin, its λ, its squared ε-error.

        Return the levels wanted, (number of bins,), up to a factor; bin 0 is clean: λ falls from bin to bin.
        Vectorised: n is thousands, so NumPy on whole arrays, no loop over samples.
        """
        self._error.add(bins, loss)
        error = self._error()
        return np.ones(self._count) if error is None else np.sqrt(error)

    def memory(self):
        """All that was learned, as arrays, by name: a run that is interrupted goes on from it."""
        return {"mean": self._error.mean, "weight": self._error.weight}


# space: where each parameter may lie, and where tuning searches; every parameter needs one.
# paper: where it comes from (an arXiv id or a link).
@register("NAME", space={"bins": Int(10, 200), "half_life": Float(10, 10000, log=True)}, paper="")
def NAME(bins: int = 50, half_life: float = 500.0):
    """p ∝ √E[ε-error] over the time of cosine, learned while training: say here in one line what it is.

    bins:      of the histogram
    half_life: samples of a bin after which half its past is forgotten
    """
    return RootOfError(create("cosine").density, bins, half_life)
'''

_TEST = '''"""The plugin is a density at the start, learns what it should, and can be put away and taken up again."""

from pathlib import Path

import numpy as np

import schedules

schedules.load_plugin(Path(__file__).with_name("NAME.py"))


def test_conforms():
    assert schedules.check("NAME") == []


def taught():
    """A schedule that saw an error four times as large on the noisy half of its time as on the clean half."""
    schedule = schedules.create("NAME", bins=10)
    logsnr = schedule.ppf((np.arange(2000) + 0.5) / 2000)
    schedule.update(logsnr, np.where(logsnr < 0, 4.0, 1.0))
    return schedule


def test_starts_as_its_base():
    at = np.linspace(-8.0, 8.0, 33)
    np.testing.assert_allclose(schedules.create("NAME").pdf(at), schedules.create("cosine").pdf(at), rtol=1e-12)


def test_learns():
    """√4 : √1 of the draws go to the noisy half, and importance takes that back in the objective."""
    schedule, base = taught(), schedules.create("cosine")
    assert abs(schedule.cdf(0.0) - 2 / 3) < 1e-3
    at = np.array([-3.1, -0.7, 0.9, 2.3])
    np.testing.assert_allclose(schedule.pdf(at) * schedule.importance(at), base.pdf(at), rtol=1e-12)


def test_can_be_put_away():
    schedule, again = taught(), schedules.create("NAME", bins=10)
    again.load_state_dict(schedule.state_dict())
    at = np.linspace(-8.0, 8.0, 33)
    np.testing.assert_array_equal(again.pdf(at), schedule.pdf(at))
'''

SCAFFOLD = Scaffold("learner", _PLUGIN, _TEST)
