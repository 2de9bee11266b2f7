"""Points of a density."""

from __future__ import annotations

from schedules.plugins.scaffolds import Scaffold

_PLUGIN = '''"""A noise schedule for snrbench: try it with

snrbench schedules check NAME --plugin NAME.py
snrbench schedules plot NAME cosine --plugin NAME.py
snrbench run digits-v1 -s NAME --plugin NAME.py
"""

from optuna.distributions import FloatDistribution as Float

from schedules import from_points, register


# space: where each parameter may lie, and where tuning searches; every parameter needs one.
# paper: where it comes from (an arXiv id or a link).
@register("NAME", space={"peak": Float(0.2, 20, log=True)}, paper="")
def NAME(peak: float = 3.0):
    """The smooth curve through (−6, 0), (−2, 1), (0, peak), (2, 1), (6, 0): say here in one line what it is.

    peak: height at λ = 0, where those beside it have 1
    """
    # λ increasing, in nats, and p at each, ≥ 0 and in any unit: it is divided by its integral. Beyond the first and the
    # last point nothing is drawn.
    return from_points([-6.0, -2.0, 0.0, 2.0, 6.0], [0.0, 1.0, peak, 1.0, 0.0])
'''

_TEST = '''"""The plugin is a density everywhere in its parameter space, and is what it says it is."""

from pathlib import Path

import numpy as np

import schedules

schedules.load_plugin(Path(__file__).with_name("NAME.py"))


def test_conforms():
    assert schedules.check("NAME") == []


def test_points():
    """It goes through the points, up to a factor, and ends with them."""
    density = schedules.create("NAME")
    heights = density.pdf([-6.0, -2.0, 0.0, 2.0, 6.0])
    np.testing.assert_allclose(heights / heights[1], [0, 1, 3, 1, 0], atol=1e-12)
    assert density.cdf(-6.0) == 0
    assert density.cdf(6.0) == 1
    at = np.linspace(-6.0, 6.0, 12001)
    assert abs(np.trapezoid(density.pdf(at), at) - 1) < 1e-6
'''

SCAFFOLD = Scaffold("points", _PLUGIN, _TEST)
