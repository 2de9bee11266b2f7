"""An executor as a context: whatever still runs when its block is left is ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class KilledOnLeaving(ABC):
    """Base of executors that own what they started."""

    @abstractmethod
    def kill(self) -> None:
        """End everything now."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.kill()
