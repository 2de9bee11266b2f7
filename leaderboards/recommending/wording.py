"""The answer in some ten lines."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboards.recommending.answer import NOT_SHOWN, NOT_TESTED, SHOWN, UNTRAINED, Answer, agreement
from leaderboards.recommending.judging import Effect

MOST = 6
"""Entries that a list names before it counts."""


def lines(answer: Answer) -> list[str]:
    """What is printed."""
    if answer.verdict == UNTRAINED:
        return [
            f"Nothing is recommended: cosine is untrained on {answer.track} ({answer.why}), and schedules cannot be "
            "told apart where nothing is learned.",
            "What helps: a larger budget in the track's file (steps, width), or more images.",
        ]
    if answer.judged is None or answer.baseline is None:
        return [f"No answer yet: {answer.why}. The same command goes on from here."]
    return [*_head(answer), *_gains(answer), *_plateau(answer), *_flags(answer), *_limits(answer)]


def _head(answer: Answer) -> list[str]:
    best = f"{answer.density} ({answer.spec})"
    if answer.verdict == NOT_SHOWN:
        return [f"Nothing tried is told apart from what you have: {answer.why}.", f"The search chose: {best}"]
    if answer.verdict == SHOWN:
        told = answer.judged is not None and answer.judged.switched
        return [f"Recommended: {best}{'; not the choice of the search, but shown better' if told else ''}"]
    return [f"{answer.verdict}: {best}"]


def _gains(answer: Answer) -> list[str]:
    cosine, judgement = answer.baseline, answer.judged
    if cosine is None or judgement is None:
        return []
    others = [default for default in answer.defaults if default.spec != answer.spec]
    shown = [f"{', '.join(default.names)} {_told(default.effect)}" for default in others]
    by = f"variances moderated by {judgement.by}" if judgement.by else "variances not moderated: fewer than 15 entries"
    return [
        f"  over cosine: {_told(cosine)}",
        f"  over trainers' defaults: {' · '.join(shown)}",
        f"  (distance on held-out data, lower is better; 95 % intervals over {judgement.seeds} seeds; * told apart "
        f"among all {len(judgement.labels)} entries; {by})",
    ]


def _told(effect: Effect) -> str:
    return f"{effect}{' *' if effect.told else ''}".replace("-", "−")


def _plateau(answer: Answer) -> list[str]:
    lists = (
        ("shown within 5 % of the best", [spec for spec in answer.within if spec != answer.spec]),
        ("shown worse", answer.worse),
        ("unknown", answer.unknown),
    )
    return [f"  {name}: {_named(specs)}" for name, specs in lists]


def _named(specs: Sequence[str]) -> str:
    if not specs:
        return "none"
    more = f" and {len(specs) - MOST} more" if len(specs) > MOST else ""
    return ", ".join(specs[:MOST]) + more


def _flags(answer: Answer) -> list[str]:
    if not answer.flags:
        return [
            "  flags: no trainer draws exactly this; `snrbench schedules export SPEC --to TRAINER` says the nearest"
        ]
    wide = max(len(name) for name in answer.flags)
    what = "to paste" if answer.verdict == SHOWN else "to try it, though it is not shown to be better"
    return [f"  {what}:"] + [f"    {name:<{wide}}  {' '.join(text.split())}" for name, text in answer.flags.items()]


def _limits(answer: Answer) -> list[str]:
    journal = answer.journal
    return [
        f"  not tested: {', '.join(NOT_TESTED)}. How far such tracks agree with published results: "
        f"{agreement(answer.track)}",
        f"  {journal.runs} runs in {journal.minutes:g} min, learning rate × {journal.learning_rate:g} and EMA × "
        f"{journal.ema:g} for all (cosine's own best)" + ("" if journal.complete else "; the same command goes on"),
    ]
