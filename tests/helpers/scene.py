"""What tests of real commands share: a track that takes a second or longer, and what a store holds in the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TINY_TRACK = """
from harness.tracks.gmm import GMM

TINY = GMM.model_copy(
    update={
        "name": "tiny-v1",
        "training": GMM.training.model_copy(update={"steps": STEPS, "warmup_steps": 10, "block": 5}),
        "evaluation": GMM.evaluation.model_copy(
            update={
                "samples": 64, "ddim_steps": 4, "curve_logsnr": (-8.0, 8.0, 5), "curve_points": 16, "paired_points": 32
            }
        ),
    }
)
"""
UNHURRIED = """
import sys
import time
from pathlib import Path

from harness.networks.mlp import ResidualMLP


class Unhurried(ResidualMLP):
    def forward(self, x, logsnr, label):
        if Path(sys.argv[0]).stem == "worker":
            time.sleep(SECONDS)
            while Path(__file__).with_name("hold").exists():
                time.sleep(0.05)
        return super().forward(x, logsnr, label)


TINY = TINY.model_copy(update={"network": TINY.network.model_copy(update={"make": f"{__name__}:Unhurried"})})
"""
SNRBENCH = str(Path(sys.executable).with_name("snrbench"))


class Scene:
    """A folder with the track, and commands that use a store in it.

    seconds: what a step takes at least in a worker, without work, so that there is time to stop or kill something in
    hold:    a file; while it is there, such workers wait
    """

    def __init__(self, folder: Path, steps: int = 40, seconds: float = 0.0) -> None:
        self.folder, self.hold = folder, folder / "hold"
        folder.mkdir(parents=True, exist_ok=True)
        self.track = folder / "tiny_track.py"
        unhurried = UNHURRIED.replace("SECONDS", str(seconds)) if seconds else ""
        self.track.write_text(TINY_TRACK.replace("STEPS", str(steps)) + unhurried)

    def store(self, name: str) -> Path:
        return self.folder / name

    def command(self, store: str | Path, *more: object) -> list[str]:
        """`snrbench run` on the tiny track."""
        place = [
            "--track-plugin",
            str(self.track),
            "--store",
            str(self.store(store) if isinstance(store, str) else store),
        ]
        return [SNRBENCH, "run", "tiny-v1", *place, "--device", "cpu", *map(str, more)]

    def words(self, command: str, store: str | Path, *more: object) -> list[str]:
        """Of another command on the tiny track, to be run in this process."""
        _, _, *arguments = self.command(store, *more)
        return [command, *arguments]

    def start(self, store: str | Path, *more: object, **environment: str) -> subprocess.Popen[str]:
        return self.start_command(self.command(store, *more), **environment)

    def start_command(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        """In a process group of its own, as a terminal would."""
        return subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, start_new_session=True, env=os.environ | environment
        )

    def run(self, store: str | Path, *more: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(store, *more),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env=os.environ | environment,
        )


SMALL_STUDIES = """
from harness.tracks.track import Tuning

TINY = TINY.model_copy(update={"tuning": Tuning(trials=6, seeds=1, finalists=1, confirm_seeds=2)})
"""


class TuningScene(Scene):
    """The tiny track with a small budget for tuning: a study of five trials is nine runs."""

    REQUEST = ("laplace", "--trials", "5")
    RUNS = 5 + 2 * 2
    STUDY = "tiny-v1/v/laplace/native/sample"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, steps=60)
        self.track.write_text(self.track.read_text() + SMALL_STUDIES)

    def trials(self, store: Path) -> list[tuple[Any, ...]]:
        """Number, state, value, parameters and intermediate values of each trial of the study."""
        import optuna

        study = optuna.load_study(study_name=self.STUDY, storage=f"sqlite:///{store}/optuna.db")
        return [
            (trial.number, trial.state, trial.value, trial.params, trial.intermediate_values) for trial in study.trials
        ]


def workers_of(parent: int) -> list[int]:
    """Process ids of the worker processes of a command."""
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "status").read_text()
                line = (entry / "cmdline").read_text()
            except OSError:
                continue
            if f"PPid:\t{parent}\n" in status and "harness.execution.processes.worker" in line:
                pids.append(int(entry.name))
    return pids


def scores(store: Path, track: str = "tiny-v1") -> dict[tuple[str, ...], float]:
    """(run key, metric, split, guidance, mark) → value of everything measured, without what a clock says."""
    from harness.results.read import read_runs

    table = read_runs(store, track)
    measured = table[table.split != ""]
    values = {
        (row.run_key, row.metric, row.split, str(row.guidance), str(row.mark)): row.value
        for row in measured.itertuples()
    }
    assert len(values) == len(measured), "a value is there twice"
    return values


def runs_in_mlflow(store: Path, track: str = "tiny-v1") -> list[str]:
    """Run keys of MLflow's finished runs, each as often as it is there."""
    from harness.results.read import search
    from harness.results.store import Store

    runs = search(Store(store), track, "attributes.status = 'FINISHED'")
    return sorted(run.data.tags["snrbench.run_key"] for run in runs)
