"""Stores with known truth, shared by the tests of the app."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).parents[2] / "app" / "main.py"


def _beside(name: str) -> ModuleType:
    """A helper module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


demo_store, browser = _beside("demo_store"), _beside("browser")


@pytest.fixture(scope="session")
def stores() -> ModuleType:
    return demo_store


@pytest.fixture(scope="session")
def chrome() -> ModuleType:
    return browser


@pytest.fixture(scope="session")
def full_store(tmp_path_factory) -> Path:
    """Two targets, three seeds, a diverged run."""
    folder = tmp_path_factory.mktemp("full")
    return demo_store.build(folder, entries=("cosine", "laplace", "edm"), targets=("v", "x0"), diverged=("edm",))


@pytest.fixture(scope="session")
def hostile_store(tmp_path_factory) -> Path:
    """Entries whose names are attacks."""
    folder = tmp_path_factory.mktemp("hostile")
    return demo_store.build(folder, entries=("cosine", *demo_store.HOSTILE), targets=("v",), seeds=2)


@pytest.fixture
def open_app(monkeypatch) -> Callable[..., AppTest]:
    """Opens a page of the app on a store, at an address."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()

    def opened(store: Path, page: str = "leaderboard", **address: Any) -> AppTest:
        monkeypatch.setenv("SNRBENCH_HOME", str(store))
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        if page == "schedules":
            app.run()
            app.switch_page("screens/schedules.py")
        for key, value in address.items():
            app.query_params[key] = value
        return app.run()

    return opened
