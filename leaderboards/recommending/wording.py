"""The answer in some ten lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

import schedules
from harness import tracks
from harness.specs import BASELINE
from leaderboards.recommending.answer import (
    DEFAULT_SIGMA,
    EDM,
    NOT_SHOWN,
    NOT_TESTED,
    SHOWN,
    UNTRAINED,
    Answer,
    agreement,
    spec_of,
)
from leaderboards.recommending.families import is_same
from leaderboards.recommending.judging import Effect, Judged

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
        return [f"No answer yet: {answer.why}."]
    said = [*_head(answer), *_gains(answer), *(f"  {line}" for line in floor(answer)), *_plateau(answer)]
    return [*said, *_flags(answer), *_limits(answer)]


def _head(answer: Answer) -> list[str]:
    best = f"{answer.density} ({answer.spec})"
    if answer.verdict == NOT_SHOWN:
        stay = "" if answer.spec == BASELINE else f"; no reason to change what you train with{_lowest(answer)}"
        return [f"{answer.why[0].upper()}{answer.why[1:]}.", f"The search chose: {best}{stay}"]
    if answer.verdict == SHOWN:
        switched = answer.judged is not None and answer.judged.switched
        end = "; not the choice of the search, but shown better" if switched else ""
        return [f"Recommended over {_enumerated(_better_than(answer))}: {best}{end}", *_not_over(answer)]
    return [f"{answer.verdict}: {best}"]


def _lowest(answer: Answer) -> str:
    """Whose mean is the lowest, where it is not the choice's own: the choice was made on other data."""
    means = answer.judged.means if answer.judged is not None else {}
    lowest = spec_of(min(means, key=lambda label: means[label][0], default=answer.spec))
    return "" if lowest == answer.spec else f". The lowest mean is {lowest}'s"


def _better_than(answer: Answer) -> list[str]:
    trainers = [name for name in answer.better_than if name != BASELINE]
    defaults = [f"the default{'s' * (len(trainers) > 1)} of {_enumerated(trainers)}"] if trainers else []
    return [name for name in answer.better_than if name == BASELINE] + defaults


def _not_over(answer: Answer) -> list[str]:
    """What a reader might take the first line to say, and it doesn't."""
    cosine = answer.baseline
    if cosine is None or cosine.better or answer.spec == BASELINE:
        return []
    although = ", though the interval of that one comparison lies below 0" if cosine.high < 1 else ""
    return [
        f"  not shown to be better than cosine: the test for all pairs does not tell them apart{although}. Where you "
        "train with cosine, nothing here says to change it"
    ]


def _enumerated(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _gains(answer: Answer) -> list[str]:
    cosine, judgement = answer.baseline, answer.judged
    if cosine is None or judgement is None:
        return []
    chosen = schedules.parse(answer.spec)
    others = [default for default in answer.defaults if not is_same(default.spec, chosen)]
    over_cosine = [f"  distance against cosine's: {_told(cosine)}"] if answer.spec != BASELINE else []
    shown = [f"{', '.join(default.names)} {_told(default.effect)}" for default in others]
    by = f"variances moderated by {judgement.by}" if judgement.by else "variances not moderated: fewer than 15 entries"
    return [
        *over_cosine,
        f"  distance against trainers' defaults: {' · '.join(shown)}",
        f"  (distance on held-out data, minus is better; 95 % intervals over {judgement.seeds} seeds, each of its one "
        f"comparison; * told apart by the test for all {_pairs(judgement)} pairs of {len(judgement.labels)} entries, "
        f"the only ground for recommending; {by})",
    ]


def floor(answer: Answer) -> list[str]:
    """What scores can be compared with, and why some lie below it where they do; [] where no floor is known."""
    judgement, journal = answer.judged, answer.journal
    distance = tracks.get(answer.track).evaluation.distance
    if judgement is None or distance not in journal.floors or distance != tracks.get(answer.track).primary_metric:
        return []
    value, scores = journal.floors[distance], [mean for mean, *_ in judgement.means.values()]
    below = sum(score < value for score in scores)
    samples = tracks.get(answer.track).evaluation.samples
    range_of_scores = f"scores are {min(scores):.3g} to {max(scores):.3g}"
    line = f"{range_of_scores}; their floor is {value:.3g}: what real training data score in the place of samples"
    if not below:
        return [line]
    of_fewer = (
        f"it is of {journal.train:,} training rows, a score of {samples:,} samples, and fewer give a larger distance"
    )
    why = of_fewer if 0 < journal.train < samples else "samples may lie as near to what is held out as real data do"
    return [f"{line}. {below} of {len(scores)} lie below it: {why}; so it is no limit here"]


def _pairs(judgement: Judged) -> int:
    return math.comb(len(judgement.labels), 2)


def _told(effect: Effect) -> str:
    return f"{effect}{' *' if effect.told else ''}"


def called(answer: Answer) -> str:
    """What the lists are about; it is called the best only where it is shown to be better than anything."""
    return "the best" if answer.verdict == SHOWN else "the search's choice"


def _plateau(answer: Answer) -> list[str]:
    lists = (
        (f"shown within 5 % of {called(answer)}", [spec for spec in answer.within if spec != answer.spec]),
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
        sigma = answer.sigma_data.get(EDM)
        own = f", with --sigma-data {sigma:g} for edm" if sigma else ""
        nearest = f"`snrbench schedules export {answer.spec} --to TRAINER` says the nearest{own}"
        return [f"  flags: no trainer draws exactly this; {nearest}"]
    wide = max(len(name) for name in answer.flags)
    what = "to paste" if answer.verdict == SHOWN else "to try it, though it is not shown to be better"
    pasted = [
        f"    {name if number == 0 else '':<{wide}}  {line}"
        for name, text in answer.flags.items()
        for number, line in enumerate(text.splitlines())  # as a trainer's configuration has them
    ]
    return [f"  {what}:", *pasted, f"    {_data_of(answer)}"]


def _data_of(answer: Answer) -> str:
    """For which data the flags hold: ln σ = −λ/2 + ln σ_d, with the σ_d of what a trainer adds its noise to."""
    sigma = answer.sigma_data.get(EDM)
    if not answer.flags or EDM not in answer.flags:
        return "they hold for latents of unit variance"
    if sigma is None:
        more = f"where yours is another, add ln(σ_d/{DEFAULT_SIGMA}) to P_mean"
        edm = f"edm and edm2 for data of σ_d {DEFAULT_SIGMA}; {more}"
    else:
        shift = f"{math.log(sigma / DEFAULT_SIGMA):+.3g}".replace("-", "−")
        edm = (
            f"edm for your data as they are (σ_d {sigma:g}; of images with black −1 and white 1), which its sigma_data "
            f"says too; edm2 for the {DEFAULT_SIGMA} that it brings its VAE's latents to, on data as they are P_mean "
            f"{shift}"
        )
    return f"they hold for: {edm}; the others for latents of unit variance"


def _limits(answer: Answer) -> list[str]:
    journal = answer.journal
    return [
        f"  not tested: {', '.join(NOT_TESTED)}. How far such tracks agree with published results: "
        f"{agreement(answer.track)}",
        f"  {journal.runs} runs in {journal.minutes:g} min, learning rate × {journal.learning_rate:g} and EMA × "
        f"{journal.ema:g} for all (cosine's own best)"
        + ("" if journal.complete else "; the minutes were over: more --minutes add trials and seeds to these"),
    ]
