"""What a board can tell apart, and what it would take to tell neighbours apart."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from math import ceil, isnan

import numpy as np

from leaderboards.comparisons.compare import Choice, panel_of
from leaderboards.comparisons.reports.report import Report, sheet, step
from leaderboards.comparisons.resolution import Detectable, Resolution, Separation, resolutions, separation
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.tables import Tables
from leaderboards.wording import NOTHING, with_interval


def resolution_view(tables: Tables, track: str, choice: Choice) -> Report:
    """Resolution of each section, and the seeds that neighbours of the last one lack."""
    panel = panel_of(tables, track, choice)
    found = resolutions(panel)
    if not found:
        return Report((), (), ("no two entries share two seeds, so there is no noise to measure", *panel.notes))
    neighbours = _neighbours(panel)
    metric = panel.metric
    headers = ["target", "entries", "seeds", "noise [95 %]", "one test", f"vs {panel.baseline}", "any pair"]
    what = "log ratio" if found[0].logarithmic else "difference"
    tables = [sheet(f"{track} · {metric.title} · resolution", headers, [_row(each) for each in found])]
    undecided = [pair for pair in neighbours if not pair.told_apart]
    if undecided:
        title = f"{track} · neighbours in the table, {undecided[0].target}: what would tell them apart"
        headers = ["entry", "second", "effect", "p", "seeds", "more seeds", "minutes", "… at Holm level", "minutes"]
        tables.append(sheet(title, headers, [_neighbour(each) for each in undecided], names=[0, 1]))
    return Report(
        sheets=tuple(tables),
        records=tuple(_record(each) for each in found),
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


def _row(found: Resolution) -> list[str]:
    noise = with_interval(found.noise, found.noise_low, found.noise_high)
    tests = (found.unadjusted, found.against_baseline, found.ranks)
    sizes = [step(each.better, each.logarithmic) if each.logarithmic else _either(each) for each in tests]
    return [found.target, str(found.entries), str(found.seeds), noise, *sizes]


def _either(test: Detectable) -> str:
    return f"±{test.difference:.2g}"


def _neighbour(found: Separation) -> list[str]:
    def seeds(more: int | None) -> str:
        return NOTHING if found.note or more is None else str(more)

    def minutes(value: float) -> str:
        return NOTHING if isnan(value) else str(ceil(value))

    p = NOTHING if isnan(found.p_holm) else f"{found.p_holm:.2g}"
    plain, holm = (seeds(found.more), minutes(found.minutes)), (seeds(found.more_holm), minutes(found.minutes_holm))
    return [found.first, found.second, found.effect.text, p, str(found.seeds), *plain, *holm]


def _record(found: Resolution) -> dict[str, object]:
    fields = asdict(found)
    for name in ("unadjusted", "against_baseline", "ranks"):
        test: Detectable = getattr(found, name)
        del fields[name]
        fields |= {f"{name}_better": test.better, f"{name}_worse": test.worse, f"{name}_tests": test.tests}
    return fields
