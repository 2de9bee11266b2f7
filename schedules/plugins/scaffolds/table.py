"""A discrete table of β."""

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

from schedules import from_betas, register


# space: where each parameter may lie, and where tuning searches; every parameter needs one.
# paper: where it comes from (an arXiv id or a link).
@register("NAME", space={"beta_end": Float(0.02, 0.2, log=True), "T": Int(100, 4000)}, paper="")
def NAME(beta_end: float = 0.05, T: int = 1000):
    """β from 1e-4 to β_end by equal factors in T steps, ᾱ_i = Π(1 − β_s): say here in one line what it is.

    beta_end: last β
    T:        steps
    """
    # β₁ … β_T in the order of noise, each in [0, 1): λ(i/T) = ln(ᾱ_i / (1 − ᾱ_i)) falls with every step.
    # schedules.from_alphas_cumprod takes a table of ᾱ, falling, instead.
    return from_betas(np.geomspace(1e-4, beta_end, T))
'''

_TEST = '''"""The plugin is a density everywhere in its parameter space, and is what it says it is."""

from pathlib import Path

import numpy as np

import schedules

schedules.load_plugin(Path(__file__).with_name("NAME.py"))


def test_conforms():
    assert schedules.check("NAME") == []


def test_table():
    """At t = i/T it is the table itself, and λ falls."""
    signal = np.cumprod(1 - np.geomspace(1e-4, 0.05, 1000))
    steps = np.arange(1, 1000)
    logsnr = schedules.create("NAME").logsnr(steps / 1000)
    np.testing.assert_allclose(logsnr, np.log(signal / (1 - signal))[steps - 1], rtol=1e-9, atol=1e-9)
    assert np.all(np.diff(logsnr) < 0)
'''

SCAFFOLD = Scaffold("table", _PLUGIN, _TEST)
