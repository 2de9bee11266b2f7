"""What a track's published runs know of its noise, for boards that have few runs of their own (`track_noise`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from harness import tracks
from harness.metrics.registry import METRICS
from leaderboards.boards.board import BASELINE
from leaderboards.comparisons import score_array
from leaderboards.comparisons.score_array import Panel
from leaderboards.data import selection
from leaderboards.data.scores import Guidance
from leaderboards.data.tables import Tables
from leaderboards.data.track_noise import SCHEMA_VERSION, Known, Record, TrackNoise
from leaderboards.statistics.noise import FEWEST_PAIRS, Noise, Scatter, everywhere, scatter, section_noise
from leaderboards.statistics.pairs import Pairs, pairs
from leaderboards.statistics.student_t import Array, pool_seeds


def noise_of(tables: Tables, track: str) -> TrackNoise:
    """The noise of every metric that ranks, at every guidance scale, over every set of targets.

    Without records where no target has 100 pairs of entries that share three seeds.
    """
    now = tracks.get(track)
    names = [name for name, metric in METRICS.items() if metric.ranks and name in tables.metrics]
    if _most_pairs(tables) < FEWEST_PAIRS:
        names = []
    return TrackNoise(
        schema_version=SCHEMA_VERSION,
        track=track,
        protocol=now.protocol,
        track_fingerprint=now.fingerprint,
        runs=len(tables.runs),
        records=tuple(record for name in names for record in _of_metric(tables, track, name)),
    )


def _most_pairs(tables: Tables) -> int:
    """No target has more pairs of entries than this, whatever the metric."""
    entries = tables.runs[["target", "entry", "fingerprint"]].drop_duplicates()
    return comb(int(entries["target"].value_counts().max()), 2)


def _of_metric(tables: Tables, track: str, name: str) -> Iterator[Record]:
    chosen = selection.select(tables, track, [name], baseline=BASELINE)
    scales: list[Guidance] = ["best", *tracks.get(track).guidance]
    for scale in scales:
        panel = score_array.panel(chosen, track=track, metric=METRICS[name], guidance=scale)
        yield from _of_panel(panel)
        if panel.guidance is None:
            return


def _of_panel(panel: Panel) -> Iterator[Record]:
    """One record for each set of cells, all of which have 100 pairs."""
    cells = {cell: _measured(costs) for cell, costs in zip(panel.cells, panel.costs, strict=True)}
    eligible = [cell for cell in sorted(cells) if _count(cells[cell][0]) >= FEWEST_PAIRS]
    for size in range(1, len(eligible) + 1):
        for targets in combinations(eligible, size):
            at = [panel.cells.index(target) for target in targets]
            pooled = cells[targets[0]] if size == 1 else _measured(pool_seeds(np.swapaxes(panel.costs[at], 0, 1)))
            parts = [cells[target] for target in targets]
            section, own, noise = pooled
            yield Record(
                metric=panel.metric.name,
                guidance=panel.guidance,
                targets=targets,
                entries=int((~np.isnan(own.own)).sum()),
                seeds=int(section.n.max()),
                pairs=Known.of(noise.pairs),
                own=Known.of(noise.own),
                everywhere=Known.of(everywhere([part[1] for part in parts], [part[2] for part in parts])),
            )


def _measured(costs: Array) -> tuple[Pairs, Scatter, Noise]:
    paired = pairs(costs)
    own = scatter(paired)
    return paired, own, section_noise(paired, own)


def _count(section: Pairs) -> int:
    return int((np.triu(section.n, k=1) >= 3).sum())
