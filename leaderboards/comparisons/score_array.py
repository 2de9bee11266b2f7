"""The scores of a choice of runs as one array, cells × entries × seeds: what comparisons beyond a board start from."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leaderboards.boards.judge import Judge
from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.boards.target_blocks import largest_block
from leaderboards.data import scores, selection
from leaderboards.data.scale import MetricLike, Scale
from leaderboards.data.track_noise import TrackNoise
from leaderboards.statistics.student_t import Array, pool_seeds
from leaderboards.statistics.verdicts import Verdicts
from leaderboards.wording import listed


@dataclass(frozen=True)
class Panel:
    """Scores of entries in cells, seed by seed.

    mark:    fraction of the budget
    cells:   prediction targets; labels: entries; seeds
    scores:  (cells, entries, seeds) in the metric's unit; NaN where there was no run, ±∞ where it diverged
    seconds: (cells, entries) mean seconds of a run; NaN where unknown, or where runs of several machines meet
    judge:   tells the entries of the whole board apart, whatever part of it this is
    notes:   what was left out, and why
    """

    track: str
    protocol: str
    metric: MetricLike
    guidance: scores.Guidance | None
    mark: float
    baseline: str
    cells: tuple[str, ...]
    labels: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: Array
    seconds: Array
    judge: Judge
    notes: tuple[str, ...] = ()

    @property
    def scale(self) -> Scale:
        """How scores of the metric are compared."""
        return Scale.of(self.metric)

    @cached_property
    def costs(self) -> Array:
        """(cells, entries, seeds) on the comparison scale, lower is better; a row is NaN where a seed diverged."""
        return scores.comparable(self.scores, self.scale)

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """(cells, entries): a run diverged."""
        return np.asarray(np.isinf(self.scores).any(axis=2))

    @cached_property
    def pooled(self) -> Array:
        """(entries, seeds): costs averaged over the cells within each seed; NaN where a cell is missing."""
        return pool_seeds(np.swapaxes(self.costs, 0, 1))

    @cached_property
    def verdicts(self) -> Verdicts:
        """What the whole board says of the entries that are here, in its cells, averaged within each seed."""
        return self.judge.verdicts(self.cells, self.labels)

    @property
    def target(self) -> str:
        """The one cell, or "all"."""
        return self.cells[0] if len(self.cells) == 1 else ALL_TARGETS

    def only(self, cells: Collection[str]) -> Panel:
        """These cells, in the panel's order, with the entries that have a score in each of them."""
        at = [place for place, cell in enumerate(self.cells) if cell in cells]
        part = replace(self, cells=tuple(self.cells[i] for i in at), scores=self.scores[at], seconds=self.seconds[at])
        return part._entries(np.asarray(~np.isnan(part.scores).all(axis=2).any(axis=0)))

    def cell(self, target: str) -> Panel:
        """One cell, with the entries that have a score there."""
        return self.only([target])

    def showing(self, labels: Collection[str]) -> Panel:
        """These entries; what is said of them is what the whole board says."""
        return self._entries(np.array([label in labels for label in self.labels], dtype=bool))

    def sections(self) -> list[Panel]:
        """Each cell, then the largest block of cells where there are two or more: as a board's sections."""
        block = self.block()
        return [*(self.cell(cell) for cell in self.cells), *([block] if len(block.cells) > 1 else [])]

    def block(self) -> Panel:
        """The cells that most entries have all of (`leaderboards.boards.target_blocks`), with the entries that do."""
        scored = np.asarray(~np.isnan(self.scores).all(axis=2))
        present = {
            cell: {label for label, has_score in zip(self.labels, row, strict=True) if has_score}
            for cell, row in zip(self.cells, scored, strict=True)
        }
        chosen = largest_block(present, self.baseline)
        left = self.only(chosen)
        gone = [f"cell {cell}" for cell in self.cells if cell not in chosen]
        gone += sorted(set(self.labels) - set(left.labels))
        return left._noting("not in the largest complete block of cells", gone)

    def complete(self) -> Panel:
        """The largest block cells × entries × seeds without holes; its notes name what had to be left out.

        Seeds are taken from the one that most entries have downwards, as many as make entries × seeds largest.
        """
        block = self.block()
        if not block.cells or not block.labels:
            return block
        present = np.asarray(~np.isnan(block.scores).any(axis=0))
        order = np.argsort(-present.sum(axis=0), kind="stable")
        entries = np.logical_and.accumulate(present[:, order], axis=1).sum(axis=0)
        if block.baseline in block.labels:
            has = np.logical_and.accumulate(present[block.labels.index(block.baseline), order])
            entries = np.where(has, entries, 0)
        count = 1 + int(np.argmax(entries * np.arange(1, len(order) + 1)))
        seeds = np.sort(order[:count])
        complete = np.asarray(present[:, seeds].all(axis=1))
        gone = [label for label, keep in zip(block.labels, complete, strict=True) if not keep]
        gone += [f"seed {seed}" for place, seed in enumerate(block.seeds) if place not in set(seeds.tolist())]
        left = replace(block, seeds=tuple(block.seeds[i] for i in seeds), scores=block.scores[:, :, seeds])._entries(
            complete
        )
        return left._noting("left out, so that every entry has every seed", gone)

    def _entries(self, complete: NDArray[np.bool_]) -> Panel:
        labels = tuple(label for label, keep in zip(self.labels, complete, strict=True) if keep)
        return replace(self, labels=labels, scores=self.scores[:, complete], seconds=self.seconds[:, complete])

    def _noting(self, what: str, names: Iterable[str]) -> Panel:
        names = list(names)
        return replace(self, notes=(*self.notes, f"{what}: {listed(names)}")) if names else self


def panel(
    chosen: selection.Selected,
    *,
    track: str,
    metric: MetricLike,
    guidance: scores.Guidance = "best",
    target: str | None = None,
    mark: float = 1.0,
    noise: TrackNoise | None = None,
    focus: str | None = None,
) -> Panel:
    """The scores that a board of the same arguments ranks.

    chosen: the runs that count, as `selection.select` gives them
    target: None for all that have runs
    mark:   fraction of the budget; below 1 a run is only scored unguided
    noise:  of the track's published runs; it holds at the whole budget
    focus:  the entry whose comparisons are the family of tests; None for all pairs
    """
    scale, held = Scale.of(metric), guidance if chosen.guided(metric.name) else None
    every = {
        name: scores.cell_scores(chosen.of(name), metric.name, guidance, scale, mark).values for name in chosen.targets
    }
    every = {name: values for name, values in every.items() if not values.empty}
    costs = {
        name: (
            values.index.tolist(),
            [int(seed) for seed in values.columns],
            scores.comparable(values.to_numpy(dtype=float), scale),
        )
        for name, values in every.items()
    }
    priors = noise.of(metric.name, held) if noise is not None and mark == 1.0 else None
    judge = Judge.of(costs, priors, selection.label_of(chosen.runs, focus))
    cells = {name: values for name, values in every.items() if target in (None, name)}
    labels = sorted(set().union(*(values.index for values in cells.values())))
    seeds = sorted(set().union(*(values.columns for values in cells.values())))
    shape = (len(cells), len(labels), len(seeds))
    wide = [values.reindex(index=labels, columns=seeds).to_numpy(dtype=float) for values in cells.values()]
    seconds = [chosen.seconds[name].reindex(labels).to_numpy(dtype=float) for name in cells]
    return Panel(
        track=track,
        protocol=chosen.protocol,
        metric=metric,
        guidance=held,
        mark=mark,
        baseline=chosen.baseline,
        cells=tuple(cells),
        labels=tuple(labels),
        seeds=tuple(int(seed) for seed in seeds),
        scores=np.array(wide).reshape(shape),
        seconds=np.array(seconds).reshape(shape[:2]),
        judge=judge,
        notes=(*chosen.notes, *chosen.mixed),
    )
