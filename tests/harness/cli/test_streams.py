"""Output without Unicode, closed or full: text degrades, what programs read does not, and nothing is a defect."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import streams

SNRBENCH = str(Path(sys.executable).with_name("snrbench"))
NO_UNICODE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
BOARD = ["leaderboard", "gmm-v1", "--published", "-t", "v"]


def started(arguments, environment, redirected=""):
    """The command as a shell starts it, since a closed stream is nothing that `subprocess` gives a child."""
    command = " ".join([SNRBENCH, *arguments, redirected])
    return subprocess.run(["bash", "-c", command], env=os.environ | environment, capture_output=True, check=False)


@pytest.fixture
def ascii_output(monkeypatch, tmp_path):
    """Runs a command of this process with an output that has nothing but ASCII; gives its code and bytes."""
    from harness.cli import main

    def call(*arguments, encoding="ascii"):
        file = tmp_path / "out"
        with file.open("wb", buffering=0) as raw:
            before = io.TextIOWrapper(io.BytesIO(), encoding)
            out = streams._text(streams._Output(raw.fileno(), "w", closefd=False), before)
            monkeypatch.setattr(sys, "stdout", out)
            code = main.exit_code(list(arguments))
        return code, file.read_bytes()

    return call


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_text_degrades_to_what_the_output_has(ascii_output, encoding):
    code, out = ascii_output(*BOARD, encoding=encoding)
    lines = out.decode(encoding).splitlines()
    assert code == 0
    dot, either = {"ascii": (".", "+/-"), "cp1252": ("·", "±")}[encoding]
    assert lines[0].startswith(f"gmm-v1 {dot} Excess risk {dot} target v {dot} ")
    assert lines[0].endswith(f"the same within {either} 5 %")
    assert re.search(r" -\d+ % \[-\d+, -\d+\]", out.decode(encoding))
    assert "?" not in out.decode(encoding)


def test_what_programs_read_does_not_degrade(ascii_output):
    code, page = ascii_output(*BOARD, "--format", "html")
    assert code == 0
    assert '<meta charset="utf-8">' in page.decode("utf-8")
    assert re.search(r"−\d+ % \[−\d+, −\d+\]", page.decode("utf-8"))
    code, out = ascii_output("schedules", "show", "laplace", "--json")
    assert (code, out.isascii()) == (0, True)
    assert "λ" in json.loads(out)["doc"]


@pytest.mark.parametrize(("text", "degraded"), [("λ ≥ −½ ± σ²", "lambda >= -1/2 +/- sigma^2"), ("│─┘ é 漢", "|-+ e ?")])
def test_characters_stand_for_themselves(text, degraded):
    assert text.encode("ascii", streams.DEGRADE).decode() == degraded


@pytest.mark.parametrize(
    ("arguments", "redirected", "code", "message"),
    [
        (["tracks", "list"], ">&-", 2, "snrbench: standard output cannot be written: it is closed\n"),
        (["tracks", "list", "--json"], ">/dev/full", 2, "No space left on device\n"),
        (["tracks", "show", "nope"], ">&- <&-", 2, "snrbench: unknown track 'nope'"),
        (["tracks", "show", "nope"], "2>/dev/full", 2, ""),
    ],
)
def test_a_stream_that_cannot_be_written_is_one_line(arguments, redirected, code, message):
    done = started(arguments, NO_UNICODE, redirected)
    assert done.returncode == code
    assert message in done.stderr.decode()
    assert done.stderr.count(b"\n") == bool(message)
