"""What is there before any run: data, feature space, and the floors that scores are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness import tracks
from harness.tracks.enough import cautions, hopeless
from leaderboards.recommending.journal import Journal
from schedules.errors import UserError

if TYPE_CHECKING:
    from harness.execution.job import Settings
    from harness.runs.run import Bench


@contextmanager
def one_thread() -> Iterator[None]:
    """torch on one thread, as it is in a worker: what is trained and timed here is then what it would be there."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def prepared(track: str, journal: Journal, settings: Settings) -> list[str]:
    """Have the data, the feature space and the floors; they are kept in the journal. What a user should know.

    UserError: where a distance means nothing for lack of data
    """
    card = tracks.card(track)
    journal.train = journal.train or card.get("sizes", {}).get("train", 0)
    journal.floors = journal.floors or dict(card.get("floors", {}))
    if journal.floors:
        return []
    import torch

    from harness.runs.run import Bench
    from harness.training.compilation import compilation

    device = torch.device(settings.device if settings.device != "auto" else "cpu")
    with one_thread():
        return _with_floors(Bench(tracks.get(track), device, compilation(settings.compile, device)), journal)


def _with_floors(place: Bench, journal: Journal) -> list[str]:
    from harness.measuring import measure

    track, facts = place.track, measure.facts(place)
    sizes, dimensions = facts["sizes"], facts["feature_dimensions"]
    if sentences := hopeless(cautions(track, sizes, dimensions)):
        raise UserError(f"{track.name}: {sentences[0]}")
    journal.floors, journal.train = measure.floors(place), sizes["train"]
    return [
        f"{sizes['train']:,} train, {sizes['val']:,} and {sizes['test']:,} are held out; a score is the distance of "
        f"samples to these, in the {dimensions} dimensions of the feature space"
    ]
