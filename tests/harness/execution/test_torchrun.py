"""A run on two Gloo processes: the same numbers as on one, and one clear line when a process dies."""

import pickle
import socket
import sys

import pytest

import team_of_two
from harness.execution.processes import torchrun


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    with team_of_two.loaded(tmp_path_factory.mktemp("team")) as loaded:
        yield loaded


@pytest.fixture
def order(team, tmp_path):
    return team.order(tmp_path)


@pytest.fixture
def meeting(order, tmp_path):
    """The folder that the processes of a run share, its order in it, and a free port."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "order").write_bytes(pickle.dumps(order))
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    return folder, port


def test_two_processes_end_where_one_does(order, meeting):
    folder, port = meeting
    team_of_two.together(folder, port)
    result = pickle.loads((folder / "result").read_bytes())
    team_of_two.assert_as_one_process_would(order[0], result)
    assert 0 < float((folder / "share").read_text()) <= 1


def test_what_a_process_raised_is_the_reason(tmp_path):
    (tmp_path / "deaths").write_text("[[1, 1], [0, 1]]")
    (tmp_path / "problem-1").write_text("ValueError: no such thing")
    assert torchrun.why_it_ended(tmp_path, 2, 1) == "process 1 of 2: ValueError: no such thing"


def test_torchrun_that_cannot_start_its_processes_says_why(order, tmp_path, monkeypatch):
    """Neither torchrun itself, nor the processes of the run by it."""
    interpreter = tmp_path / "python"
    interpreter.touch(0o644)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    reply = torchrun.execute_on_processes(*order, lambda share: None, lambda: False)
    assert (reply.outcome, reply.reason) == (
        "failed", f"its process could not be started: {str(interpreter)!r}: Permission denied"
    )  # fmt: skip
    folder = tmp_path / "folder"
    folder.mkdir()
    assert torchrun.launch(folder, [*torchrun.HERE, "--nproc-per-node=2", "--no-python", str(interpreter)]) == 1
    assert "Permission denied" in torchrun.why_it_ended(folder, 2, 1)


def test_a_process_that_is_asked_to_stop_writes_its_checkpoint(order, meeting):
    """Alone in its team."""
    folder, port = meeting
    (folder / "stop").touch()
    assert team_of_two.rank(folder, 0, 1, port) == 0
    assert pickle.loads((folder / "result").read_bytes()).outcome == "interrupted"
    assert [path.name for path in order[0].checkpoints.iterdir()] == ["000000005.safetensors"]


def test_a_stop_reaches_the_processes_and_their_progress_comes_back(order, monkeypatch):
    script = """
import pickle, sys, time
from pathlib import Path
from harness.execution.job import Result
folder = Path(sys.argv[1])
(folder / "share").write_text("0.25")
while not (folder / "stop").exists():
    time.sleep(0.02)
(folder / "result").write_bytes(pickle.dumps(Result(None, "interrupted")))
"""
    monkeypatch.setattr(torchrun, "_command", lambda folder, processes: [sys.executable, "-c", script, str(folder)])
    shares = []
    reply = torchrun.execute_on_processes(*order, shares.append, lambda: bool(shares))
    assert reply.outcome == "interrupted"
    assert set(shares) == {0.25}
