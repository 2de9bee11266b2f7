"""A time form λ(t)."""

from __future__ import annotations

from schedules.plugins.scaffolds import Scaffold

_PLUGIN = '''"""A noise schedule for snrbench: try it with

snrbench schedules check NAME --plugin NAME.py
snrbench schedules plot NAME cosine --plugin NAME.py
snrbench run digits-v1 -s NAME --plugin NAME.py
"""

import numpy as np
from optuna.distributions import FloatDistribution as Float

from schedules import from_time, register


# space: where each parameter may lie, and where tuning searches; every parameter needs one.
# paper: where it comes from (an arXiv id or a link).
@register("NAME", space={"slope": Float(0, 10)}, paper="")
def NAME(slope: float = 2.0):
    """λ(t) = 2 ln((1 − t)/t) + slope · (1 − 2t): say here in one line what it is.

    slope: of a straight part, in nats; 0 is flow matching's path
    """

    # t = 0 is clean data, t = 1 pure noise: λ falls as t grows, and is finite for every t inside (0, 1).
    # Vectorised: t is a float64 array of any shape, so np.log and np.where, not math.log and if.
    def logsnr(t):
        return 2.0 * np.log((1.0 - t) / t) + slope * (1.0 - 2.0 * t)

    # complement gives λ at t = 1 − rest with all its digits where t is next to 1; leave it out if you have none.
    return from_time(logsnr, complement=lambda rest: -logsnr(rest))
'''

_TEST = '''"""The plugin is a density everywhere in its parameter space, and is what it says it is."""

from pathlib import Path

import numpy as np

import schedules

schedules.load_plugin(Path(__file__).with_name("NAME.py"))


def test_conforms():
    assert schedules.check("NAME") == []


def test_time_form():
    t = np.array([[0.01, 0.3], [0.5, 0.999]])
    logsnr = schedules.create("NAME").logsnr(t)
    np.testing.assert_allclose(logsnr, 2 * np.log((1 - t) / t) + 2 * (1 - 2 * t), rtol=1e-12, atol=1e-15)
    assert np.all(np.diff(logsnr.ravel()) < 0)


def test_density():
    """p(λ) = 1/|dλ/dt|, here 1/(2/(t (1 − t)) + 4)."""
    t = np.linspace(0.01, 0.99, 41)
    at = schedules.create("NAME").logsnr(t)
    np.testing.assert_allclose(schedules.create("NAME").pdf(at), 1 / (2 / (t * (1 - t)) + 4), rtol=1e-6)
'''

SCAFFOLD = Scaffold("time", _PLUGIN, _TEST)
