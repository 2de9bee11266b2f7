"""A package that announces a schedule as an entry point: really installed by pip, found by a fresh process."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.external

ROOT = Path(__file__).parents[3]
FOUND = """
import json, schedules
loaded = schedules.load_entry_points()
info = schedules.info("example_gumbel")
print(json.dumps([loaded, info.origin, schedules.create("example_gumbel").ppf(0.5).item(), schedules.check(info.name)]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder that the example package is installed in; built from a copy, so that the repository stays clean."""
    place = tmp_path_factory.mktemp("installed")
    source = place / "source"
    shutil.copytree(ROOT / "tests" / "example_plugin", source)
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    done = subprocess.run([*command, "--target", place / "site", source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "site"


def run(*arguments, site=None):
    path = os.pathsep.join(map(str, [site, ROOT] if site else [ROOT]))
    environment = {**os.environ, "PYTHONPATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment)


def test_an_installed_package_is_found(site):
    done = run("-c", FOUND, site=site)
    assert done.returncode == 0, done.stderr
    loaded, origin, median, failures = json.loads(done.stdout)
    assert loaded == ["example_gumbel"]
    assert origin == "entry point example of snrbench-example"
    assert median == pytest.approx(0.36651292058166435)  # −ln ln 2
    assert failures == []


def test_the_command_lists_it(site):
    command = "from harness.cli.main import main; main()"
    done = run("-c", command, "schedules", "show", "example_gumbel", site=site)
    assert done.returncode == 0, done.stderr
    assert "entry point example of snrbench-example" in done.stdout


def test_without_it_the_name_is_unknown():
    done = run("-c", FOUND)
    assert done.returncode != 0
    assert "example_gumbel" in done.stderr
