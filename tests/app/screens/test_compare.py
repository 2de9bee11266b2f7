"""The compare page, run without a browser."""

from __future__ import annotations

import numpy as np
import pytest

from app.charts.errors import relative
from app.data import results
from app.style.theme import Style
from leaderboards.boards import query
from leaderboards.comparisons.choice import Choice, panel_of
from leaderboards.comparisons.views.resolution import separation
from leaderboards.releases.error_bands import ErrorBands
from leaderboards.statistics import error_bands


@pytest.fixture(scope="module")
def entries():
    return ["laplace", "cosine", "infonoise"]


@pytest.fixture(scope="module")
def page(open_shared, full_store, entries):
    return open_shared(full_store, "compare", target="v", entry=entries).fine()


def test_everything_is_drawn_of_the_chosen_entries(page, full_store, entries):
    assert set(page.names("compare.table")) == set(entries)
    drawn = {"density", "time", "weight", "errors", "budget", "guidance", "seeds", "losses", "learned"}
    assert set(page.figures) == drawn
    lines = {trace.get("name") for trace in page.figures["budget"]["data"]} - {None}
    assert lines == set(entries)
    (star,) = [trace for trace in page.figures["budget"]["data"] if trace.get("marker", {}).get("symbol") == "star"][:1]
    speedup = next(
        row.speedup for row in query.open_board(full_store, "digits-v1", target="v").rows if row.entry == "laplace"
    )
    assert star["x"][0] == pytest.approx(1 / speedup)
    assert len(page.get("image")) == len(entries)
    assert page.address["entry"] == entries


def test_colours_are_those_of_every_page(page):
    colours = {trace["name"]: trace["line"]["color"] for trace in page.figures["density"]["data"]}
    swatches = {row["cells"][1]["name"]: row["cells"][1]["colour"] for row in page.tables["compare.table"]["rows"]}
    assert colours == swatches


def test_more_seeds_are_those_of_the_statistics(page, full_store):
    panel = panel_of(query.runs_table(full_store, "digits-v1"), "digits-v1", Choice("fd", "v"))
    expected = separation(panel, "laplace", "infonoise", "v")
    (row,) = [row for row in page.tables["compare.power"]["rows"] if row["id"] == "infonoise"]
    assert row["cells"][1] == expected.effect.text
    assert row["cells"][4] == str(expected.seeds)


def test_one_entry_is_too_few_and_nine_too_many(open_app, full_store):
    app = open_app(full_store, "compare", target="v", entry="laplace").fine()
    assert "at least two" in app.words
    assert app.multiselect(key="compare.entry").proto.max_selections == 8
    app = open_app(full_store, "compare", target="v", entry="ghost").fine()
    assert len(app.multiselect(key="compare.entry").value) == 4


def test_a_seed_and_its_nearest_images_are_restored(open_app, full_store, entries, monkeypatch):
    files = []
    picture = results.picture
    monkeypatch.setattr(results, "picture", lambda *run, **more: files.append(run[-1]) or picture(*run, **more))
    address = {"target": "v", "entry": entries, "seed": "1", "pictures": "nearest training images"}
    app = open_app(full_store, "compare", **address).fine()
    assert {key: app.address[key] for key in ("seed", "pictures")} == {"seed": ["1"], "pictures": [address["pictures"]]}
    assert set(files) == {"nearest.png"}


def test_hostile_names_are_text(open_app, hostile_store, stores):
    app = open_app(hostile_store, "compare", entry=[*stores.HOSTILE, "cosine"]).fine()
    assert set(app.names("compare.table")) == {*stores.HOSTILE, "cosine"}
    assert not any(element.allow_html for element in app.markdown)
    assert "<script>" not in str(app.figures)


@pytest.mark.parametrize(("seeds", "bands"), [(2, 0), (3, 2)])
def test_two_seeds_have_no_band_over_lambda(seeds, bands):
    errors = np.exp(0.1 * np.random.default_rng(0).standard_normal((2, seeds, 5)))
    comparison = ErrorBands(("cosine", "laplace"), np.linspace(-4, 4, 5), error_bands.bands(errors, 0), "cosine")
    drawn = relative(comparison, {"laplace": Style("#0072B2")}).data
    assert len([trace for trace in drawn if not trace.name]) == bands
    assert [trace.name for trace in drawn if trace.name] == ["laplace"]
