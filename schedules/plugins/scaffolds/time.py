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
@register("NAME", space={"s": Float(0.2, 5, log=True)}, paper="")
def NAME(s: float = 1.0):
    """λ(t) = (2/s) ln((1 − t)/t): say here in one line what it is.

    s: steepness > 0; 1 is flow matching's straight path
    """

    # t = 0 is clean data, t = 1 pure noise: λ falls as t grows, and is finite for every t inside (0, 1).
    # Vectorised: t is a float64 array of any shape, so np.log and np.where, not math.log and if.
    def logsnr(t):
        return (2.0 / s) * np.log((1.0 - t) / t)

    # complement gives λ at t = 1 − rest with all its digits where t is next to 1; leave it out if you have none.
    return from_time(logsnr, complement=lambda rest: (2.0 / s) * np.log(rest / (1.0 - rest)))
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
    np.testing.assert_allclose(logsnr, 2 * np.log((1 - t) / t), rtol=1e-12)
    assert np.all(np.diff(logsnr.ravel()) < 0)


def test_density():
    """p(λ) = 1/|dλ/dt|, here ½ t(1 − t)."""
    at = np.linspace(-10.0, 10.0, 41)
    t = 1 / (1 + np.exp(at / 2))
    np.testing.assert_allclose(schedules.create("NAME").pdf(at), 0.5 * t * (1 - t), rtol=1e-6)
'''

SCAFFOLD = Scaffold("time", _PLUGIN, _TEST)
