"""What a newcomer runs into: pipes that close, plugins that print, files that are there already, defects."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from forgotten_plugins import forgotten_afterwards
from harness.protocol import PROTOCOL

SNRBENCH = str(Path(sys.executable).with_name("snrbench"))

PRINTS = """
print("while it is imported")
from optuna.distributions import FloatDistribution as Float
from scipy import stats
from schedules import register, weightings

class Loud:
    def __init__(self, loc): self.base = stats.norm(loc)
    def pdf(self, x): print("pdf"); return self.base.pdf(x)
    def cdf(self, x): print("cdf"); return self.base.cdf(x)
    def ppf(self, q): print("ppf"); return self.base.ppf(q)

@register("loud", space={"loc": Float(-1, 1)})
def loud(loc: float = 0.0):
    print("when it is made")
    return Loud(loc)

@weightings.register("loud_weight")
def loud_weight(logsnr):
    print("when it is asked")
    return 1 + 0 * logsnr
"""


def test_a_ctrl_c_before_any_run_is_one_line(snrbench, tmp_path):
    """Here of a plugin that is stopped while it is imported."""
    (tmp_path / "slow.py").write_text("raise KeyboardInterrupt\n")
    assert snrbench("schedules", "list", "--plugin", tmp_path / "slow.py") == (130, "", "interrupted\n")


@pytest.fixture
def loud(tmp_path):
    path = tmp_path / "loud.py"
    path.write_text(PRINTS)
    with forgotten_afterwards():
        yield path


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--json"),
        ("show", "loud", "--json"),
        ("show", "loud_weight", "--json"),
        ("check", "loud", "--json"),
        ("check", "loud_weight", "--json"),
        ("export", "loud", "--to", "json"),
        ("nearest", "loud", "--json"),
    ],
)
def test_what_a_plugin_prints_is_not_in_the_output(snrbench, loud, arguments):
    code, out, err = snrbench("schedules", *arguments, "--plugin", loud)
    assert code == 0
    assert json.loads(out)
    assert "while it is imported" in err
    assert {"loud": "when it is made", "loud_weight": "when it is asked"}.get(arguments[1], "") in err


def test_a_reader_that_leaves_ends_the_command_quietly():
    running = subprocess.Popen(
        [SNRBENCH, "schedules", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(timeout=60) in (0, 141)


def test_a_pipe_to_somebody_else_that_breaks_is_no_quiet_end(snrbench, monkeypatch):
    def fails():
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("harness.tracks.names", fails)
    code, _, err = snrbench("tracks", "list")
    assert code == 70
    assert "BrokenPipeError" in err


def test_a_defect_is_one_line_and_has_a_code_of_its_own(snrbench, monkeypatch):
    monkeypatch.setattr("harness.tracks.names", lambda: 1 / 0)
    code, out, err = snrbench("tracks", "list")
    assert (code, out) == (70, "")
    assert err == "snrbench: internal error: ZeroDivisionError: division by zero; --debug shows where\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [("disk I/O error\n[SQL: SELECT 1]", "disk I/O error;"), ("database is locked", "held by another process")],
)
def test_a_failure_of_the_record_is_one_line(snrbench, monkeypatch, tmp_path, text, named):
    import sqlite3

    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\0")

    def fails(*_):
        raise sqlite3.OperationalError(text)

    monkeypatch.setattr("harness.tracks.names", fails)
    code, _, err = snrbench("tracks", "list")
    assert code == 2
    assert named in err
    assert len(err.splitlines()) == 1


def test_version(snrbench):
    import importlib.metadata

    code, out, _ = snrbench("--version")
    assert code == 0
    for part in (importlib.metadata.version("snrbench"), f"protocol {PROTOCOL}", importlib.metadata.version("torch")):
        assert part in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "gmm-v1", "--seeds", "three"], "--seeds is 'three'; expected an integer"),
        (["run", "gmm-v1", "--apply", "guess"], "--apply is 'guess'; expected one of sample, weight"),
        (["schedules", "nearest", "cosine", "-n", "0"], "--count is '0'; expected at least 1"),
        (["app", "--port", "99999"], "--port is '99999'; expected at most 65535"),
        (["status", "--store", ""], "--store is ''; expected a folder"),
        (["bundle", "gmm-v1"], "Missing option '-o' / '--out': The bundle to write."),
    ],
)
def test_a_refused_option_says_name_value_and_expectation(snrbench, arguments, line):
    assert snrbench(*arguments) == (2, "", f"snrbench: {line}\n")


@pytest.mark.parametrize("command", [["status"], ["leaderboard", "gmm-v1"], ["run", "gmm-v1"], ["quickstart"]])
def test_a_store_that_is_a_file(snrbench, tmp_path, command):
    file = tmp_path / "store"
    file.touch()
    code, out, err = snrbench(*command, "--store", file)
    assert (code, out) == (2, "")
    assert err == f"snrbench: --store is '{file}', a file; expected a folder\n"


@pytest.mark.parametrize("command", [["status"], ["leaderboard", "gmm-v1"]])
@pytest.mark.parametrize("content", [None, "", "mlflow.db"])
def test_no_store_is_the_same_for_every_command_and_the_hint_names_it(snrbench, tmp_path, command, content):
    store = tmp_path / "my store"
    if content is not None:
        store.mkdir()
    if content:
        (store / content).touch()
    code, out, err = snrbench(*command, "--store", store)
    assert (code, out) == (2, "")
    assert f"--store '{store}'` makes one" in err
    assert sorted(path.name for path in store.glob("*")) == ([content] if content else [])


@pytest.mark.parametrize(
    ("arguments", "start"),
    [(("export", "cosine", "--to", "json"), b"{"), (("plot", "cosine"), b"\x89PNG")],
)
def test_a_file_is_replaced_only_by_force(snrbench, tmp_path, arguments, start):
    out = tmp_path / "there.png"
    out.write_text("mine")
    code, _, err = snrbench("schedules", *arguments, "--out", out)
    assert (code, out.read_text()) == (2, "mine")
    assert "there.png" in err
    assert "--force" in err
    assert snrbench("schedules", *arguments, "--out", out, "--force")[0] == 0
    assert out.read_bytes().startswith(start)
    assert snrbench("schedules", *arguments, "--out", tmp_path)[0] == 2


@pytest.mark.parametrize("arguments", [("export", "cosine", "--to", "json"), ("plot", "cosine")])
def test_what_cannot_be_written_whole_replaces_nothing(snrbench, tmp_path, monkeypatch, arguments):
    def full(self, *arguments, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "there.png"
    out.write_text("mine")
    monkeypatch.setattr("pathlib.Path.write_text", full)
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    code, _, err = snrbench("schedules", *arguments, "--out", out, "--force")
    assert (code, err) == (2, f"snrbench: '{out}': No space left on device\n")
    assert (out.read_text(), len(list(tmp_path.iterdir()))) == ("mine", 1)


@pytest.mark.parametrize("arguments", [("export", "cosine", "--to", "json"), ("plot", "cosine")])
def test_no_pipe_or_device_is_replaced(snrbench, tmp_path, arguments):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    code, _, err = snrbench("schedules", *arguments, "--out", pipe, "--force")
    assert (code, pipe.is_fifo()) == (2, True)
    assert "expected a file" in err


def test_a_list_in_a_pipe_loses_nothing(snrbench):
    import schedules

    _, out, _ = snrbench("schedules", "list")
    assert not [line for line in out.splitlines() if line != line.rstrip()]
    for name in ("adaptive_nonuniform", "cosine_interpolated"):
        (line,) = [line for line in out.splitlines() if line.startswith(f"{name} ")]
        assert schedules.info(name).summary in line


def commands(group, path=()):
    """Every command, by the words that start it, with its parameters."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join([*path, name]), {parameter.name: parameter.opts for parameter in command.params}


def test_options_are_spelled_alike_everywhere():
    """Output files and folders are -o, --out; whatever reports does so as JSON, too. Older spellings go on working."""
    import typer

    from harness.cli.main import cli

    options = commands(typer.main.get_command(cli))
    words = {name: {word for opts in of.values() for word in opts} for name, of in options}
    no_report = {"app", "quickstart", "schedules new", "schedules plot", "schedules export"}
    assert {name for name, of in words.items() if "--json" not in of} == no_report
    writes = {"bundle", "publish", "schedules export", "schedules new", "schedules plot"}
    assert (
        {name for name, of in words.items() if "--out" in of}
        == {name for name, of in words.items() if "-o" in of}
        == writes
    )
    for name, old in (
        ("publish", "--to"),
        ("schedules export", "--to"),
        ("schedules new", "--in"),
        ("leaderboard", "--format"),
    ):
        assert old in words[name]
    assert "--format" in words["schedules export"]


def test_json_is_the_format(snrbench):
    board = ("leaderboard", "mnist-v1", "--published", "-t", "v")
    assert snrbench(*board, "--json") == snrbench(*board, "--format", "json")
    code, _, err = snrbench(*board, "--json", "--format", "md")
    assert (code, err) == (2, "snrbench: --json with --format md; choose one\n")
