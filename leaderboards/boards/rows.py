"""What a board is made of: `Board` holds `Section`s, one for each target and one over all, which hold `Row`s."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan, nan, sqrt
from statistics import fmean

from leaderboards.data.scale import MetricLike
from leaderboards.data.scores import Guidance

ALL_TARGETS = "all"


@dataclass(frozen=True)
class Row:
    """One entry in one section. A figure that does not exist is NaN here and null in JSON.

    rank:                    1 is best, shared; None where the data give none (`leaderboards.statistics.ranking`)
    rank_low, rank_high:     1 + the entries shown to be better; all entries − those shown to be worse; for all entries
                             at once with 95 %
    entry, schedule, params: the label; the schedule's name; its parameters, a JSON object in a string
    weighting, apply:        name of the loss weighting; "sample" or "weight"
    target:                  prediction target, "all" over all of them
    metric:                  name of the metric, in whose unit mean, floor, ci_* and difference_* are
    guidance:                "best", a scale, or None where the metric has no guidance
    guidance_scale:          the scale that was scored; None over targets that chose different ones
    mean, ci_low, ci_high:   over seeds, with its 95 % t interval; ±inf where a run diverged
    median:                  over seeds, a diverged run being the worst of them
    seeds, diverged:         number of seeds, and with how many of them a run diverged
    ratio, ratio_*:          to the baseline: exp of the mean log ratio over shared seeds, with its 95 % interval; NaN
                             for a metric that is compared by differences
    difference_*:            the same as a difference, NaN for a metric that is compared by ratios
    focus_effect, focus_*:   the same against the focus: a ratio, or a difference; NaN without one
    pairs:                   number of seeds shared with the baseline
    p_holm:                  against the baseline, or against the focus where there is one, Holm-corrected over the
                             family; NaN where that is not in it
    told_apart, same:        from that entry; for practical purposes: the interval of their ratio lies within ± 5 %
    erratic:                 its scatter over seeds is beyond that of the others, so its variances are not moderated
    family:                  the tests that ranks and p-values come from
    improvement, *_low, …:   P(a run of this entry beats a run of the baseline), rliable's definition, with Newcombe's
                             interval (`leaderboards.statistics.improvement`)
    noise_paired, _unpaired: sd of the paired log ratio (difference) over seeds, and what it would be without pairing
    speedup, speedup_*:      budget / steps to the baseline's final score, as `leaderboards.statistics.speedup` says
    tuned, tuned_from:       parameters come from a tuning study; the published spec that was tuned, "" if none was
    trials, tuning_seconds:  of that study
    seconds:                 of one run, training and evaluation; NaN where runs of several machines meet
    source, verified:        where its runs are from, "" for the store; "verified" or "self-reported" for what others
                             handed in, "" else
    floor, saturated:        the distance of real training data to real held-out data; the mean is within its reach
    values:                  seed → score, ±inf where it diverged
    sample_distance:         beside a metric that draws no samples, the mean distance of samples; NaN elsewhere
    """

    rank: int | None
    rank_low: int | None
    rank_high: int | None
    entry: str
    schedule: str
    params: str
    weighting: str
    apply: str
    target: str
    metric: str
    guidance: Guidance | None
    guidance_scale: float | None
    mean: float
    median: float
    ci_low: float
    ci_high: float
    seeds: int
    diverged: int
    ratio: float
    ratio_low: float
    ratio_high: float
    difference: float
    difference_low: float
    difference_high: float
    focus_effect: float
    focus_low: float
    focus_high: float
    pairs: int
    p_holm: float
    told_apart: bool
    same: bool
    erratic: bool
    family: str
    improvement: float
    improvement_low: float
    improvement_high: float
    noise_paired: float
    noise_unpaired: float
    speedup: float | None
    speedup_low: float
    speedup_high: float
    speedup_note: str
    tuned: bool
    tuned_from: str
    source: str
    verified: str
    trials: float
    tuning_seconds: float
    seconds: float
    floor: float | None
    saturated: bool
    baseline: bool
    values: dict[int, float] = field(repr=False)
    sample_distance: float = nan


@dataclass(frozen=True)
class Section:
    """The rows of one target, best first, or over several targets.

    target:   its name, "all" for the section over targets
    targets:  what the section covers: one target, or those that were averaged
    entries:  number of entries that were judged, shown or not
    tests:    number of pairs that were tested; told_apart: of them
    same:     number of pairs that are the same for practical purposes
    erratic:  entries whose variances are not moderated
    """

    target: str
    targets: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    entries: int = 0
    tests: int = 0
    told_apart: int = 0
    same: int = 0
    erratic: tuple[str, ...] = ()

    @property
    def noise(self) -> tuple[float, float] | None:
        """What pairing bought: sd of the paired log ratio (difference) to the baseline over seeds, and without pairing.

        Root mean square over entries; None where no entry shares two seeds with the baseline.
        """
        pairs = [(row.noise_paired, row.noise_unpaired) for row in self.rows if not isnan(row.noise_paired)]
        if not pairs:
            return None
        paired, unpaired = (sqrt(fmean(sd * sd for sd in column)) for column in zip(*pairs, strict=True))
        return paired, unpaired


@dataclass(frozen=True)
class Board:
    """A leaderboard of one track, metric and guidance under one protocol.

    overall:  the section over all targets, None where there are fewer than two
    features: the feature space that the distances are measured in
    focus:    the entry whose comparisons are the family of tests; None for all pairs
    noise:    what variances are moderated by, for the reader; "" where nothing
    notes:    what a reader must know: what was left out, and why
    samples_by: the metric that `sample_distance` of a row is of, on a track whose own draws no samples; else ""
    """

    track: str
    protocol: str
    metric: MetricLike
    guidance: Guidance
    baseline: str
    floor: float | None
    features: str
    cells: tuple[Section, ...]
    overall: Section | None
    notes: tuple[str, ...] = ()
    focus: str | None = None
    noise: str = ""
    samples_by: str = ""

    @property
    def reference(self) -> str:
        """The entry that each row's p is against."""
        return self.focus or self.baseline

    @property
    def sections(self) -> tuple[Section, ...]:
        """The targets, then what is over all of them; those that have a row."""
        return tuple(section for section in (*self.cells, self.overall) if section is not None and section.rows)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row of every section."""
        return tuple(row for section in self.sections for row in section.rows)
