"""What `run.json` of a result folder says: checked before anything of it reaches MLflow."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

NEEDED = ("snrbench.run_key", "snrbench.track", "snrbench.delivery")


class ResultRecord(BaseModel):
    """A run, as MLflow is to hold it.

    experiment:     MLflow's, "<track>" or "<track>/tuning"; the track's where it says none
    started, ended: milliseconds since the epoch
    metrics:        (key, value, step)
    """

    model_config = ConfigDict(frozen=True, strict=True)

    name: str
    experiment: str = ""
    outcome: Literal["finished", "diverged", "failed", "pruned"]
    started: int
    ended: int
    tags: dict[str, str]
    params: dict[str, str]
    metrics: list[tuple[str, float, int]]

    @field_validator("tags")
    @classmethod
    def _identified(cls, tags: dict[str, str]) -> dict[str, str]:
        if missing := [name for name in NEEDED if not tags.get(name)]:
            raise ValueError(f"without {', '.join(missing)}")
        return tags

    @property
    def delivery(self) -> str:
        """Which result folder it came in."""
        return self.tags["snrbench.delivery"]
