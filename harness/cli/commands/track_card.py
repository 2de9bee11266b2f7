"""A track's card for people: what defines it, part by part, and what was measured of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from harness.tracks.plugins import BUILT_IN
from harness.tracks.standing import standing
from harness.tracks.track import Declared, Part, Track, read_card

if TYPE_CHECKING:
    from rich.console import RenderableType

MEASURED_ELSEWHERE = frozenset(
    ("floors", "baseline_unguided", "baseline_best", "cost", "seconds_a_run_on_one_cpu_core", "fingerprint", "protocol")
)
NOT_MEASURED = "not measured"
NOISE = ("target", "seeds", "fd", "sd of log fd")
WHAT = {
    "batch": "examples of a step",
    "learning_rate": "of AdamW, constant after the warm-up",
    "clip_norm": "largest norm of a gradient",
    "ema_decay": "of the average of weights that is evaluated",
    "label_dropout": "share of examples without their label",
    "logsnr_range": "λ is clipped to it",
    "marks": "shares of the budget after which it is evaluated",
    "samples": "at each mark and guidance scale",
    "guidance": "scales at the full budget; at the other marks 1",
    "trials": "of a study",
    "seeds": "of a trial",
    "finalists": "trials that are measured again, beside the published parameters",
    "confirm_seeds": "seeds that they are measured on",
}
"""What the fields are that say nothing of themselves."""
Rows = list[tuple[str, str, str]]
"""Name, value, what it is."""


def listing(tracks: Sequence[Track]) -> Table:
    """Every track, a line each."""
    heads = ("track", "what it is", "board", "a run on one core", "data to be had", "extra")
    table = Table(*heads, box=None, padding=(0, 2, 0, 0))
    for track in tracks:
        seconds = read_card(track.name).get("seconds_a_run_on_one_cpu_core")
        cost = _seconds(seconds) if seconds else NOT_MEASURED
        kind = standing(track, read_card(track.name)).kind
        table.add_row(track.name, track.summary, kind, cost, track.needs or "none", track.extra or "–")
    return table


def tables(
    track: Track,
    card: Mapping[str, Any],
    cautions: Sequence[str] = (),
    facts: Mapping[str, str] | None = None,
    noise: Rows | None = None,
) -> list[Table]:
    """The card of a track, a table for each part of it.

    card:     what was measured, `harness.tracks.card`
    cautions: what the track has too few of, `harness.tracks.enough`
    facts:    what other rooms say of it, `harness.cli.commands.track_facts`
    noise:    of published runs: targets, sd of a paired difference, how well it is known
    """
    from harness.tuning.budget import Budget

    own = [
        ("track", track.name, track.summary),
        ("protocol", track.protocol, ""),
        ("fingerprint", track.fingerprint, "of every number below but the tuning budget; part of each run key"),
        ("ranked by", track.primary_metric, ""),
        ("board", (stands := standing(track, card)).kind, stands.why),
        ("targets", ", ".join(track.targets), "what a network may predict"),
        ("needs", track.needs or "no data to be had first", f"extra: {track.extra}" if track.extra else ""),
    ]
    own += [(name, "", sentence) for name, sentence in (facts or {}).items()]
    own += [("note", caution, "") for caution in cautions]
    card_tables = [_table(track.name, own)]
    for name, part in track:
        if isinstance(part, Declared):
            rows = list(_rows(part))
            if name == "features":
                rows[:0] = [("name", track.feature_space, "")]
            if name == "tuning":
                rows.append(("at most", f"{Budget.of(track).most_steps:,} steps", "of training, for one study"))
            card_tables.append(_table(name, rows))
    card_tables.append(_table("cost of a run", _cost(track, card)))
    measured = [row for key, value in card.items() if key not in MEASURED_ELSEWHERE for row in _flat(key, value)]
    if measured:
        card_tables.append(_table("measured", measured))
    if floors := card.get("floors"):
        rows = [(name, f"{value:.3g}", "") for name, value in floors.items()]
        card_tables.append(_table("floors: real training data in the place of samples", rows))
    if spread := card.get("baseline_unguided"):
        card_tables.append(_spread(spread))
    if best := card.get("baseline_best"):
        card_tables.append(_best(best, card["floors"].get(track.evaluation.distance)))
    if noise:
        card_tables.append(_table("noise over seeds: sd of a paired difference between two entries", noise))
    return card_tables


def _rows(part: Declared) -> Iterator[tuple[str, str, str]]:
    if isinstance(part, Part):
        yield "made by", part.make, ""
        for key, value in part.options.items():
            yield key, _exact(value), ""
        return
    for name, field in type(part).model_fields.items():
        yield name.replace("_", " "), _exact(getattr(part, name)), field.description or WHAT.get(name, "")


def _cost(track: Track, card: Mapping[str, Any]) -> Rows:
    seconds = card.get("seconds_a_run_on_one_cpu_core")
    costs: Mapping[str, Mapping[str, Any]] = card.get("cost") or {}
    rows: Rows = []
    for kind, title in (("cpu", "one CPU core"), ("cuda", "H100")):
        cost = costs.get(kind)
        if cost is not None:
            total = cost["training"] + cost["evaluation"]
            parts = f"training {_seconds(cost['training'])}, evaluation {_seconds(cost['evaluation'])}"
            rows.append((title, _seconds(total), f"{parts}; on {cost['hardware']}"))
        elif kind == "cpu" and seconds:
            rows.append((title, _seconds(seconds), "median of the runs behind the figures below"))
        else:
            command = f"python -P -m harness.measuring.measure {track.name} --cost {kind}"
            rows.append((title, NOT_MEASURED, f"{command} measures it" if track in BUILT_IN else ""))
    return rows


def _spread(spread: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [[*_noise(target, scores), f"{scores['memorised_mean']:.3f}"] for target, scores in spread.items()]
    return _by_target("the baseline, cosine, unguided: mean and noise over seeds", (*NOISE, "memorised"), rows)


def _best(best: Mapping[str, Mapping[str, Any]], floor: float | None) -> Table:
    rows = [
        [*_noise(target, scores), f"{scores['guidance']:g}", f"{scores['fd_mean'] / floor:.2g}" if floor else "–"]
        for target, scores in best.items()
    ]
    title = "the baseline at the scale of guidance that wins on validation"
    return _by_target(title, (*NOISE, "scale", "floors"), rows)


def _noise(target: str, scores: Mapping[str, Any]) -> list[str]:
    noise = scores["fd_sd_of_log"]
    return [target, str(scores["seeds"]), f"{scores['fd_mean']:.3g}", "–" if noise is None else f"{noise:.2g}"]


def _by_target(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = _empty(title)
    for name in heads:
        table.add_column(name, justify="left" if name == "target" else "right", header_style="dim")
    table.show_header = True
    for row in rows:
        table.add_row(*row)
    return table


def _flat(key: str, value: Any) -> Rows:
    title = key.replace("_", " ")
    if isinstance(value, Mapping):
        return [(f"{title}, {inner.replace('_', ' ')}", _text(entry), "") for inner, entry in value.items()]
    return [(title, _text(value), "")]


def _empty(title: str) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), min_width=len(title))
    table.title, table.title_justify = Text(title, "bold"), "left"
    return table


def _table(title: str, rows: Rows) -> Table:
    table = _empty(title)
    table.add_column(min_width=18, style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(style="dim")
    for name, value, meaning in rows:
        cells: list[RenderableType] = [f"  {name}", value, meaning]
        table.add_row(*cells)
    return table


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_text(item)}" for key, item in value.items())
    return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _exact(value: Any) -> str:
    """What defines a track, digit for digit."""
    if isinstance(value, list | tuple):
        return ", ".join(_exact(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_exact(item)}" for key, item in value.items())
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _seconds(value: float) -> str:
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{value:.3g} s"
