"""From the names a user typed to a board: resolves track, metric, target and guidance, and reads the runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harness import tracks
from harness.cli.options import with_store
from harness.metrics.metric import Metric
from harness.metrics.registry import METRICS
from harness.results import read
from harness.results.outcomes import ended
from harness.results.store import Store
from harness.tracks.enough import known_cautions
from harness.tracks.track import Track
from leaderboards.boards import standing_seen
from leaderboards.boards.board import board
from leaderboards.boards.rows import Board
from leaderboards.boards.sample_distance import with_sample_distance
from leaderboards.boards.tuned_entries import budget_notes
from leaderboards.boards.tuned_parameters import space_notes
from leaderboards.data import released, track_noise
from leaderboards.data.cache import lines, sync
from leaderboards.data.scores import Guidance
from leaderboards.data.selection import Filters
from leaderboards.data.tables import Tables
from leaderboards.data.track_noise import TrackNoise
from schedules.errors import UserError, unknown

COUNTED = ("finished", "diverged")


def open_board(
    store: Path,
    track: str,
    *,
    metric: str | None = None,
    target: str | None = None,
    guidance: str | float = "best",
    protocol: str | None = None,
) -> Board:
    """The board of what a store holds: `runs_table`, then `board_of`, with names checked before anything is read."""
    rules = tracks.get(track)
    checked(rules, metric, target, guidance)
    return board_of(runs_table(store, track), track, metric=metric, target=target, guidance=guidance, protocol=protocol)


def runs_table(
    store: Path, track: str, *, rebuild: bool = False, on_progress: sync.Progress = lambda done, total: None
) -> Tables:
    """A track's runs, of every protocol, newest first, and their scores, by way of `leaderboards.data.cache`.

    rebuild: read the record again, whatever the cache has
    UserError for a store that does not exist; reading never makes one.
    """
    check_store(store, track)
    if rebuild:
        lines.forget(store, track)
    return sync.tables(store, track, rebuild, on_progress)


def check_store(store: Path, track: str) -> None:
    """UserError for a store that does not exist, with what to run."""
    if not Store(store).exists:
        first = with_store(f"snrbench run {track} -s cosine -s laplace", store)
        raise UserError(f"no store at {store}; `{first}` makes one")


def may_have_runs(store: Path, track: str) -> bool:
    """Whether a store has finished runs of a track; of a server, which is not asked, it may."""
    return read.listing(Store(store), track) != []


def store_version(store: Path, track: str) -> str:
    """Changes whenever a run of the track begins or ceases to count; costs milliseconds for a store on this machine."""
    return sync.state(store, track)


def board_of(
    tables: Tables,
    track: str,
    *,
    metric: str | None = None,
    target: str | None = None,
    guidance: str | float = "best",
    protocol: str | None = None,
    keep: tuple[str, ...] | None = None,
    leave_out: tuple[str, ...] = (),
    leave_out_seeds: tuple[int, ...] = (),
    focus: str | None = None,
    whole_budget: bool = True,
) -> Board:
    """The board of runs and scores that were read before; see `leaderboards.boards.board.board`.

    metric:   None takes the track's primary one
    guidance: "best" or one of the track's scales, as text or number
    keep, …:  entries to hide and seeds to leave out, see `leaderboards.data.selection.Filters`
    focus:    test this entry against every other, and no other pair
    whole_budget: False for scores that were cut at an earlier mark, of which the track's noise knows nothing

    Tables without runs of the track give a board without sections. UserError for an unknown name, with the nearest
    ones, and for a metric that no run of the track recorded.
    """
    rules = tracks.get(track)
    measure, scale = checked(rules, metric, target, guidance)
    check_recorded(tables, track, measure)
    ranked = board(
        tables,
        track=track,
        metric=measure,
        guidance=scale,
        target=target,
        protocol=protocol,
        floor=tracks.card(track).get("floors", {}).get(measure.name),
        features=rules.feature_space if measure.in_track_space else measure.space,
        filters=Filters(keep, leave_out, leave_out_seeds),
        noise=noise_of(track) if whole_budget else None,
        focus=focus,
    )
    distance = METRICS.get(rules.evaluation.distance)
    if distance is not None and not measure.guided and distance.name in tables.metrics:
        ranked = with_sample_distance(ranked, tables, distance, Filters(leave_out_seeds=leave_out_seeds))
    tuned = [(row.entry, row.params, row.tuned_from) for cell in ranked.cells for row in cell.rows if row.tuned]
    too_few = known_cautions(track) if measure.in_track_space and ranked.rows else ()
    untrained = filter(None, [standing_seen.note(ranked)] if whole_budget else [])
    notes = (*budget_notes(ranked.rows, rules.tuning.trials), *space_notes(tuned), *too_few)
    return replace(ranked, notes=(*untrained, *ranked.notes, *notes))


def noise_of(track: str) -> TrackNoise | None:
    """What the published runs of a track know of its noise; None where there are none, or of another version of it."""
    now, noise = tracks.get(track), track_noise.read(released.FOLDER / track)
    same = noise is not None and (noise.protocol, noise.track_fingerprint) == (now.protocol, now.fingerprint)
    return noise if same else None


def check_recorded(tables: Tables, track: str, metric: Metric) -> None:
    """UserError for a metric that none of the runs recorded, where there are any."""
    recorded = sorted(tables.metrics & set(METRICS))
    if recorded and metric.name not in recorded:
        raise UserError(f"no run of {track} recorded {metric.name!r}; it has {', '.join(recorded)}")


def hint(store: Path, track: str, target: str | None = None, targets: Iterable[str] = ()) -> str:
    """What is there, and what to run, when a board is empty, in one line.

    targets: those that the track has runs of
    """
    where = f" -t {target}" if target else ""
    recorded = ended(Store(store))
    failed = [run for run in recorded if run.experiment == track and run.outcome == "failed"]
    if targets := sorted(targets):
        return f"no runs of {track}{where}; its runs are of {', '.join(targets)}"
    if failed:
        told, again = (with_store(f"snrbench {what}", store) for what in ("status", f"run {track} --failed"))
        return (
            f"no finished runs of {track}{where} in {store}: {len(failed)} failed. `{told}` says why, `{again}` repeats"
        )
    first = with_store(f"snrbench run {track} -s cosine -s laplace{where}", store)
    others = sorted({run.experiment for run in recorded if run.outcome in COUNTED and "/" not in run.experiment})
    there = f", which has runs of {', '.join(others)}" if others else ""
    return f"no runs of {track}{where} in {store}{there}; first: {first}"


def checked(track: Track, metric: str | None, target: str | None, guidance: str | float) -> tuple[Metric, Guidance]:
    """The metric and the guidance that are meant. UserError for an unknown name, with the nearest ones."""
    name = track.primary_metric if metric is None else metric
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    if error_of := METRICS[name].error_of:
        raise UserError(f"metric {name!r} is the standard error of {error_of}, which ranks")
    if not METRICS[name].ranks:
        raise UserError(f"metric {name!r} is told beside the others and never ranks; {track.primary_metric} does")
    if target is not None and target not in track.targets:
        raise unknown("target", target, track.targets)
    return METRICS[name], _scale(guidance, track)


def _scale(guidance: str | float, track: Track) -> Guidance:
    if guidance == "best":
        return "best"
    try:
        wanted = float(guidance)
    except (TypeError, ValueError):
        wanted = float("nan")
    for scale in track.guidance:
        if abs(scale - wanted) < 1e-9:
            return scale
    raise unknown("guidance", str(guidance), ["best", *(f"{scale:g}" for scale in track.guidance)])
