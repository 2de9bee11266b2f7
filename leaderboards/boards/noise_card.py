"""What a track's card says of its noise: the priors of its own metric, as its published runs show them."""

from __future__ import annotations

from math import sqrt
from typing import Any

from harness import tracks
from leaderboards.boards.query import noise_of
from leaderboards.data.track_noise import Record


def records(track: str) -> list[Record]:
    """Of the metric that the track is ranked by, at the guidance that a board shows first; none without a release."""
    noise, metric = noise_of(track), tracks.get(track).primary_metric
    of_metric = [record for record in noise.records if record.metric == metric] if noise else []
    return [record for record in of_metric if record.guidance in ("best", None)]


def as_json(track: str) -> list[dict[str, Any]]:
    """The same as plain values."""
    return [record.model_dump(mode="json") for record in records(track)]


def rows(track: str) -> list[tuple[str, str, str]]:
    """Name, figure and remark of each: the sd of a paired difference, and how many degrees of freedom vouch for it."""
    return [
        (
            ", ".join(record.targets),
            f"{sqrt(record.pairs.variance):.3g}",
            f"ν₀ {record.pairs.freedom:.3g}, from {record.entries} entries × {record.seeds} seeds",
        )
        for record in records(track)
    ]


def card(track: str) -> tuple[list[tuple[str, str, str]], list[dict[str, Any]]]:
    """Both, for the card (`harness.cli.commands.track_facts`)."""
    return rows(track), as_json(track)
