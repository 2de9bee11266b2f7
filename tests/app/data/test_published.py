"""What else the app ranks than a store's runs of the usual tracks: published results, and shortened tracks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from app.command import PUBLISHED
from leaderboards.boards import query
from leaderboards.data import released
from leaderboards.releases.publishing import plots
from leaderboards.releases.publishing.publish import publish

MINE = {"cosine": 1.0, "mode": 0.8}


@pytest.fixture(scope="module")
def scene(bulk, tmp_path_factory) -> Path:
    """A release of four entries, in "published", and a store of two, "mine", one of them in the release."""
    root = tmp_path_factory.mktemp("scene")
    theirs = bulk.build(root / "theirs", bulk.TRUTH, ("v",), 3)
    bulk.build(root / "mine", MINE, ("v",), 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "draw", lambda board, folder: None)
        publish(theirs, "digits-v1", root / "published")
    return root


@pytest.fixture
def published(scene, tmp_path, monkeypatch, no_caches) -> Path:
    """The store, beside which the release is the one that comes with snrbench; copies, for a test to change."""
    released_here = shutil.copytree(scene / "published", tmp_path / "published")
    monkeypatch.setattr(released, "FOLDER", released_here)
    return Path(shutil.copytree(scene / "mine", tmp_path / "mine"))


def test_they_open_without_a_store(open_app, published, monkeypatch, tmp_path):
    monkeypatch.setenv(PUBLISHED, "1")
    app = open_app(tmp_path / "none").fine()
    assert app.names("leaderboard.table") == ["laplace", "cosine_scaled:s=2", "cosine", "edm"]
    assert not list(app.toggle)
    pages = {page: open_app(tmp_path / "none", page=page).fine() for page in ("compare", "transfer", "tuning", "runs")}
    assert "errors" in pages["compare"].figures
    assert "front" in pages["transfer"].figures
    assert "The published results hold no tuned entry yet." in pages["tuning"].words
    assert not (tmp_path / "none").exists()


def test_samples_that_came_with_them_are_shown(open_app, published, monkeypatch, tmp_path):
    """One small picture of one seed of an entry; of the others the page says that there is none."""
    monkeypatch.setenv(PUBLISHED, "1")
    compared = {"target": "v", "entry": ["laplace", "cosine", "edm"]}
    assert "No pictures: none came with" in open_app(tmp_path / "none", page="compare", **compared).fine().words
    runs = released.published_table("digits-v1").runs.query("seed == 1").set_index("entry")
    folder = released.FOLDER / "digits-v1" / "samples"
    folder.mkdir()
    for entry in ("laplace", "cosine"):
        Image.new("RGB", (100, 40)).save(folder / f"{runs['run_key'][entry]}.webp")
    app = open_app(tmp_path / "none", page="compare", **compared).fine()
    shown = [image for images in app.get("image") for image in images.proto.imgs]
    assert {image.caption for image in shown} == {"`laplace`", "`cosine`"}
    assert "No picture of seed 1: `edm`." in app.words
    keys = {widget.key for kind in ("segmented_control", "button_group") for widget in app.get(kind)}
    assert not keys & {"compare.seed", "compare.pictures"}
    of_run = open_app(tmp_path / "none", page="runs", track="digits-v1", run=runs["run_id"]["laplace"]).fine()
    assert len(of_run.get("image")) == 1
    monkeypatch.delenv(PUBLISHED)
    beside = open_app(
        published, page="compare", **{"with": "published", **compared, "entry": ["mode", "laplace"]}
    ).fine()
    assert [image.caption for images in beside.get("image") for image in images.proto.imgs] == ["`laplace`"]


def test_what_was_tuned_is_in_trainers_units_to_be_copied(open_app, monkeypatch, tmp_path, no_caches):
    """λ ~ N(−2m, (2s)²) with m = −0.3494, s = 0.374: P_mean is m + ln 0.5 in EDM2, logit_mean is −m in diffusers."""
    monkeypatch.setenv(PUBLISHED, "1")
    units = (
        "edm2 --P_mean=-1.04254718 --P_std=0.374 · diffusers-flags --weighting_scheme logit_normal --logit_mean 0.3494"
    )
    address = {"track": "digits-v1", "target": "v"}
    assert units in open_app(tmp_path / "none", page="tuning", **address).fine().words
    board = open_app(tmp_path / "none", **address).fine()
    words = board.words.replace("\\", "")
    assert "in trainers' units: tick its row" in words
    assert "m=-0.3494,s=0.374, lr × 2.92, EMA × 3.6" in words
    chosen = open_app(tmp_path / "none", **address, entry=["logit_normal@tuned", "infonoise"]).fine()
    flags = units.partition("diffusers-flags ")[2]
    assert [one.value.partition(" --logit_std")[0] for one in chosen.code] == [flags]
    assert "learns while training" in chosen.words
    chosen.selectbox(key="leaderboard.trainer").set_value("edm2").run()
    assert chosen.code[0].value.startswith("--P_mean=-1.04254718 --P_std=0.374")
    assert chosen.address["trainer"] == ["edm2"]


def test_a_store_is_ranked_among_them(open_app, published):
    app = open_app(published).fine()
    assert set(app.names("leaderboard.table")) == set(MINE)
    app.toggle(key="leaderboard.with").set_value(True).run()
    assert app.address["with"] == ["published"]
    again = open_app(published, **{"with": "published"}).fine()
    assert again.names("leaderboard.table") == app.fine().names("leaderboard.table")
    table, _ = released.with_published(query.runs_table(published, "digits-v1"), "digits-v1")
    assert app.names("leaderboard.table") == [row.entry for row in query.board_of(table, "digits-v1").rows]
    assert {"laplace", "mode"} <= set(app.names("leaderboard.table"))
    compared = open_app(published, page="compare", **{"with": "published", "entry": ["mode", "laplace", "cosine"]})
    assert "errors" in compared.fine().figures


def test_a_shortened_track_is_one_of_the_stores_tracks(bulk, open_app, fresh_store, no_caches):
    bulk.append(fresh_store, MINE, ("v",), range(3), track="digits-v1@0.2")
    app = open_app(fresh_store, track="digits-v1@0.2").fine()
    assert set(app.names("leaderboard.table")) == set(MINE)
    assert app.address["track"] == ["digits-v1@0.2"]


def test_a_board_that_ranks_nothing_does_not_open_first_and_says_why(bulk, open_app, fresh_store, no_caches):
    """mnist-v1's baseline is untrained; though listed before, it gives way to a board that ranks."""
    for track in ("mnist-v1", "fashion-latent-gpu-v1"):
        bulk.append(fresh_store, MINE, ("v",), range(3), track=track)
    app = open_app(fresh_store).fine()
    assert app.selectbox(key="leaderboard.track").value == "fashion-latent-gpu-v1"
    assert "stands among no rankings" not in app.words
    app.selectbox(key="leaderboard.track").set_value("mnist-v1").run()
    assert "mnist-v1 stands among no rankings, as it is untrained" in app.words
    assert set(app.fine().names("leaderboard.table")) == set(MINE)
