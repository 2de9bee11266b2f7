"""What is known before any run: what scores are compared with, and what a run takes; so that too little data and too
few minutes are said first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import tracks
from harness.tracks.enough import cautions, hopeless
from leaderboards.recommending.journal import Journal
from schedules.errors import UserError

if TYPE_CHECKING:
    from harness.execution.job import Settings
    from harness.runs.run import Bench
    from leaderboards.recommending.work import Wanted


def prepared(wanted: Wanted, journal: Journal, settings: Settings, timed: bool) -> list[str]:
    """Have the data, the feature space and the floors; they are kept in the journal. What a user should know.

    timed: what a run takes is known already; else some steps of one are taken, and the journal has its seconds

    UserError: where a distance means nothing for lack of data
    """
    import torch

    from harness.measuring.run_seconds import seconds_of_a_run
    from harness.runs.run import Bench
    from harness.training.compilation import compilation

    if not journal.floors:
        journal.floors = dict(tracks.card(wanted.track).get("floors", {}))
    if journal.floors and timed:
        return []
    device = torch.device(settings.device if settings.device != "auto" else "cpu")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        place = Bench(tracks.get(wanted.track), device, compilation(settings.compile, device))
        lines = [] if journal.floors else _with_floors(place, journal)
        if not timed:
            journal.seconds = round(seconds_of_a_run(place, wanted.target), 2)
    finally:
        torch.set_num_threads(threads)
    return lines


def _with_floors(place: Bench, journal: Journal) -> list[str]:
    from harness.measuring import measure

    track, facts = place.track, measure.facts(place)
    sizes, dimensions = facts["sizes"], facts["feature_dimensions"]
    warnings = cautions(track, sizes, dimensions, floors=True)
    if sentences := hopeless(warnings):
        raise UserError(f"{track.name}: {sentences[0]}")
    journal.floors = measure.floors(place)
    distance = track.evaluation.distance
    return [
        f"{sizes['train']:,} train, {sizes['val']:,} and {sizes['test']:,} are held out; distances in "
        f"{dimensions} dimensions; {distance} of real data to real data {journal.floors[distance]:.3g}",
        *warnings,
    ]
