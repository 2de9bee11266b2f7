"""What the system or the folder lacks or has too much of: Windows, and files named as our packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import needed_packages

SNRBENCH = str(Path(sys.executable).with_name("snrbench"))
SHADOWS = ("schedules", "harness", "leaderboards", "app")
FACE = "import app, harness, leaderboards, schedules; print(schedules.create('laplace').spec, leaderboards.__all__)"


@pytest.mark.parametrize("command", [["run", "gmm-v1"], ["quickstart"], ["tune", "gmm-v1", "laplace"]])
def test_on_windows_what_trains_names_wsl_in_one_line(snrbench, monkeypatch, tmp_path, command):
    monkeypatch.setattr(sys, "platform", "win32")
    code, out, err = snrbench(*command, "--store", tmp_path / "store")
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert "WSL" in line
    assert not (tmp_path / "store").exists()


def test_on_windows_a_module_of_posix_that_is_missing_is_no_defect(monkeypatch):
    missing = ModuleNotFoundError("No module named 'fcntl'", name="fcntl")
    assert needed_packages.of_import(missing) is None
    monkeypatch.setattr(sys, "platform", "win32")
    assert "WSL" in needed_packages.of_import(missing)
    assert needed_packages.of_import(ModuleNotFoundError("No module named 'mine'", name="mine")) is None


def test_in_a_folder_with_files_named_as_our_packages_the_documented_ways_work(tmp_path):
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is not snrbench')\n")

    # What runs commands in this process may have set it, and then nothing is shadowed.
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}

    def done(*command):
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, env={**plain, "COLUMNS": "200"}
        )

    listed = done(SNRBENCH, "leaderboard", "mnist-v1", "--published", "--entry", "laplace")
    assert (listed.returncode, "laplace" in listed.stdout) == (0, True), listed.stderr
    planned = done(SNRBENCH, "run", "gmm-v1", "-s", "cosine", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    face = done(sys.executable, "-P", "-c", FACE)
    assert (face.returncode, face.stdout.startswith("laplace")) == (0, True), face.stderr
    shadowed = done(sys.executable, "-c", FACE)
    assert "this is not snrbench" in shadowed.stderr, "which is what harness/README.md says"
