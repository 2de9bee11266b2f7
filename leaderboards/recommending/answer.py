"""What is said in the end: a density in λ, what it gains, how wide the plateau is, and flags to paste."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import schedules
from harness import tracks
from harness.specs import BASELINE, Entry
from leaderboards.data.tables import Tables
from leaderboards.recommending.families import Default, in_words, is_same, trainers_defaults
from leaderboards.recommending.journal import Journal
from leaderboards.recommending.judging import UNKNOWN, WITHIN, WORSE, Effect, Judged, enough, judged, runs_of
from leaderboards.releases.agreement_line import agreement_line
from schedules import trainers

SHOWN, NOT_SHOWN, UNTRAINED, TOO_EARLY = "recommended", "nothing told apart", "untrained", "not enough seeds"
EDM, DEFAULT_SIGMA = "edm", 0.5
"""The trainer that adds σ to data as they are; what it and EDM2 take as their σ_d where nobody says otherwise."""
RELATED = ("fashion-latent-v1", "mnist-latent-v1", "digits-v1")
"""Tracks of this kind, whose agreement with published results is told."""


@dataclass(frozen=True)
class Comparison:
    """The recommended entry over another one. names: of the trainers that have it as their default"""

    spec: str
    names: tuple[str, ...]
    effect: Effect


@dataclass(frozen=True)
class Answer:
    """What is recommended, and why.

    verdict:   "recommended", "nothing told apart", "untrained", "not enough seeds"
    why:       in words, where nothing is recommended
    spec:      the best that was found; "" where nothing was
    baseline:  its score over cosine's
    defaults:  over what trainers have as their defaults
    within, worse, unknown: the plateau, best first
    flags:     trainer → text to paste
    sigma_data: trainer → σ_d of the data that its flags hold for, where that is not the trainer's own
    """

    track: str
    target: str
    verdict: str
    why: str
    journal: Journal
    spec: str = ""
    baseline: Effect | None = None
    defaults: tuple[Comparison, ...] = ()
    within: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    flags: dict[str, str] | None = None
    sigma_data: Mapping[str, float] = field(default_factory=dict)
    judged: Judged | None = None

    @property
    def better_than(self) -> tuple[str, ...]:
        """What it is shown to be better than by the test for all pairs: "cosine", and trainers by name."""
        cosine = (BASELINE,) if self.baseline and self.baseline.better else ()
        return cosine + tuple(name for default in self.defaults if default.effect.better for name in default.names)

    @property
    def density(self) -> str:
        """In λ, in words."""
        return in_words(self.spec)

    def record(self) -> dict[str, Any]:
        """As JSON."""
        judgement = self.judged
        return {
            "track": self.track,
            "target": self.target,
            "verdict": self.verdict,
            "why": self.why,
            "spec": self.spec,
            "density": self.density if self.spec else "",
            "switched": bool(judgement and judgement.switched),
            "learning_rate": self.journal.learning_rate,
            "ema": self.journal.ema,
            "better_than": list(self.better_than),
            "cosine": _effect(self.baseline),
            "defaults": [
                {"spec": comparison.spec, "trainers": list(comparison.names), **(_effect(comparison.effect) or {})}
                for comparison in self.defaults
            ],
            "plateau": {WITHIN: list(self.within), WORSE: list(self.worse), UNKNOWN: list(self.unknown)},
            "scores": [
                {"spec": spec_of(label), "mean": mean, "low": low, "high": high, "list": judgement.verdict(label)}
                for label, (mean, low, high) in judgement.means.items()
            ]
            if judgement
            else [],
            "flags": self.flags or {},
            "sigma_data": {EDM: self.sigma_data.get(EDM, DEFAULT_SIGMA), "edm2": DEFAULT_SIGMA},
            "seeds": judgement.seeds if judgement else 0,
            "runs": self.journal.runs,
            "minutes": self.journal.minutes,
            "complete": self.journal.complete,
            "agreement": agreement(self.track),
            "not_tested": list(NOT_TESTED),
        }


NOTHING_SHOWN = "nothing tried is told apart from what you have, neither from cosine nor from a trainer's default"
NOT_TESTED = ("your network", "your budget", "your resolution", "your trainer's own loss weighting")


def answer_of(
    tables: Tables | None, track: str, target: str, journal: Journal, first_seed: int, sigma: float | None = None
) -> Answer:
    """What the results say.

    tables: the track's runs and what they scored; None where there are none
    sigma:  standard deviation of the user's own data, of images where black is −1 and white is 1; None: not known
    """
    if journal.untrained:
        return Answer(track, target, UNTRAINED, journal.untrained, journal)
    if tables is None or not journal.entries:
        return Answer(track, target, TOO_EARLY, "the searches did not end within the minutes", journal)
    specs = {label_of(spec, journal): spec for spec in journal.entries}
    seeds = range(first_seed, first_seed + max(journal.seeds, 1))
    if runs_of(tables, target, specs, seeds).runs.empty:
        return Answer(track, target, TOO_EARLY, "no run of the comparison ended within the minutes", journal)
    judgement = judged(tables, track, target, list(specs), seeds, label_of(_as_compared(journal), journal))
    if not enough(judgement):
        why = f"{judgement.seeds} seeds of every entry; expected 3 at least"
        return Answer(track, target, TOO_EARLY, why, journal, spec=specs[judgement.best], judged=judgement)
    cosine = label_of(BASELINE, journal)
    gain = judgement.effect(judgement.best, cosine)
    defaults = tuple(_over(judgement, default, specs) for default in trainers_defaults())
    best = schedules.parse(specs[judgement.best])
    shown = gain.better or any(comparison.effect.better for comparison in defaults)
    sigma_data = {EDM: float(f"{sigma:.3g}")} if sigma and _takes(sigma) else {}
    return Answer(
        track,
        target,
        SHOWN if shown else NOT_SHOWN,
        "" if shown else NOTHING_SHOWN,
        journal,
        spec=best.spec,
        baseline=gain,
        defaults=defaults,
        within=tuple(specs[label] for label in judgement.listed(WITHIN)),
        worse=tuple(specs[label] for label in judgement.listed(WORSE)),
        unknown=tuple(specs[label] for label in judgement.listed(UNKNOWN)),
        flags={line.trainer: line.flags for line in trainers.lines(best, sigma_data=sigma_data)},
        sigma_data=sigma_data,
        judged=judgement,
    )


def _as_compared(journal: Journal) -> str:
    """What the search chose, as the comparison writes that density: a cosine moved by 0 is there as cosine."""
    chosen = schedules.parse(journal.best)
    return next((spec for spec in journal.entries if is_same(spec, chosen)), journal.best)


def _takes(sigma: float) -> bool:
    """Whether EDM's sigma_data can be that."""
    flag = trainers.get(EDM).flags["sigma_data"]
    return flag.low <= sigma <= flag.high


def label_of(spec: str, journal: Journal) -> str:
    """How boards call an entry with the multipliers that all share."""
    shared = {"learning_rate": journal.learning_rate or 1.0, "ema": journal.ema or 1.0}
    return Entry.of(spec).model_copy(update=shared).label


def spec_of(label: str) -> str:
    """The reverse: without the multipliers."""
    return label.partition(" [")[0]


def _over(judgement: Judged, default: Default, specs: dict[str, str]) -> Comparison:
    schedule = schedules.parse(default.spec)
    label = next(label for label, spec in specs.items() if is_same(spec, schedule))
    compared = label in judgement.labels
    effect = judgement.effect(judgement.best, label) if compared else Effect(math.nan, math.nan, math.nan, False)
    return Comparison(default.spec, default.names, effect)


def _effect(effect: Effect | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    return {"ratio": effect.ratio, "low": effect.low, "high": effect.high, "told_apart": effect.told}


def agreement(track: str) -> str:
    """How far tracks of this kind agree with published results: the track's own line, else that of its relatives."""
    own = agreement_line(track)
    if own:
        return f"{track} {own}"
    lines = [(name, agreement_line(name)) for name in RELATED if name in tracks.TRACKS]
    told = [f"{name} {line}" for name, line in lines if line]
    return "; ".join(told) if told else "no track of this kind was compared with published results yet"
