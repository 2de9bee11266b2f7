"""The files that a new plugin starts from: a schedule with comments, and its test."""

from __future__ import annotations

import importlib.util
import keyword
import sys
from pathlib import Path

from schedules.errors import UserError
from schedules.registry import NAME
from schedules.schedule import names

IN_USE = ("stats", "register")
LONGEST = 64


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Write NAME.py and test_NAME.py; UserError: a name that can't be registered, or a file that is there already."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise UserError(
            f"schedule name {name!r}: expected small ASCII letters, digits and _, a letter first, {LONGEST} at most"
        )
    if name in names():
        raise UserError(f"schedule {name!r} is registered already; choose another name")
    if reason := _taken(name):
        raise UserError(f"schedule name {name!r}: {reason}; choose another name")
    if not folder.is_dir():
        raise UserError(f"no such folder: {str(folder)!r}")
    texts = {folder / f"{name}.py": _PLUGIN, folder / f"test_{name}.py": _TEST}
    for path in texts:
        if path.exists():
            raise UserError(f"{str(path)!r} is there already; nothing was written")
    try:
        for path, text in texts.items():
            path.write_text(text.replace("NAME", name), encoding="utf-8")
    except OSError as problem:
        raise UserError(f"{str(folder)!r} can't be written: {problem.strerror}") from problem
    return list(texts)


def _taken(name: str) -> str:
    """Why neither a function nor a file can have the name; "" if they can."""
    if keyword.iskeyword(name):
        return "a word of Python's own language"
    if name in IN_USE:
        return "the plugin imports something of that name"
    # In its own folder NAME.py would be imported in place of the module.
    if name in sys.stdlib_module_names or importlib.util.find_spec(name) is not None:
        return f"{name}.py would hide the module {name!r}"
    return ""


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
    """p(λ) = sech²((λ − loc)/(2 scale)) / (4 scale): say here in one line what it is.

    loc:   centre, in nats of log SNR
    scale: width > 0, in nats
    """
    # Return any continuous distribution over λ = log SNR with pdf, cdf and ppf: SciPy's, or one of
    #   schedules.from_time(lambda t: ...)        a time form λ(t), t = 0 clean, t = 1 noise
    #   schedules.from_betas([...])               a discrete table of β (DDPM)
    #   schedules.from_points([λ...], [p...])     points of a density
    return stats.logistic(loc, scale)
'''

_TEST = '''"""The plugin is a density everywhere in its parameter space, and is what it says it is."""

from pathlib import Path

import numpy as np

import schedules

schedules.load_plugin(Path(__file__).with_name("NAME.py"))


def test_conforms():
    assert schedules.check("NAME") == []


def test_formula():
    at = np.linspace(-10.0, 10.0, 41)
    expected = 1 / (4 * np.cosh(at / 2) ** 2)
    np.testing.assert_allclose(schedules.create("NAME").pdf(at), expected, rtol=1e-12)
'''
