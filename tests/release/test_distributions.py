"""Wheel and sdist, as they would be uploaded, in an environment of their own and far from the repository."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import torch

import leaderboards

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ROOMS = ("schedules", "harness", "leaderboards", "app")
DATA = (".json", ".parquet", ".safetensors", ".css", ".js", ".svg", ".md", ".txt")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The sdist, and the wheel that is made of it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """The wheel in a new environment; the libraries it asks for are this environment's, which has them already."""
    home = tmp_path_factory.mktemp("new")
    venv.create(home / "env", with_pip=True)
    (wheel,) = built.glob("*.whl")
    python = home / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    (site,) = (home / "env" / "lib").glob("python3*/site-packages")
    libraries = {str(Path(torch.__file__).parents[1]), *(place for place in sys.path if place.endswith("-packages"))}
    (site / "zz_libraries.pth").write_text("\n".join(sorted(libraries)))
    return home


def snrbench(home: Path, *arguments: str) -> str:
    unset = ("SNRBENCH_HOME", "PYTHONPATH", "MLFLOW_TRACKING_URI")
    done = subprocess.run(
        [home / "env" / "bin" / "snrbench", *arguments], cwd=home, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if name not in unset},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.release
def test_both_hold_every_file_of_the_rooms(built):
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    held = set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    files = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.suffix in (".py", *DATA) and "__pycache__" not in file.parts
    }
    assert len(files) > 400
    assert not files - held
    assert not files - packed
    assert {"CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md", "tests/conftest.py"} <= packed
    assert {name.partition("/")[0] for name in held} == {*ROOMS, f"snrbench-{PROJECT['version']}.dist-info"}


@pytest.mark.release
def test_the_wheel_shows_boards_trains_and_ranks(installed):
    assert snrbench(installed, "--version").startswith(f"snrbench {PROJECT['version']}, protocol ")
    published = json.loads(snrbench(installed, "leaderboard", "digits-v1", "--published", "--format", "json"))
    rows = leaderboards.board(leaderboards.published("digits-v1"))
    assert [(row["target"], row["entry"]) for row in published] == list(zip(rows["target"], rows["entry"], strict=True))
    (installed / "short.py").write_text(
        "from harness.tracks.gmm import GMM\n"
        'TRAINING = GMM.training.model_copy(update={"steps": 100})\n'
        'SHORT = GMM.model_copy(update={"name": "short-v1", "training": TRAINING})\n'
    )
    track = ("short-v1", "--track-plugin", "short.py")
    snrbench(installed, "run", *track, "-s", "cosine", "-s", "laplace", "--seeds", "3", "--device", "cpu")
    ranked = json.loads(snrbench(installed, "leaderboard", *track, "--format", "json"))
    assert {row["entry"] for row in ranked} == {"cosine", "laplace"}
    assert all(row["seeds"] == 3 and row["mean"] > 0 for row in ranked)


@pytest.mark.release
def test_the_environment_runs_what_was_installed_and_not_the_repository(installed):
    python = installed / "env" / "bin" / "python"
    listing = subprocess.run(
        [python, "-P", "-c", "import app, harness; print(app.__file__, harness.__file__)"],
        cwd=installed, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert all(place.startswith(str(installed)) for place in listing.stdout.split())


def test_the_version_is_said_once_and_the_citation_and_the_log_of_changes_agree():
    assert re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)[1] == PROJECT["version"]
    (newest, *_) = re.findall(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest == PROJECT["version"]
    assert importlib.metadata.version("snrbench")
