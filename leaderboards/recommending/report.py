"""The answer as Markdown with pictures: report.md, density.png, scores.png and plateau.png in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import schedules
from harness.specs import BASELINE
from leaderboards.recommending import pictures, wording
from leaderboards.recommending.answer import SHOWN, Answer, spec_of
from leaderboards.recommending.families import Default, in_words, is_same, trainers_defaults
from leaderboards.recommending.judging import UNKNOWN, WITHIN, WORSE, Judged

LISTS = {WITHIN: "within 5 % of {}", WORSE: "worse", UNKNOWN: "unknown"}


def write(answer: Answer, folder: Path) -> Path:
    """Write the report; its path. A folder that is not there is made, what is there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    text = [f"# Which noise schedule for {answer.track}, target {answer.target}", ""]
    text += ["```", *wording.lines(answer), "```", ""]
    if answer.judged is not None and answer.spec:
        defaults = trainers_defaults()
        what = answer.verdict if answer.verdict == SHOWN else "chosen by the search"
        drawn = [answer.spec, BASELINE, *(default.spec for default in defaults)]
        pictures.densities(drawn, what, folder / "density.png")
        pictures.scores(answer.judged, wording.called(answer), folder / "scores.png")
        pictures.plateau(answer.judged, wording.called(answer), folder / "plateau.png")
        text += [
            "## The density, beside what trainers have as their defaults",
            "",
            f"![p(λ)](density.png)\n\n{in_words(answer.spec)}.",
            "",
            "## Scores",
            "",
            f"![scores](scores.png)\n\nMean over {answer.judged.seeds} seeds at each entry's best guidance, with 95 % "
            "intervals; lower is better.",
            "",
            *wording.floor(answer),
            "",
            *table(answer.judged, defaults, wording.called(answer)),
            "",
            "## The plateau",
            "",
            "![plateau](plateau.png)\n\nEvery entry by its median λ and half the distance between its "
            "quartiles. Unknown is what these seeds do not tell: neither shown to be as good, nor shown to be worse.",
            "",
        ]
    path = folder / "report.md"
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def _named(spec: str, defaults: Sequence[Default]) -> str:
    """The trainers that draw this density when nobody says otherwise, however it is written."""
    schedule = schedules.parse(spec)
    return ", ".join(name for default in defaults if is_same(default.spec, schedule) for name in default.names)


def table(judgement: Judged, defaults: Sequence[Default], chosen: str = "the best") -> list[str]:
    """A row for each entry, with the trainers that draw its density when nobody says otherwise."""
    names = {label: _named(spec_of(label), defaults) for label in judgement.labels}
    heads = ["entry", *(["default of"] if any(names.values()) else []), "score", f"distance against {chosen}'s", "list"]
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for label in judgement.labels:
        spec, (mean, low, high) = spec_of(label), judgement.means[label]
        effect = chosen if label == judgement.best else str(judgement.effect(label, judgement.best))
        listed = LISTS[judgement.verdict(label)].format(chosen)
        score = f"{mean:.3g} [{low:.3g}, {high:.3g}]"
        shown = "`" + spec.replace("|", "\\|") + "`"
        of = [names[label]] if "default of" in heads else []
        rows.append(f"| {' | '.join((shown, *of, score, effect, listed))} |")
    return rows
