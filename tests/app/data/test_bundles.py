"""Results that others handed in, shown beside the store's own."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from app.command import BUNDLES
from harness.cli.main import main
from leaderboards.releases.bundles import archive, contents, receipt

TRACK = "digits-v1"


@pytest.fixture
def own(bulk, fresh_store):
    return bulk.build(fresh_store, {"cosine": 1.0, "laplace": 0.9}, ["v"], 2)


@pytest.fixture(scope="module")
def handed_in(bulk, tmp_path_factory):
    """A bundle of one entry that the store beside it does not have."""
    root = tmp_path_factory.mktemp("handed in")
    theirs = bulk.build(root / "theirs", {"cauchy": 0.8}, ["v"], 2)
    file = root / "theirs.zip"
    contents.make(theirs, TRACK, file)
    return file


def marks(app):
    rows = app.fine().tables["leaderboard.table"]["rows"]
    return {row["id"]: {badge["text"] for badge in row["cells"][1]["badges"]} for row in rows}


def test_a_bundle_ranks_beside_the_store_and_says_whether_it_was_repeated(
    open_app, own, handed_in, monkeypatch, no_caches
):
    monkeypatch.setenv(BUNDLES, str(handed_in))
    shown = marks(open_app(own, target="v"))
    assert shown["cauchy"] == {"self-reported"}
    assert not {"verified", "self-reported"} & shown["laplace"]
    agreed = receipt.Receipt(
        bundle=archive.digest(handed_in),
        made=datetime.now(UTC).isoformat(),
        agreed=True,
        rerun=(),
        unverifiable=(),
        tolerance="",
    )
    receipt.save(own, agreed)
    assert marks(open_app(own, target="v"))["cauchy"] == {"verified"}


def test_a_bundle_needs_no_store_of_ones_own(open_app, handed_in, tmp_path, monkeypatch, no_caches):
    monkeypatch.setenv(BUNDLES, str(handed_in))
    assert set(marks(open_app(tmp_path / "none", target="v"))) == {"cauchy"}
    for page in ("compare", "runs", "transfer", "tuning"):
        open_app(tmp_path / "none", page).fine()
    assert not (tmp_path / "none").exists()


def test_a_bundle_that_is_none_is_refused_before_anything_is_served(tmp_path, monkeypatch, capsys, chrome):
    broken = tmp_path / "broken.zip"
    broken.write_text("no zip")
    arguments = ["app", "--published", "--port", str(chrome.free_port()), "--with-bundle", str(broken)]
    monkeypatch.setattr(sys, "argv", ["snrbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"snrbench: bundle {broken}: ")
