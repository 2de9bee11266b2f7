"""What each comparison counts as, by PREREGISTRATION.md in this folder: rules that never look at how it comes out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from leaderboards.literature.schema import BEST

Status = Literal["primary", "secondary", "exploratory"]

TRACKS = frozenset({"fashion-latent-v1", "mnist-latent-v1", "fashion-latent-gpu-v1"})
SOURCE, TABLE, TARGET, COLUMNS, ROWS = "2407.03297", "2407.03297-guidance", "v", (BEST, "CFG 2.0"), 6
"""The primary comparison: of these native rows, our best scale against both of the paper's columns."""
LOOKED_AT = frozenset({"cosine", "edm", "flow_uniform", "laplace", "cosine_scaled:s=2"})
LOOKED_AT_TARGETS = frozenset({"v", "x0"})
"""Rows and targets of `SOURCE` that had been seen on such latents before anything was written down."""


def status(
    track: str, table: str, target: str, ours: str, theirs: str, subset: str, specs: Collection[str | None]
) -> Status:
    """Primary and secondary on the tracks that were written down before their runs, exploratory on every other.

    table: name of its file; target, subset: as in the comparison; ours, theirs: columns; specs: schedules of its rows
    """
    if track not in TRACKS:
        return "exploratory"
    whole = subset == "native" and len(specs) == ROWS
    if (table, target, ours) == (TABLE, TARGET, BEST) and theirs in COLUMNS and whole:
        return "primary"
    seen = table.startswith(SOURCE) and target in LOOKED_AT_TARGETS and set(specs) <= LOOKED_AT
    return "exploratory" if seen else "secondary"
