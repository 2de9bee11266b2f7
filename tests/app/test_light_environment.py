"""Browsing needs app/requirements.txt and no more; what trains says in one line what to install, and makes nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLD = ROOT / "tests" / "compatibility" / "made_by_0_1"
PAGES = ("leaderboard", "compare", "lab", "tuning", "runs", "transfer", "guide")
TRAINING = ("torch", "torchvision", "mlflow", "scikit-learn", "safetensors")


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Path:
    """What a Hugging Face Space gets, by the commands of app/README.md."""
    folder = tmp_path_factory.mktemp("web")
    (commands,) = re.findall(
        r"```\n(mkdir \S*space\n.*?)\nhf upload", (ROOT / "app" / "README.md").read_text(), re.DOTALL
    )
    subprocess.run(["sh", "-ec", commands.replace("../space", str(folder / "space"))], cwd=ROOT, check=True)
    return folder / "space"


@pytest.fixture
def light(space, tmp_path):
    """Runs commands, then opens pages, in a process where nothing else can be imported, with a store of version 0.1."""
    with tarfile.open(OLD / "store.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")

    def call(*commands: str, pages: tuple[str, ...] = (), store: str = "store") -> list[dict]:
        done = subprocess.run(
            [sys.executable, "-P", Path(__file__).with_name("light.py"), space,
             json.dumps([command.split() for command in commands]), json.dumps(pages)],
            cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
            env={**os.environ, "SNRBENCH_HOME": str(tmp_path / store), "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return call


@pytest.mark.external
def test_everything_that_shows_results_works(light, tmp_path):
    own = f"--track-plugin {OLD / 'own_track.py'}"
    commands = (
        "--version",
        "leaderboard mnist-v1 --published",
        "leaderboard mnist-v1 --published --view predicts",
        f"leaderboard own-v1 {own}",
        f"leaderboard own-v1 {own} --with-bundle {OLD / 'own-v1.bundle'} --format json",
        f"bundle own-v1 {own} --plugin {OLD / 'ridge.py'} -o mine.zip",
        "status",
        "schedules plot cosine laplace -o plot.png",
        "schedules export laplace --to torch",
        "tracks show digits-v1",
        "publish mnist-v1 --site pages",
    )
    results = light(*commands, pages=PAGES)
    for command, result in zip(commands, results, strict=False):
        assert result["code"] == 0, (command, result["err"])
    assert "cosine" in results[1]["out"]
    assert {row["entry"] for row in json.loads(results[4]["out"])} >= {"cosine", "laplace", "ridge"}
    assert (tmp_path / "mine.zip").stat().st_size
    assert (tmp_path / "plot.png").stat().st_size
    pages = results[len(commands) :]
    assert len(pages) == len(PAGES)
    assert all(page["title"] and not page["wrong"] for page in pages), pages


@pytest.mark.external
def test_what_trains_says_what_to_install_and_makes_nothing(light, tmp_path):
    commands = (
        "run digits-v1",
        "run digits-v1 --dry-run",
        "quickstart",
        "tune gmm-v1 laplace",
        "tracks prepare digits-v1",
        f"verify {OLD / 'own-v1.bundle'} --track-plugin {OLD / 'own_track.py'}",
    )
    before = sorted(tmp_path.iterdir())
    for command, result in zip(commands, light(*commands, store="none"), strict=True):
        assert result["code"] == 2, (command, result)
        (line,) = result["err"].splitlines()
        names = "torch" if command.startswith("verify") else " ".join(TRAINING)
        assert line.startswith("snrbench: this needs ")
        assert line.endswith(f": pip install {names}")
    assert sorted(tmp_path.iterdir()) == before


def test_the_requirements_are_the_projects_own_without_those_of_training():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    light = [line for line in (ROOT / "app" / "requirements.txt").read_text().split("\n") if line[:1].isalnum()]
    assert light == [line for line in project["dependencies"] if re.split(r"[<>=!~]", line)[0] not in TRAINING]


def test_the_settings_for_hosts_are_those_of_the_command():
    spec = importlib.util.spec_from_file_location("web_settings", Path(__file__).with_name("web_settings.py"))
    settings = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(settings)
    assert settings.FILE.read_text() == settings.text(), "python tests/app/web_settings.py writes it"


def test_a_spaces_page_names_the_script_and_its_kind(space):
    _, header, _ = (space / "README.md").read_text().split("---\n")
    facts = dict(line.split(": ") for line in header.splitlines())
    assert facts["sdk"] == "streamlit"
    assert (space / facts["app_file"]).is_file()
    assert (space / "requirements.txt").read_text() == (ROOT / "app" / "requirements.txt").read_text()
    assert shutil.which("git") is None or not (space / ".git").exists()
