"""A density over λ, by its formula."""

from __future__ import annotations

from schedules.plugins.scaffolds import Scaffold

_PLUGIN = '''"""A noise schedule for snrbench: try it with

snrbench schedules check NAME --plugin NAME.py
snrbench schedules plot NAME cosine --plugin NAME.py
snrbench run digits-v1 -s NAME --plugin NAME.py
"""

from optuna.distributions import FloatDistribution as Float
from scipy import stats

from schedules import register


# space: where each parameter may lie, and where tuning searches; every parameter needs one.
# paper: where it comes from (an arXiv id or a link).
@register("NAME", space={"loc": Float(-3, 3), "scale": Float(0.1, 5, log=True)}, paper="")
def NAME(loc: float = 0.0, scale: float = 1.0):
    """p(λ) = exp(−z − e^{−z}) / scale with z = (λ − loc)/scale: say here in one line what it is.

    loc:   where it is highest, in nats of log SNR
    scale: width > 0, in nats
    """
    # Return any continuous distribution over λ = log SNR with pdf, cdf and ppf, each from a float64 array of any shape
    # to one of that shape: SciPy's are such. `snrbench schedules new --kind` has files for other ways in: time (a time
    # form λ(t)), table (β or ᾱ of DDPM), points (of a density), learner (learns while training). A mixture, or a known
    # schedule that is moved, stretched or cut, needs no file: -s "mixture(laplace@0.7, cosine|shift:a=3@0.3)".
    return stats.gumbel_r(loc, scale)
'''

_TEST = '''"""The plugin is a density everywhere in its parameter space, and is what it says it is."""

from pathlib import Path

import numpy as np

import schedules

schedules.load_plugin(Path(__file__).with_name("NAME.py"))


def test_conforms():
    assert schedules.check("NAME") == []


def test_formula():
    at = np.linspace(-3.0, 10.0, 41)
    expected = np.exp(-at - np.exp(-at))
    np.testing.assert_allclose(schedules.create("NAME").pdf(at), expected, rtol=1e-12)
'''

SCAFFOLD = Scaffold("density", _PLUGIN, _TEST)
