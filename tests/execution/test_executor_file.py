"""An executor of somebody's own is one file, named by its path; its runs stand in the store as all others do."""

import sys
from pathlib import Path

import pytest

from harness.execution import executors
from schedules.errors import UserError

IN_A_THREAD = '''
"""Executes one job after another in this process."""

from dataclasses import replace

from harness.execution.executors.kind import ExecutorKind
from harness.execution.executors.local import EXECUTOR as LOCAL


def one_worker(wanted):
    return LOCAL.make(replace(wanted, jobs=1))


EXECUTOR = ExecutorKind("one-worker", one_worker)
'''


def test_a_file_makes_the_executor(tmp_path, capsys, monkeypatch):
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from scene import Scene, runs_in_mlflow

    scene = Scene(tmp_path)
    (tmp_path / "mine.py").write_text(IN_A_THREAD)
    done = scene.run("store", "--executor", tmp_path / "mine.py", "-s", "cosine", "--seeds", 1, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(runs_in_mlflow(scene.store("store"))) == 1


def test_what_is_no_executor_is_said(tmp_path):
    (tmp_path / "other.py").write_text("EXECUTOR = 3\n")
    with pytest.raises(UserError, match="holds no EXECUTOR"):
        executors.get(str(tmp_path / "other.py"))
    with pytest.raises(UserError, match="unknown executor 'loca'; did you mean local"):
        executors.get("loca")
    assert executors.names() == ["local", "ray"]
