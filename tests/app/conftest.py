"""Stores with known truth, shared by the tests of the app."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from harness.results.store import Store

MAIN = Path(__file__).parents[2] / "app" / "main.py"


def _beside(name: str) -> ModuleType:
    """A helper module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


demo_store, browser, demo_table = _beside("demo_store"), _beside("browser"), _beside("demo_table")


class Page(AppTest):
    """A page, run without a browser."""

    @property
    def words(self) -> str:
        """Every piece of text on the page, tables left out."""
        kinds = ("markdown", "caption", "info", "error", "warning", "text", "title", "header")
        return "\n".join(str(element.value) for kind in kinds for element in self.get(kind))

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """Key → what a table draws."""
        return {
            element.proto.id.split("-", 2)[2]: json.loads(element.proto.json) for element in self.get("bidi_component")
        }

    @property
    def figures(self) -> dict[str, dict[str, Any]]:
        """Name → Plotly figure."""
        return {
            element.proto.id.rpartition("figure.")[2]: json.loads(element.proto.spec)
            for element in self.get("plotly_chart")
        }

    @property
    def address(self) -> dict[str, list[str]]:
        """The query parameters, each as a list."""
        return {key: [value] if isinstance(value, str) else list(value) for key, value in self.query_params.items()}

    def names(self, key: str) -> list[str]:
        """The entries of a table, from the top."""
        grid = next(table for name, table in self.tables.items() if name.startswith(key))
        cells = [cell for row in grid["rows"] for cell in row.get("cells", [])]
        return [cell["name"] for cell in cells if isinstance(cell, dict) and "name" in cell]

    def fine(self) -> Page:
        """The same page, if nothing on it went wrong."""
        assert not self.exception
        assert not self.error
        return self


@pytest.fixture(scope="session", autouse=True)
def packages_are_looked_through_once() -> Iterator[None]:
    """Streamlit reads the metadata of every installed package whenever a page is run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests)
        )
        yield


@pytest.fixture(autouse=True)
def same_main(monkeypatch) -> None:
    """The app's script is the program while it runs. Left so, a process started later would run the app first."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def stores() -> ModuleType:
    return demo_store


@pytest.fixture(scope="session")
def tables() -> ModuleType:
    return demo_table


@pytest.fixture(scope="session")
def chrome() -> ModuleType:
    return browser


@pytest.fixture
def fresh_store(tmp_path) -> Path:
    """A test's own, without a run."""
    Store(tmp_path / "store").prepare()
    return tmp_path / "store"


@pytest.fixture(scope="session")
def full_store(once) -> Path:
    """Two targets, two seeds, a diverged run, a tuned and a weighted entry, one that learns; two tuning studies."""
    entries = ("cosine", "laplace", "edm", "laplace@tuned", "laplace [weight]", "infonoise")

    def write(folder: Path) -> None:
        demo_store.build(folder, entries=entries, targets=("v", "x0"), seeds=2, diverged=("edm",))
        demo_store.studies(folder, trials=10, targets=("v",))

    return once("full", write)


@pytest.fixture(scope="session")
def hostile_store(once) -> Path:
    """Entries whose names are attacks."""
    entries = ("cosine", "laplace", *demo_store.HOSTILE)

    def write(folder: Path) -> None:
        demo_store.build(folder, entries=entries, targets=("v",), seeds=2)

    return once("hostile", write)


@pytest.fixture
def no_caches() -> Iterator[None]:
    """For tests that change what is read: what was read before is forgotten, and so is what this test read."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def _opener(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Page]:
    for name in ("MLFLOW_TRACKING_URI", "SNRBENCH_OPTUNA", "SNRBENCH_APP_PUBLISHED"):
        monkeypatch.delenv(name, raising=False)

    def opened(store: Path, page: str = "leaderboard", **address: Any) -> Page:
        monkeypatch.setenv("SNRBENCH_HOME", str(store))
        app = Page(str(MAIN), default_timeout=60)
        app.switch_page(f"screens/{page}.py")
        for key, value in address.items():
            app.query_params[key] = value
        return app.run()

    return opened


@pytest.fixture
def open_app(monkeypatch) -> Callable[..., Page]:
    """Opens a page of the app on a store, at an address."""
    return _opener(monkeypatch)


@pytest.fixture(scope="module")
def open_shared() -> Iterator[Callable[..., Page]]:
    """The same, for a page that several tests of a module look at and none changes."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield _opener(monkeypatch)
