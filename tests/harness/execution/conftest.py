"""A track that takes a second in a worker process, plugins that misbehave, and executors of every kind."""

from pathlib import Path

import pytest
import torch

from harness.execution import executors, plugins
from harness.execution.job import Limits, Settings
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

HOSTILE = """
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


@pytest.fixture(scope="session")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def files(tmp_path_factory, one_thread):
    """Paths of the track's and the plugin's file, both loaded here."""
    folder = tmp_path_factory.mktemp("plugins")
    track, plugin = folder / "tiny_track.py", folder / "hostile.py"
    track.write_text(TRACK)
    plugin.write_text(HOSTILE)
    plugins.load([str(plugin)], [str(track)])
    return str(track), str(plugin)


HOSTILE_MODULES = ("harness", "schedules", "leaderboards", "app", "torch", "numpy", "ray", "pickle", "multiprocessing")


@pytest.fixture
def hostile_place(tmp_path, monkeypatch):
    """A working directory with modules of everybody's names, none of which must be imported."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in HOSTILE_MODULES:
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} was imported from the working directory')")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def make(files, tmp_path):
    """Makes an executor on the store at `tmp_path / "store"`."""

    def made(name="local", workers=1, seconds=600.0, gib=None, jobs=99, stack=1):
        store = Store(tmp_path / "store")
        store.outbox.mkdir(parents=True, exist_ok=True)
        track, plugin = files
        settings = Settings(name, "cpu", workers, (plugin,), (track,), Limits(seconds, gib), stack=stack)
        return executors.make(settings, store, jobs)

    return made


@pytest.fixture
def at_work(files):
    """A file that appears when `late_dawdles` is in the middle of its run."""
    file = Path(files[1]).parent / "at_work"
    file.unlink(missing_ok=True)
    return file


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")
