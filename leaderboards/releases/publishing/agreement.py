"""How far each release agrees with published results, written beside it; and the picture of all of them.

    python -P -m leaderboards.releases.publishing.agreement

does it anew for every release, as is needed when a published comparison is added.
"""

from __future__ import annotations

import json
from pathlib import Path

from leaderboards.comparisons.agreement.agreements import Agreement, agreements
from leaderboards.comparisons.agreement.headline import headlines, leading, line
from leaderboards.comparisons.views.predicts import record
from leaderboards.data import released
from leaderboards.data.tables import Tables
from leaderboards.releases.agreement_line import AGREEMENT, LINE
from leaderboards.releases.publishing.agreement_picture import draw
from leaderboards.render.values import finite

PICTURE = "agreement.svg"


def write(tables: Tables, track: str, folder: Path) -> tuple[Agreement, ...]:
    """Write what is compared first of some runs, and the line of the card; returns every comparison."""
    comparisons = agreements(tables, track)
    content = {
        LINE: line(comparisons),
        "comparisons": [finite(record(comparison)) for comparison in leading(comparisons)],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / AGREEMENT).write_text(text + "\n", encoding="utf-8")
    return comparisons


def main(folder: Path = released.FOLDER) -> None:
    """Every release of a folder."""
    shown: list[Agreement] = []
    for track in released.released_tracks():
        shown += headlines(write(released.published_table(track), track, folder / track))
    draw(shown, folder / PICTURE)


if __name__ == "__main__":
    main()
