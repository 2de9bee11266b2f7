"""A disk that is full in mid-command, and has room again when the command is repeated."""

import pytest

from harness.cli import main
from harness.results import read
from harness.results.store import Store
from small_disk import fill, mounted


@pytest.mark.survival
def test_a_full_disk_stops_the_command_and_loses_nothing(brief, tmp_path, capsys):
    with mounted(tmp_path / "disk") as disk:
        store = Store(disk / "store")
        store.prepare()
        request = ["run", "brief-v1", "--track-plugin", str(brief.track), "--device", "cpu"]
        request += ["--seeds", "2", "--workers", "1", "--store", str(store.root)]
        filler = fill(disk, leaving=100_000)  # the weights alone take 280 kB
        assert main.exit_code(request) == 1
        err = " ".join(capsys.readouterr().err.split())
        assert "results cannot be written" in err
        assert "No space left" in err
        assert "the same command goes on" in err
        assert "failed" not in err
        assert not list(store.outbox.glob("*-*"))

        filler.unlink()
        assert main.exit_code(request) == 0
        assert "2 finished" in capsys.readouterr().err
        assert [run.data.tags["snrbench.outcome"] for run in read.search(store, "brief-v1")] == ["finished"] * 2
