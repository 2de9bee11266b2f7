"""What a board can tell apart: the smallest ratio its seeds show, and the seeds and minutes that more would take.

The noise is the standard deviation σ of a paired difference over seeds, on the comparison scale. Over all pairs of k
entries with n common seeds its mean square is twice the residual of the two-way table entry × seed:

    σ² = 2 Σ (cₑₛ − c̄ₑ − c̄ₛ + c̄)² / ((k − 1)(n − 1))

with a χ² interval of (k − 1)(n − 1) degrees of freedom, which takes the entries' own noise as independent and alike.
Power by the noncentral t (`leaderboards.statistics.power`), with the degrees of freedom that moderated variances have.
Under Holm's correction the first of m tests is made at α/m: what is found there is found whatever the other tests say,
so figures "at Holm level" use α/m.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from math import ceil, exp, inf, isnan, nan

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.comparisons.choice import Choice, panel_of
from leaderboards.comparisons.effect import Effect
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.tables import Tables
from leaderboards.render.report import Report, sheet, step
from leaderboards.statistics import power
from leaderboards.statistics.noise import FEWEST_SEEDS
from leaderboards.statistics.student_t import CONFIDENCE, Array
from leaderboards.statistics.verdicts import SIGNIFICANCE
from leaderboards.wording import NOTHING, with_interval
from schedules.errors import unknown


@dataclass(frozen=True)
class Detectable:
    """The smallest true difference that is found in 80 % of repetitions.

    alpha:      level of one test; tests: number of tests it shares 5 % with
    difference: on the comparison scale (of logarithms, for a ratio)
    """

    alpha: float
    tests: int
    difference: float
    logarithmic: bool

    @property
    def better(self) -> float:
        """The ratio below one (or negative difference) that can just be told from none."""
        return exp(-self.difference) if self.logarithmic else -self.difference

    @property
    def worse(self) -> float:
        """The ratio above one (or positive difference) that can just be told from none; ∞ where none can."""
        if not self.logarithmic:
            return self.difference
        return exp(self.difference) if self.difference < 700 else inf


@dataclass(frozen=True)
class Resolution:
    """What one section of a board can tell apart.

    target:           a cell, or "all": over cells, averaged within each seed
    entries, seeds:   of the complete block that the noise is measured on, diverged entries left out
    noise, noise_*:   sd of a paired difference on the comparison scale, with its 95 % χ² interval
    known:            degrees of freedom that are known of a variance beforehand
    unadjusted:       one comparison by itself
    against_baseline: each entry against the baseline, Holm over those
    ranks:            every pair of entries, as ranks need it
    """

    target: str
    entries: int
    seeds: int
    noise: float
    noise_low: float
    noise_high: float
    logarithmic: bool
    known: float
    unadjusted: Detectable
    against_baseline: Detectable
    ranks: Detectable


def resolutions(panel: Panel) -> tuple[Resolution, ...]:
    """The resolution of each cell, then over all, where at least two entries share two seeds."""
    sections = (_resolution(section.complete()) for section in panel.sections())
    return tuple(resolution for resolution in sections if resolution is not None)


def noise(costs: ArrayLike) -> tuple[Array, Array, Array]:
    """σ of a paired difference with its 95 % interval, from a table without holes; NaN below two entries or seeds.

    costs: (…, entries, seeds) on the comparison scale → three arrays of shape (…)
    """
    costs = np.asarray(costs, dtype=np.float64)
    freedom = (costs.shape[-2] - 1) * (costs.shape[-1] - 1)
    if freedom < 1:
        return (np.full(costs.shape[:-2], nan),) * 3
    residual = costs - costs.mean(axis=-1, keepdims=True) - costs.mean(axis=-2, keepdims=True)
    residual += costs.mean(axis=(-2, -1), keepdims=True)
    total, tail = 2 * np.square(residual).sum(axis=(-2, -1)), (1 - CONFIDENCE) / 2
    low, high = stats.chi2.isf(tail, freedom), stats.chi2.ppf(tail, freedom)
    return np.sqrt(total / freedom), np.sqrt(total / low), np.sqrt(total / high)


@dataclass(frozen=True)
class Separation:
    """Whether two entries are told apart, and what it would take.

    effect:         of the first against the second, paired by seed
    p_holm:         corrected over the family of the section, as the ranks are; told_apart: p_holm < 0.05
    same:           for practical purposes: the interval lies within ± 5 %
    erratic:        which of the two have variances that are not moderated
    noise:          sd of one difference, moderated as the tests are
    seeds:          that both have
    needed, *_holm: seeds in all that give 80 % power if the true difference is the one seen, by itself and at Holm
                    level; None where there is no difference to find, or 1000 seeds would not do
    minutes, *_holm: of the runs that are missing for it, of both entries in each cell; NaN where their cost is unknown
    note:           why something is missing
    """

    first: str
    second: str
    target: str
    effect: Effect
    p_holm: float
    told_apart: bool
    same: bool
    erratic: tuple[str, ...]
    noise: float
    seeds: int
    needed: int | None
    needed_holm: int | None
    minutes: float
    minutes_holm: float
    note: str = ""

    @property
    def more(self) -> int | None:
        """Seeds that are missing for 80 % power, unadjusted."""
        return None if self.needed is None else max(0, self.needed - self.seeds)

    @property
    def more_holm(self) -> int | None:
        """The same at Holm level."""
        return None if self.needed_holm is None else max(0, self.needed_holm - self.seeds)

    @property
    def verdict(self) -> str:
        """The answer in a sentence."""
        pair = f"{self.first} and {self.second}"
        if self.note:
            return f"{pair}: {self.note}"
        if self.told_apart:
            slight = ", and the same for practical purposes" if self.same else ""
            return f"{pair} are told apart: {self.effect.text}, p = {self.p_holm:.2g} after Holm{slight}"
        if self.same:
            return f"{pair} are the same for practical purposes: {self.effect.text}"
        pair = f"{pair} are not told apart{self._because}"
        if self.needed_holm is None:
            return f"{pair}, and {power.MOST_SEEDS} seeds would not do it"
        cost = "" if isnan(self.minutes_holm) else f", about {ceil(self.minutes_holm)} min of runs"
        if self.more_holm == 0:
            return f"{pair}, though {self.seeds} seeds should do in four of five repetitions"
        return f"{pair}; {self.more_holm} more seeds should do{cost}, if the difference is the one seen"

    @property
    def _because(self) -> str:
        return f", as {' and '.join(self.erratic)} scatters more than the others" if self.erratic else ""


def separation(panel: Panel, first: str, second: str, target: str = ALL_TARGETS) -> Separation:
    """What it takes to tell two entries apart in a cell, or over all cells that are averaged.

    UserError for an unknown target or entry.
    """
    part = _part(panel, target)
    for name in (first, second):
        if name not in part.labels:
            raise unknown("entry", name, part.labels)
    a, b = part.labels.index(first), part.labels.index(second)
    verdicts = part.verdicts
    effect = Effect.of(verdicts, a, b, part.scale)
    spread, freedom = verdicts.noise(a, b) if effect.n > 1 and a != b else (nan, 0.0)
    note = _missing(part, (a, b), effect.n)
    family = max(1, part.judge.verdicts(part.cells).tests)
    standardised = 0.0 if note or first == second or not spread > 0 else abs(float(verdicts.mean[a, b])) / spread
    needed = [power.seeds_needed(standardised, SIGNIFICANCE / tests_, known=freedom) for tests_ in (1, family)]
    needed = [None if count is None else max(FEWEST_SEEDS, count) for count in needed]
    minutes = [nan if count is None else _minutes(part, (a, b), count) for count in needed]
    p_holm = float(verdicts.p_holm[a, b])
    return Separation(
        first=first,
        second=second,
        target=part.target,
        effect=effect,
        p_holm=p_holm,
        told_apart=p_holm < SIGNIFICANCE,
        same=part.scale.logarithmic and bool(verdicts.same[a, b]),
        erratic=tuple(part.labels[place] for place in (a, b) if verdicts.erratic[place]),
        noise=spread,
        seeds=effect.n,
        needed=needed[0],
        needed_holm=needed[1],
        minutes=minutes[0],
        minutes_holm=minutes[1],
        note=note,
    )


def _part(panel: Panel, target: str) -> Panel:
    if target == ALL_TARGETS:
        return panel.block()
    if target not in panel.cells:
        raise unknown("target", target, [*panel.cells, ALL_TARGETS])
    return panel.cell(target)


def _resolution(block: Panel) -> Resolution | None:
    costs = block.pooled[np.isfinite(block.pooled).all(axis=1)] if block.cells else np.empty((0, 0))
    entries, seeds = costs.shape
    if entries < 2 or seeds < 2:
        return None
    spread, low, high = (float(value) for value in noise(costs))
    freedom = float(block.verdicts.by.prior.freedom)

    def detectable(tests: int) -> Detectable:
        alpha = SIGNIFICANCE / tests
        least = spread * power.detectable(seeds, alpha, known=freedom)
        return Detectable(alpha, tests, least, block.scale.logarithmic)

    return Resolution(
        target=block.target,
        entries=entries,
        seeds=seeds,
        noise=spread,
        noise_low=low,
        noise_high=high,
        logarithmic=block.scale.logarithmic,
        known=freedom,
        unadjusted=detectable(1),
        against_baseline=detectable(entries - 1),
        ranks=detectable(entries * (entries - 1) // 2),
    )


def _missing(part: Panel, pair: tuple[int, int], shared: int) -> str:
    lost = [part.labels[place] for place in pair if part.diverged[:, place].any()]
    if lost:
        return f"{', '.join(dict.fromkeys(lost))} diverged with some seed"
    return "" if shared >= FEWEST_SEEDS else "fewer than three seeds in common, so nothing to tell them apart by"


def _minutes(part: Panel, pair: tuple[int, int], needed: int) -> float:
    """Minutes of the runs that the two entries lack for `needed` seeds, in every cell."""
    have = (~np.isnan(part.scores)).sum(axis=2)[:, list(dict.fromkeys(pair))]
    seconds = part.seconds[:, list(dict.fromkeys(pair))]
    return float((np.maximum(0, needed - have) * seconds).sum() / 60)


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """Resolution of each section, and the seeds that neighbours of the last one lack."""
    panel = panel_of(tables, track, choice)
    sections = resolutions(panel)
    if not sections:
        return Report((), (), ("no two entries share two seeds, so there is no noise to measure", *panel.notes))
    neighbours = _neighbours(panel)
    metric = panel.metric
    headers = ["target", "entries", "seeds", "noise [95 %]", "one test", f"vs {panel.baseline}", "any pair"]
    what = "log ratio" if sections[0].logarithmic else "difference"
    sheets = [sheet(f"{track} · {metric.title} · resolution", headers, [_row(section) for section in sections])]
    undecided = [pair for pair in neighbours if not pair.told_apart]
    if undecided:
        title = f"{track} · neighbours in the table, {undecided[0].target}: what would tell them apart"
        headers = ["entry", "second", "effect", "p", "seeds", "more seeds", "minutes", "… at Holm level", "minutes"]
        sheets.append(sheet(title, headers, [_neighbour(pair) for pair in undecided], names=[0, 1]))
    return Report(
        sheets=tuple(sheets),
        records=tuple(_record(section) for section in sections),
        notes=(
            f"noise: sd of a paired {what} over seeds, rms over pairs of entries, with its 95 % χ² interval.",
            "one test, vs, any pair: the smallest true difference that is found in 80 % of repetitions: by itself,"
            " among all comparisons to the baseline, and among all pairs, as ranks need it (Holm's first step).",
            "more seeds: for 80 % power if the true difference is the one seen, with the noise that the tests take;"
            " minutes: of the runs that both lack.",
            f"{len(neighbours) - len(undecided)} of {len(neighbours)} neighbours in the table are told apart.",
            *(f"note: {note}" for note in panel.notes),
        ),
    )


def _neighbours(panel: Panel) -> list[Separation]:
    """Each entry of the last section with the next one by mean."""
    section = panel.sections()[-1]
    finished = [place for place, row in enumerate(section.pooled) if np.isfinite(row).any()]
    ordered = sorted(finished, key=lambda place: float(np.nanmean(section.pooled[place])))
    names = [section.labels[place] for place in ordered]
    return [separation(panel, *pair, section.target) for pair in pairwise(names)]


def _row(resolution: Resolution) -> list[str]:
    noise = with_interval(resolution.noise, resolution.noise_low, resolution.noise_high)
    tests = (resolution.unadjusted, resolution.against_baseline, resolution.ranks)
    sizes = [
        step(detectable.better, detectable.logarithmic) if detectable.logarithmic else _either(detectable)
        for detectable in tests
    ]
    return [resolution.target, str(resolution.entries), str(resolution.seeds), noise, *sizes]


def _either(test: Detectable) -> str:
    return f"±{test.difference:.2g}"


def _neighbour(pair: Separation) -> list[str]:
    def seeds(more: int | None) -> str:
        return NOTHING if pair.note or more is None else str(more)

    def minutes(value: float) -> str:
        return NOTHING if isnan(value) else str(ceil(value))

    p = NOTHING if isnan(pair.p_holm) else f"{pair.p_holm:.2g}"
    plain, holm = (seeds(pair.more), minutes(pair.minutes)), (seeds(pair.more_holm), minutes(pair.minutes_holm))
    return [pair.first, pair.second, pair.effect.text, p, str(pair.seeds), *plain, *holm]


def _record(resolution: Resolution) -> dict[str, object]:
    fields = asdict(resolution)
    for name in ("unadjusted", "against_baseline", "ranks"):
        test: Detectable = getattr(resolution, name)
        del fields[name]
        fields |= {f"{name}_better": test.better, f"{name}_worse": test.worse, f"{name}_tests": test.tests}
    return fields
