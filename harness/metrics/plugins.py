"""Metrics from outside: a file named with `--metric-plugin`, or an installed package's entry point.

Whatever such a module registers is measured beside our own from then on; `harness.metrics.metric` shows one.
"""

from __future__ import annotations

import functools
from importlib.metadata import entry_points

from harness.metrics.registry import METRICS
from harness.plugin_file import module_of, refusing
from schedules.errors import UserError

GROUP = "snrbench.metrics"


def load_plugin(file: str) -> list[str]:
    """Import a file and register its metrics; their names. UserError: not there, not importable, or it holds none."""
    origin = f"metric plugin {file!r}"
    with METRICS.registering(origin):
        module_of(file, "metric")
    names = METRICS.names_from(origin)
    if not names:
        raise UserError(f"{origin} registers no metric")
    return names


@functools.cache
def load_entry_points() -> list[str]:
    """Register the metrics that installed packages announce in the group `snrbench.metrics`; their names."""
    names: list[str] = []
    for point in entry_points(group=GROUP):
        origin = f"entry point {point.value}"
        with refusing(f"metric plugin {point.value}"), METRICS.registering(origin):
            point.load()
        names += METRICS.names_from(origin)
    return names
