"""What a process has to load before it knows the schedules, metrics and tracks of a request."""

from __future__ import annotations

from collections.abc import Iterable

import schedules
from harness.metrics import plugins as metrics
from harness.tracks import plugins as tracks


def load(plugins: Iterable[str], track_plugins: Iterable[str], metric_plugins: Iterable[str] = ()) -> None:
    """Import the named plugins and what installed packages announce. UserError for one that cannot be used."""
    metrics.load_entry_points()
    for file in metric_plugins:
        metrics.load_plugin(file)
    tracks.load_entry_points()
    for file in track_plugins:
        tracks.load_plugin(file)
    schedules.load_entry_points()
    for plugin in plugins:
        schedules.load_plugin(plugin)
