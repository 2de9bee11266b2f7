"""The leaderboard page, run without a browser."""

from __future__ import annotations

import json

import pytest

from app import results


def words(app) -> str:
    """Every piece of text on the page."""
    kinds = ("markdown", "caption", "info", "error", "text", "title", "header")
    return "\n".join(str(one.value) for kind in kinds for one in app.get(kind))


def figures(app) -> dict[str, dict]:
    """Name → Plotly figure."""
    return {one.proto.id.rsplit(".", 1)[-1]: json.loads(one.proto.spec) for one in app.get("plotly_chart")}


def entries(app) -> list[str]:
    """The ranked table's names, from the top."""
    return [name.strip("` ") for name in app.table[0].value["entry"]]


def test_an_empty_store_says_what_to_run(open_app, tmp_path):
    app = open_app(tmp_path / "none")
    assert not app.exception
    assert not app.error
    assert [one.value for one in app.code] == ["snrbench quickstart", "snrbench run digits-v1 -s cosine -s laplace"]
    assert not (tmp_path / "none").exists()


def test_the_board_is_shown_with_intervals_and_ties(open_app, full_store):
    app = open_app(full_store, target="v")
    assert not app.exception
    assert not app.error
    table = app.table[0].value
    assert entries(app) == ["laplace", "cosine", "edm"]
    assert table.filter(like="cosine").iloc[0, 0].startswith("−5")
    assert "diverged" in table.iloc[-1].to_string()
    assert table["speed-up"].iloc[0].replace("\u00a0", " ").startswith(("2", "≥"))
    assert {metric.label: metric.value for metric in app.metric}["diverged runs"] == "2"
    assert len(figures(app)) == 6


def test_controls_offer_what_the_store_holds(open_app, full_store):
    app = open_app(full_store)
    assert app.selectbox(key="leaderboard.metric").options == [
        "fd · Fréchet distance",
        "kd · Kernel distance",
        "nll · NLL bound",
    ]
    assert app.segmented_control(key="leaderboard.target").value == "all"
    app.selectbox(key="leaderboard.metric").set_value("nll").run()
    assert not app.exception
    assert not app.error
    assert app.segmented_control(key="leaderboard.guidance").disabled
    app.selectbox(key="leaderboard.track").set_value("gmm-v1").run()
    assert not app.exception
    assert "snrbench quickstart" in [one.value for one in app.code]


def test_leaving_out_an_entry_leaves_the_figures_without_it(open_app, full_store):
    app = open_app(full_store, target="v")
    app.multiselect(key="leaderboard.entries").set_value(["laplace", "cosine"]).run()
    assert not app.error
    drawn = {trace.get("name") for trace in figures(app)["budget"]["data"]} - {None}
    assert drawn == {"laplace", "cosine"}
    assert app.query_params["entry"] == ["laplace", "cosine"]


@pytest.mark.parametrize(
    "address",
    [
        {
            "track": "digits-v1",
            "target": "x0",
            "metric": "kd",
            "guidance": "1.5",
            "entry": ["edm", "cosine"],
            "seed": "1",
        },
        {"track": "digits-v1", "target": "all", "metric": "fd", "guidance": "best", "detail": "x0"},
    ],
)
def test_an_address_restores_what_was_seen(open_app, full_store, address):
    app = open_app(full_store, **address)
    assert not app.error
    assert {key: app.query_params[key] for key in address} == address
    assert app.segmented_control(key="leaderboard.target").value == address["target"]
    assert app.segmented_control(key="leaderboard.guidance").value == address["guidance"]


def test_an_address_that_is_wrong_falls_back(open_app, full_store):
    app = open_app(full_store, track="nope", target="<b>", metric="../..", guidance="900", entry="ghost", seed="x")
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="leaderboard.track").value == "digits-v1"


def test_hostile_names_are_text(open_app, hostile_store, stores):
    app = open_app(hostile_store, target="v")
    assert not app.exception
    assert not app.error
    assert {*stores.HOSTILE, "cosine"} == {name.strip("` ") for name in entries(app)} or len(entries(app)) == 4
    assert all(name.startswith("`") and name.endswith("`") for name in app.table[0].value["entry"])
    assert "<script>" not in json.dumps(figures(app))
    assert not any(one.allow_html for one in app.markdown)


def test_a_failing_part_leaves_the_rest(open_app, full_store, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(results.views, "samples", broken)
    app = open_app(full_store, target="v")
    assert not app.exception
    (error,) = app.error
    assert "secret" not in error.value
    assert "terminal" in error.value
    assert len(figures(app)) == 6


def test_a_new_run_shows_at_the_next_click(open_app, stores, tmp_path):
    stores.build(tmp_path, entries=("cosine",), targets=("v",), seeds=2)
    app = open_app(tmp_path)
    assert entries(app) == ["cosine"]
    stores.build(tmp_path, entries=("laplace",), targets=("v",), seeds=2)
    assert entries(app.run()) == ["laplace", "cosine"]
