"""A run on two processes by torchrun, one of which is killed: it goes on from its checkpoint when it is repeated."""

import pytest

import team_of_two
from brief_track import write_hostile_modules
from harness.execution.processes import torchrun


@pytest.mark.survival
def test_two_processes_of_which_one_was_killed_end_where_one_process_does(tmp_path, monkeypatch):
    """None of them imports from the working directory."""
    hostile, shares = tmp_path / "hostile", []
    hostile.mkdir()
    write_hostile_modules(hostile)
    monkeypatch.chdir(hostile)
    with team_of_two.loaded(tmp_path) as team:
        (work, setup), fatal = team.order(tmp_path), tmp_path / "fatal"
        fatal.touch()
        killed = torchrun.execute_on_processes(work, setup, shares.append, lambda: False)
        assert killed.outcome == "failed"
        assert killed.reason == "process 1 of 2 died (killed by signal 9; out of memory is one cause)"
        assert list((tmp_path / "checkpoints").glob("*.safetensors"))
        assert not list((tmp_path / "outbox").iterdir())

        before = team.blocks()
        result = torchrun.execute_on_processes(work, setup, shares.append, lambda: False)
        team_of_two.assert_as_one_process_would(work, result)
        assert team.blocks() - before < 12
        assert 0 < max(shares) <= 1
