"""Noise schedules: probability densities p(λ) over λ = log SNR, by name.

A schedule is written once, as a function from parameters to a distribution over λ, and registered under a name;
everything else (sampling, plotting, tuning, comparing) works on `Schedule`. λ = ln(α²/σ²) for data of unit variance;
the time form of a schedule is λ(t) = Q(1 − t), Q its quantile function, t = 0 clean and t = 1 noise.

    s = schedules.create("laplace", loc=0.0, scale=0.5)
    s = schedules.parse("laplace:scale=0.7|shift:a=3")
    s.pdf(λ), s.cdf(λ), s.ppf(q), s.logsnr(t), s.time(λ)

Needs NumPy, SciPy and Optuna's distributions; they are imported when one of the names below is first used, so that a
command line can print its help without them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schedules.densities.density import Density
    from schedules.densities.points import from_points
    from schedules.densities.table import from_alphas_cumprod, from_betas
    from schedules.densities.time_form import from_time
    from schedules.diffusers import from_diffusers
    from schedules.errors import UserError
    from schedules.grammar import as_tuned, split_tuned
    from schedules.plugins.conformance import check, validate
    from schedules.plugins.loading import load_entry_points, load_plugin
    from schedules.registry import Info
    from schedules.schedule import Schedule, create, info, names, parse, register

_HOMES = {
    "densities.density": ("Density",),
    "densities.points": ("from_points",),
    "densities.table": ("from_alphas_cumprod", "from_betas"),
    "densities.time_form": ("from_time",),
    "diffusers": ("from_diffusers",),
    "errors": ("UserError",),
    "grammar": ("as_tuned", "split_tuned"),
    "plugins.conformance": ("check", "validate"),
    "plugins.loading": ("load_entry_points", "load_plugin"),
    "registry": ("Info",),
    "schedule": ("Schedule", "create", "info", "names", "parse", "register"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Density",
    "Info",
    "Schedule",
    "UserError",
    "as_tuned",
    "check",
    "create",
    "from_alphas_cumprod",
    "from_betas",
    "from_diffusers",
    "from_points",
    "from_time",
    "info",
    "load_entry_points",
    "load_plugin",
    "names",
    "parse",
    "register",
    "split_tuned",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'schedules' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"schedules.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
