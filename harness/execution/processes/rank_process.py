"""One of the processes that torchrun starts for a run; `torchrun.py` beside this file says what files they share."""

from __future__ import annotations

import os
import pickle
import sys
import time
from dataclasses import replace
from pathlib import Path

from harness.execution.job import INTERRUPTED, Result
from harness.execution.processes.end_with_parent import die_with_parent
from harness.execution.processes.messages import Assignment, Setup, in_one_line
from harness.execution.processes.torchrun import replace as write
from harness.execution.processes.worker import check_unchanged, delivered, set_up

SHARES_A_SECOND = 5


def main(folder: Path) -> int:
    """Execute this process's part of the order in `folder`. Returns the exit code."""
    rank, started = int(os.environ["RANK"]), time.time()
    try:
        assignment, setup = pickle.loads((folder / "order").read_bytes())
        result = _execute(folder, assignment, setup, started)
    except BaseException as error:  # a plugin may raise anything
        write(folder / f"problem-{rank}", in_one_line(error).encode())
        return 1
    if rank == 0:
        write(folder / "result", pickle.dumps(result))
    return 0


def _execute(folder: Path, assignment: Assignment, setup: Setup, started: float) -> Result:
    from harness import tracks
    from harness.distributed.training import TeamBench, own_device, team
    from harness.runs.run import Interrupted, execute

    set_up(setup)
    spec, device, last_report = assignment.job.spec, own_device(assignment.device), 0.0
    check_unchanged(spec)

    def report(share: float) -> None:
        nonlocal last_report
        if us.leads and time.monotonic() - last_report >= 1 / SHARES_A_SECOND:
            last_report = time.monotonic()
            write(folder / "share", str(share).encode())

    with team(device) as us:
        try:
            run = execute(
                spec,
                device,
                report,
                checkpoints=assignment.checkpoints,
                until=assignment.job.until,
                stop_asked=lambda: bool(us.agreed((folder / "stop").exists())),
                place=TeamBench(tracks.get(spec.track), device, us, assignment.split.micro_batch),
            )
        except Interrupted:
            return Result(assignment.job, INTERRUPTED, "it was asked to stop")
        if not us.leads:
            return Result(assignment.job, run.outcome)
        return delivered(replace(assignment, device=str(device)), run, started)


if __name__ == "__main__":
    die_with_parent()
    sys.exit(main(Path(sys.argv[1])))
