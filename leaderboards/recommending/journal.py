"""What a recommendation has decided so far: a file in the store, so that the same command goes on where it was.

    <store>/recommend/own-flowers-v1 v 30min.json

Runs are MLflow's and trials Optuna's; here are only the choices that later steps hang on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.results.store import Store
from harness.tracks.track import Track

FOLDER = "recommend"


class Journal(BaseModel):
    """One recommendation on its way.

    fingerprint: of the track; another one begins anew
    floors:      distance of real training to real held-out data, by metric; train: how many images it is of, at most
    plan:        runs of each step, once a run was timed; seconds: of a run
    baseline:    score, guidance and sd over seeds of cosine as the track has it, on validation
    learning_rate, ema: multipliers that every entry shares
    untrained:   why nothing is recommended, "" where that is not so
    best, others: what the search chose, and what the other families came to
    entries, seeds: of the comparison
    minutes:     spent, over all commands; runs: executed
    complete:    nothing is left to do
    """

    model_config = ConfigDict(extra="forbid")

    fingerprint: str
    floors: dict[str, float] = {}
    train: int = 0
    plan: dict[str, int] = {}
    seconds: float = 0.0
    baseline: dict[str, float | None] = {}
    learning_rate: float | None = None
    ema: float | None = None
    untrained: str = ""
    best: str = ""
    others: list[str] = []
    entries: list[str] = []
    seeds: int = 0
    minutes: float = 0.0
    runs: int = 0
    complete: bool = False


class JournalFile:
    """Where it is written."""

    def __init__(self, store: Store, track: Track, target: str, minutes: float, first_seed: int) -> None:
        seeds = f" from seed {first_seed}" if first_seed else ""
        self.path: Path = store.root / FOLDER / f"{track.name} {target} {minutes:g}min{seeds}.json"
        self._fingerprint = track.fingerprint

    def read(self) -> Journal:
        """What is there; a new one where nothing is, or what is there is of another track or of another version."""
        try:
            journal = Journal(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, ValidationError):
            return Journal(fingerprint=self._fingerprint)
        return journal if journal.fingerprint == self._fingerprint else Journal(fingerprint=self._fingerprint)

    def write(self, journal: Journal) -> None:
        """Write it whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(_plain(journal), indent=2) + "\n", encoding="utf-8")
        part.replace(self.path)


def _plain(journal: Journal) -> dict[str, Any]:
    return journal.model_dump(mode="json")
