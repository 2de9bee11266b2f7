"""The runs that a card is borrowed for: published tables' rows and the leaders of a CPU board, on a track for one GPU.

`NATIVE` and `WEIGHTED` are the rows of leaderboards/literature/PREREGISTRATION.md that arXiv:2407.03297 has, and of
arXiv:2403.03206 `logit_normal`, `mode` and `scaled_linear`, all at their published parameters.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

NATIVE = (
    *("cosine", "edm", "flow_uniform", "cosine_scaled:s=2", "cauchy", "laplace"),
    *("logit_normal", "mode", "scaled_linear"),
)
LEADERS = ("generalized_normal", "edm:p_mean=0,p_std=0.6", "preset/microdit-512", "student_t")
"""`snrbench leaderboard digits-v1 --published -t v`, 2026-11-27: the first four with their native weighting and nothing
tuned that are not among the rows above (laplace and cosine_scaled:s=2 are)."""
WEIGHTED = ("min_snr", "soft_min_snr")
"""Weightings of `cosine`."""
SNRBENCH = [sys.executable, "-m", "harness.cli"]


@dataclass(frozen=True)
class Evidence:
    """What to run. weighted: weightings of `cosine`; workers: of all runs"""

    track: str
    native: tuple[str, ...]
    weighted: tuple[str, ...]
    seeds: int
    first_seed: int
    workers: int
    device: str
    store: Path

    def commands(self) -> list[list[str]]:
        """One with native weightings, one of `cosine` with others: `run` takes products.

        Each goes seed by seed, and the workers are shared out by the number of entries, so that side by side they are
        at about the same seed whenever they are interrupted.
        """
        share = max(1, round(self.workers * len(self.weighted) / (len(self.weighted) + len(self.native))))
        native = [part for spec in self.native for part in ("-s", spec)]
        weighted = ["-s", "cosine", *(part for name in self.weighted for part in ("-w", name))]
        return [
            self._command(native, max(1, self.workers - share) if self.weighted else self.workers),
            *([self._command(weighted, share)] if self.weighted else []),
        ]

    def _command(self, entries: list[str], workers: int) -> list[str]:
        seeds = ["--seeds", str(self.seeds), "--first-seed", str(self.first_seed)]
        how = ["--workers", str(workers), "--device", self.device, "--store", str(self.store)]
        return [*SNRBENCH, "run", self.track, *entries, "-t", "v", *seeds, *how]
