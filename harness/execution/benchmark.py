"""Runs a plan: workers compute, this process delivers to MLflow and shows how far it is."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from harness.execution.local import Done, LocalExecutor
from harness.execution.planner import Plan
from harness.tracking.store import Store
from harness.tracking.write import deliver


@dataclass
class Report:
    """What came of a plan."""

    finished: int = 0
    diverged: list[Done] = field(default_factory=list)
    failed: list[Done] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, done: Done) -> None:
        """Count one run."""
        if done.outcome == "finished":
            self.finished += 1
        else:
            (self.diverged if done.outcome == "diverged" else self.failed).append(done)


def execute(store: Store, plan: Plan, *, workers: int, device: str, plugins: list[str], console: Console) -> Report:
    """Run what the plan still needs; every result is in MLflow when its line says so."""
    report, started = Report(), time.monotonic()
    if not plan.runs:
        return report
    # One thread a worker: NumPy's and torch's own threads would fight over the cores.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    with ExitStack() as stack:
        executor = stack.enter_context(LocalExecutor(min(workers, len(plan.runs)), device, store.outbox, plugins))
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("training", total=len(plan.runs), left="")
        ended = 0
        for done in executor(list(plan.runs)):
            if done is not None:
                ended += 1
                report.add(done)
                deliver(store, done.folder or _death(store, done, device))
                if done.outcome != "finished":
                    console.print(Text(f"{done.outcome}: {done.spec}: {done.reason}"))
            fraction = ended + executor.shares()
            elapsed = time.monotonic() - started
            progress.update(task, completed=fraction, left=_left(elapsed, fraction, len(plan.runs)))
    report.seconds = time.monotonic() - started
    return report


def _death(store: Store, done: Done, device: str) -> Path:
    """The result folder of a run whose process died before it could write one."""
    import torch

    from harness.tracking import result_folder

    now = time.time()
    return result_folder.write(
        store.outbox, result_folder.failed(done.spec, done.reason), torch.device(device), now, now
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs ·"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
        transient=True,
    )


def _left(elapsed: float, done: float, total: int) -> str:
    """Time left, once there is enough to judge by."""
    if done < 0.5:
        return ""
    seconds = elapsed / done * (total - done)
    return f"· about {seconds / 60:.0f} min left" if seconds > 90 else f"· about {seconds:.0f} s left"
