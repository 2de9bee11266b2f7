"""A run on several processes: a worker has torchrun start them, and hears of them through files in a folder.

    order     what to execute, pickled by the worker
    share     the share of the training that is done, by the first process
    stop      is there when a checkpoint and an end are asked for
    result    how it ended, pickled by the first process; none when a process died
    problem-R what process R raised, in one line
    deaths    JSON [[rank, exit code], …] of processes that did not end well, by torchrun
    trouble   what torchrun itself raised, in one line

Signals cannot serve: torchrun forwards them to every process and ends them soon after.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.execution.job import Result
from harness.execution.processes.end_with_parent import die_with_parent
from harness.execution.processes.messages import Assignment, Setup, in_one_line
from harness.execution.python_process import NotStarted, python, start

POLL_SECONDS = 0.1
HERE = ("--standalone", "--local-addr=127.0.0.1", "--max-restarts=0", "--monitor-interval=0.1")
"""By number, because the machine's own name need not lead anywhere."""


def execute_on_processes(
    assignment: Assignment, setup: Setup, on_progress: Callable[[float], None], stop_asked: Callable[[], bool]
) -> Result:
    """Execute a job on `assignment.split.processes` processes of this machine."""
    # Nobody else may write into this folder, so what is unpickled is what was pickled here.
    with tempfile.TemporaryDirectory(prefix="snrbench-") as name:
        folder = Path(name)
        (folder / "order").write_bytes(pickle.dumps((assignment, setup)))
        try:
            launched = start(_command(folder, assignment.split.processes), stdin=subprocess.DEVNULL)
        except NotStarted as trouble:
            return Result(assignment.job, "failed", str(trouble))
        try:
            while launched.poll() is None:
                time.sleep(POLL_SECONDS)
                if stop_asked():
                    (folder / "stop").touch()
                with contextlib.suppress(OSError, ValueError):
                    on_progress(float((folder / "share").read_text()))
        finally:
            launched.kill()
            launched.wait()
        if (folder / "result").exists():
            result: Result = pickle.loads((folder / "result").read_bytes())
            return result
        reason = why_it_ended(folder, assignment.split.processes, launched.returncode)
        return Result(assignment.job, "failed", reason)


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def launch(folder: Path, arguments: Sequence[str]) -> int:
    """Be torchrun, and note which of its processes did not end well. Returns the exit code."""
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    try:
        run.run(run.parse_args(list(arguments)))
    except ChildFailedError as error:
        deaths = [[rank, failure.exitcode] for rank, failure in error.failures.items()]
        replace(folder / "deaths", json.dumps(deaths).encode())
        return 1
    except Exception as error:  # whatever torchrun raises that could not start or join its processes
        replace(folder / "trouble", in_one_line(error).encode())
        return 1
    return 0


def _command(folder: Path, processes: int) -> list[str]:
    rank = python("harness.execution.processes.rank_process", str(folder))
    torchrun = python("harness.execution.processes.torchrun", str(folder))
    return [*torchrun, *HERE, f"--nproc-per-node={processes}", "--no-python", *rank]


def why_it_ended(folder: Path, processes: int, code: int) -> str:
    deaths: list[tuple[int, int]] = []
    with contextlib.suppress(OSError, ValueError):
        deaths = [(rank, exit_code) for rank, exit_code in json.loads((folder / "deaths").read_text())]
    # A process that was killed takes the others with it: they only lost their connection.
    for rank, exit_code in deaths:
        if exit_code < 0 and exit_code != -signal.SIGTERM:
            return f"process {rank} of {processes} died (killed by signal {-exit_code}; out of memory is one cause)"
    for problem in sorted(folder.glob("problem-*")):
        return f"process {problem.name.partition('-')[2]} of {processes}: {problem.read_text(encoding='utf-8')}"
    for rank, exit_code in deaths:
        return f"process {rank} of {processes} died (exit code {exit_code})"
    with contextlib.suppress(OSError):
        return f"torchrun could not run its processes: {(folder / 'trouble').read_text()}"
    return f"torchrun ended with exit code {code} and without a result"


if __name__ == "__main__":
    die_with_parent()
    sys.exit(launch(Path(sys.argv[1]), sys.argv[2:]))
