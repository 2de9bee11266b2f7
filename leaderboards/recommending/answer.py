"""What is said in the end: a density in λ, what it gains, how wide the plateau is, and flags to paste."""

from __future__ import annotations

import math
from dataclasses import dataclass
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
    judged: Judged | None = None

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
            "cosine": _effect(self.baseline),
            "defaults": [
                {"spec": one.spec, "trainers": list(one.names), **(_effect(one.effect) or {})} for one in self.defaults
            ],
            "plateau": {WITHIN: list(self.within), WORSE: list(self.worse), UNKNOWN: list(self.unknown)},
            "scores": [
                {"spec": spec_of(label), "mean": mean, "low": low, "high": high, "list": judgement.verdict(label)}
                for label, (mean, low, high) in judgement.means.items()
            ]
            if judgement
            else [],
            "flags": self.flags or {},
            "seeds": judgement.seeds if judgement else 0,
            "runs": self.journal.runs,
            "minutes": self.journal.minutes,
            "complete": self.journal.complete,
            "agreement": agreement(self.track),
            "not_tested": list(NOT_TESTED),
        }


NOT_TESTED = ("your network", "your budget", "your resolution", "your trainer's own loss weighting")


def answer_of(tables: Tables | None, track: str, target: str, journal: Journal, first_seed: int) -> Answer:
    """What the results say.

    tables: the track's runs and what they scored; None where there are none
    """
    if journal.untrained:
        return Answer(track, target, UNTRAINED, journal.untrained, journal)
    if tables is None or not journal.entries:
        return Answer(track, target, TOO_EARLY, "the searches did not end within the minutes", journal)
    specs = {label_of(spec, journal): spec for spec in journal.entries}
    seeds = range(first_seed, first_seed + max(journal.seeds, 1))
    if runs_of(tables, target, specs, seeds).runs.empty:
        return Answer(track, target, TOO_EARLY, "no run of the comparison ended within the minutes", journal)
    judgement = judged(tables, track, target, list(specs), seeds, label_of(journal.best, journal))
    if not enough(judgement):
        why = f"{judgement.seeds} seeds of every entry; expected 3 at least"
        return Answer(track, target, TOO_EARLY, why, journal, spec=specs[judgement.best], judged=judgement)
    cosine = label_of(BASELINE, journal)
    gain = judgement.effect(judgement.best, cosine)
    defaults = tuple(_over(judgement, default, specs) for default in trainers_defaults())
    best = schedules.parse(specs[judgement.best])
    shown = gain.better or any(one.effect.better for one in defaults)
    return Answer(
        track,
        target,
        SHOWN if shown else NOT_SHOWN,
        "" if shown else "nothing that was tried is told apart from cosine or from a trainer's default",
        journal,
        spec=best.spec,
        baseline=gain,
        defaults=defaults,
        within=tuple(specs[label] for label in judgement.listed(WITHIN)),
        worse=tuple(specs[label] for label in judgement.listed(WORSE)),
        unknown=tuple(specs[label] for label in judgement.listed(UNKNOWN)),
        flags={line.trainer: line.flags for line in trainers.lines(best)},
        judged=judgement,
    )


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
    known = label in judgement.labels
    effect = judgement.effect(judgement.best, label) if known else Effect(math.nan, math.nan, math.nan, False)
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
