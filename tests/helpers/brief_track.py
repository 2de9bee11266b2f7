"""A track that takes a second in a worker process, and schedules that misbehave late in a run of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.execution import executors, plugins
from harness.execution.job import Executor, Limits, Settings
from harness.results.store import Store

TRACK = """
from harness.tracks.gmm import GMM

TINY = GMM.model_copy(
    update={
        "name": "brief-v1",
        "training": GMM.training.model_copy(update={"steps": 40, "warmup_steps": 10, "block": 5}),
        "evaluation": GMM.evaluation.model_copy(
            update={
                "samples": 64, "ddim_steps": 2, "curve_logsnr": (-8.0, 8.0, 5), "curve_points": 16, "paired_points": 32
            }
        ),
    }
)
"""

LATE = """
import os, time
from pathlib import Path

import numpy as np
from scipy import stats
from schedules import register

HERE = Path(__file__).parent


class Late:
    "Well-behaved until the third block of a training run."
    def __init__(self, act): self.base, self.act, self.blocks = stats.laplace(0, 0.5), act, 0
    def pdf(self, x): return self.base.pdf(x)
    def cdf(self, x): return self.base.cdf(x)
    def ppf(self, q):
        self.blocks += getattr(q, "shape", ()) == (5, 128)
        return self.act(self.base, q) if self.blocks > 2 else self.base.ppf(q)


def raises(base, q): raise RuntimeError("plugin broke")
def hoards(base, q): print("x" * 4_000_000 + " the end"); held = np.zeros(2**28)
def nan(base, q): return q * float("nan")

def dawdles(base, q):
    "Writes a line and takes a second for every block."
    with (HERE / "at_work").open("a") as file:
        print(os.getpid(), file=file)
    time.sleep(1)
    return base.ppf(q)


def _registered(act):
    def schedule():
        return Late(act)
    return register(f"late_{act.__name__}", space={})(schedule)

for act in (raises, hoards, nan, dawdles):
    _registered(act)
"""

HOSTILE_MODULES = ("harness", "schedules", "leaderboards", "app", "torch", "numpy", "ray", "pickle", "multiprocessing")


@dataclass(frozen=True)
class BriefTrack:
    """Files of the track and of the plugin."""

    track: Path
    plugin: Path

    @property
    def at_work(self) -> Path:
        """A file that appears when `late_dawdles` is in the middle of its run; a process id for each of its blocks."""
        return self.plugin.with_name("at_work")

    def executor(
        self,
        store: Store,
        name: str = "local",
        workers: int = 1,
        seconds: float = 600.0,
        gib: float | None = None,
        stack: int = 1,
    ) -> Executor:
        """An executor of this name on the store."""
        store.outbox.mkdir(parents=True, exist_ok=True)
        files = (str(self.plugin),), (str(self.track),)
        return executors.make(Settings(name, "cpu", workers, *files, Limits(seconds, gib), stack=stack), store, 99)


def loaded(folder: Path) -> BriefTrack:
    """The track and the schedules, written into the folder and loaded here."""
    files = BriefTrack(folder / "brief_track.py", folder / "late.py")
    files.track.write_text(TRACK)
    files.plugin.write_text(LATE)
    plugins.load([str(files.plugin)], [str(files.track)])
    return files


def write_hostile_modules(folder: Path) -> None:
    """Modules of everybody's names, none of which must be imported."""
    for name in HOSTILE_MODULES:
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} was imported from the working directory')")
