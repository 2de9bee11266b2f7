"""How a measured value is called in MLflow: `test/fd/g1.5`, `val/kd/g1`, `test/nll`, `mark25/test/fd/g1`.

The plain key holds a history over training steps whose last value is the full budget's; values at earlier marks have a
second key of their own, because a search over runs returns last values only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATTERN = re.compile(
    r"(?:mark(?P<percent>\d+)/)?(?P<split>val|test)/(?P<metric>[a-z_][a-z0-9_]*)(?:/g(?P<guidance>[\d.]+))?"
)


@dataclass(frozen=True)
class Measured:
    """What a value is of. guidance: None for metrics without samples; mark: share of the budget."""

    metric: str
    split: str
    guidance: float | None = None
    mark: float = 1.0

    @property
    def key(self) -> str:
        """Key of the history."""
        return f"{self.split}/{self.metric}" + ("" if self.guidance is None else f"/g{self.guidance:g}")

    @property
    def mark_key(self) -> str:
        """Key of this mark's own value; the plain key at the full budget."""
        return self.key if self.mark == 1.0 else f"mark{round(100 * self.mark)}/{self.key}"


def parse(key: str) -> Measured | None:
    """The reverse of `mark_key`; None for keys of other kinds (losses, seconds)."""
    match = _PATTERN.fullmatch(key)
    if match is None:
        return None
    guidance = match["guidance"]
    return Measured(
        metric=match["metric"],
        split=match["split"],
        guidance=None if guidance is None else float(guidance),
        mark=int(match["percent"]) / 100 if match["percent"] else 1.0,
    )
