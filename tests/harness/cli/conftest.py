"""Runs the command in this process, as the console script does, and hands back its exit code and output."""

import pytest


@pytest.fixture
def snrbench(capsys, monkeypatch):
    from harness import tracks
    from harness.cli import main

    monkeypatch.setattr(tracks, "TRACKS", dict(tracks.TRACKS))  # tracks of a test's own are forgotten with it
    monkeypatch.setenv("SNRBENCH_DEBUG", "")  # so that what --debug sets is taken back

    def call(*arguments):
        code = main.exit_code([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
