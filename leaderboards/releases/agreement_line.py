"""What a track's card says of its agreement with published results: a line that was written beside its release.

The line is computed where a release is made (`leaderboards.releases.publishing.agreement`); reading it costs nothing,
so that `snrbench tracks list` may.
"""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parent.with_name("published")
AGREEMENT, LINE = "agreement.json", "line"


def agreement_line(track: str) -> str:
    """One sentence, "" for a track without a release or without anything to compare."""
    file = FOLDER / track / AGREEMENT
    return str(json.loads(file.read_text(encoding="utf-8"))[LINE]) if file.is_file() else ""
