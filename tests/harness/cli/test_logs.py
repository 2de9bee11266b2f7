"""Where output goes to a file or a CI log: a line now and then, or with --quiet nothing but what went wrong."""

from __future__ import annotations

import re
import shlex
import time

import pytest

from harness import heartbeat, tracks
from leaderboards.releases.publishing import publish
from scene import Scene
from schedules.errors import UserError


def test_a_run_says_where_it_is_and_with_quiet_nothing(snrbench, tmp_path, monkeypatch):
    scene = Scene(tmp_path, steps=20)
    request = ("run", "tiny-v1", "--track-plugin", scene.track, "--store", scene.store("store"), "--seeds", 1,
               "--workers", 1, "--device", "cpu")  # fmt: skip
    monkeypatch.setattr(heartbeat, "SECONDS", 0.1)
    code, _, err = snrbench(*request)
    assert code == 0
    lines = err.splitlines()
    assert re.fullmatch(r"starting · 0 min \d\d s", lines[0]), err
    assert [line for line in lines if re.fullmatch(r"0 of 1 runs.* · \d+ min \d\d s", line)], err
    assert lines[-2].startswith("1 finished in ")
    assert lines[-1].startswith("next: snrbench leaderboard tiny-v1 --track-plugin")
    assert snrbench(*shlex.split(lines[-1])[2:])[0] == 0, "it can be pasted"
    assert "already in the store" in snrbench(*request)[2]
    assert snrbench(*request, "--quiet") == (0, "", "")
    code, out, err = snrbench(*request, "-q", "--metric-plugin", tmp_path / "none.py")
    assert (code, out) == (2, "")
    assert "none.py" in err
    tracks.TRACKS.pop("tiny-v1", None)


def test_publishing_says_that_it_is_at_work(snrbench, monkeypatch):
    def stuck(track, folder):
        time.sleep(0.3)
        raise UserError("done with waiting")

    monkeypatch.setattr(heartbeat, "SECONDS", 0.05)
    monkeypatch.setattr(publish, "recompute", stuck)
    code, _, err = snrbench("publish", "digits-v1", "--recompute")
    assert code == 2
    assert re.match(r"publishing digits-v1 · 0 min 00 s$", err, re.MULTILINE), err


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_has_a_bar_and_no_lines(terminal, monkeypatch, capsys):
    from rich.console import Console

    console = Console(stderr=True)
    monkeypatch.setattr(heartbeat, "SECONDS", 0.02)
    monkeypatch.setattr(console.file, "isatty", lambda: terminal)
    with heartbeat.heartbeat(console, lambda: "3 of 4 runs"):
        time.sleep(0.2)
    assert ("3 of 4 runs · 0 min 00 s" in capsys.readouterr().err) is not terminal
