"""What scores are compared with: made before any run, so that too little data is said first."""

from __future__ import annotations

from harness import tracks
from harness.tracks.enough import cautions
from leaderboards.recommending.journal import Journal
from schedules.errors import UserError


def prepared(name: str, journal: Journal, device: str) -> list[str]:
    """Have the data, the feature space and the floors; they are kept in the journal. What a user should know.

    UserError: where a distance means nothing for lack of data
    """
    import torch

    from harness.measuring import measure
    from harness.runs.run import Bench

    track, card = tracks.get(name), tracks.card(name)
    if journal.floors:
        return []
    if card.get("floors"):
        journal.floors = dict(card["floors"])
        return []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        place = Bench(track, torch.device(device if device != "auto" else "cpu"))
        facts = measure.facts(place)
        said = cautions(track, facts["sizes"], facts["feature_dimensions"], floors=True)
        if hopeless := [line for line in said if line.startswith(tuple("0123456789"))]:
            raise UserError(f"{name}: {hopeless[0]}")
        journal.floors = measure.floors(place)
    finally:
        torch.set_num_threads(threads)
    distance = track.evaluation.distance
    sizes, floor = facts["sizes"], journal.floors[distance]
    return [
        f"{sizes['train']:,} train, {sizes['val']:,} and {sizes['test']:,} are held out; distances in "
        f"{facts['feature_dimensions']} dimensions; {distance} of real data to real data {floor:.3g}",
        *said,
    ]
