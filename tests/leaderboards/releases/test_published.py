"""Released results: the board that is published is the board that it was made from, wherever it is read."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from math import isclose

import pytest

from harness import tracks
from harness.results import read
from leaderboards.boards import query
from leaderboards.data import released
from leaderboards.releases import small_curves
from leaderboards.releases.publishing import freezing, plots
from leaderboards.releases.publishing.publish import publish
from leaderboards.render.values import record
from schedules.errors import UserError

TRACK = "digits-v1"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where releases are read from and written to; those that are made here have no pictures, which take long."""
    folder = tmp_path / "published"
    monkeypatch.setattr(released, "FOLDER", folder)
    monkeypatch.setattr(plots, "draw", lambda board, folder: None)
    return folder


@pytest.fixture(scope="module")
def publication(_built, tmp_path_factory):
    return publish(
        shutil.copytree(_built, tmp_path_factory.mktemp("made") / "store"), TRACK, tmp_path_factory.mktemp("to")
    )


@pytest.fixture
def out(publication, home):
    """The release of `real_store`, in a folder of this test's own."""
    return replace(publication, folder=shutil.copytree(publication.folder, home / TRACK))


def rows(board):
    return {(row.entry, row.target): record(row) for row in board.rows}


def alike(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-4, abs_tol=1e-7)
    return one == other


def measured(tables):
    """Metrics with the split that they were measured on."""
    pairs = tables.scores[["metric", "split"]].drop_duplicates()
    return {f"{metric}/{split}" for metric, split in zip(pairs["metric"], pairs["split"], strict=True)}


def test_the_published_board_is_the_board_it_was_made_from(real_store, out):
    shutil.rmtree(real_store)
    for metric, target in (("fd", None), ("kd", "v"), ("nll", None), ("memorised", "x0")):
        published = query.board_of(released.published_table(TRACK), TRACK, metric=metric, target=target)
        assert published.sections
        assert {row.source for row in published.rows} == {"published"}
    published = query.board_of(released.published_table(TRACK), TRACK)
    assert [row.entry for row in published.rows] == [row.entry for row in out.board.rows]


def test_every_number_survives_to_single_precision(real_store, out):
    own = rows(query.board_of(query.runs_table(real_store, TRACK), TRACK))
    published = rows(query.board_of(released.published_table(TRACK), TRACK))
    assert own.keys() == published.keys()
    for key, row in own.items():
        assert alike({**row, "source": "published"}, published[key]), key


def test_what_only_means_something_in_the_store_is_not_released(real_store, out):
    ids = query.runs_table(real_store, TRACK).runs["run_id"]
    content = b"".join(file.read_bytes() for file in out.folder.iterdir())
    assert not any(str(run_id).encode() in content for run_id in ids)
    published = released.published_table(TRACK)
    assert set(published.runs["host"]) == {""}
    assert set(published.runs["run_id"]) == {f"published:{key}" for key in published.runs["run_key"]}
    assert "kd_se/val" not in measured(published)


def test_the_release_says_what_it_is_of(out):
    release = released.release(TRACK)
    assert release == out.release
    track = tracks.get(TRACK)
    assert (release.protocol, release.track_fingerprint) == (track.protocol, track.fingerprint)
    assert (release.runs, release.entries, release.targets, release.seeds) == (36, 4, ("eps", "v", "x0"), (0, 1, 2))
    assert release.hardware == ("a test machine",)
    assert release.missing == ()
    assert release.commands == (
        "snrbench run digits-v1 -s cosine -s cosine_scaled:s=2 -s edm -s laplace -t eps -t v -t x0 --seeds 3",
    )
    assert released.released_tracks() == [TRACK]


def test_curves_are_released_too(real_store, out):
    table = query.runs_table(real_store, TRACK).runs
    run_id, run_key = (str(table[name].iloc[5]) for name in ("run_id", "run_key"))
    for of in (small_curves.losses, small_curves.error_curves):
        own, published = (
            of(real_store, TRACK, [run_id]),
            of(real_store.parent / "nowhere", TRACK, [f"published:{run_key}"]),
        )
        assert own[run_id].x.tolist() == published[f"published:{run_key}"].x.tolist()
        assert own[run_id].y.tolist() == published[f"published:{run_key}"].y.tolist()


def test_there_is_a_picture_of_each_section(out):
    for target in ("eps", "v", "x0", "all"):
        picture = (released.FOLDER / TRACK / f"{target}.svg").read_text(encoding="utf-8")
        assert "laplace" in picture
        assert "−50 %" in picture
    assert not (released.FOLDER / TRACK / "flow.svg").exists()
    section = out.board.cells[0]
    figure = plots.intervals(out.board, section)
    drawn = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_marker() in ("o", "D")]
    assert drawn == [row.ratio for row in section.rows]


def test_one_seed_is_refused(tmp_path, real_store, home):
    with sqlite3.connect(real_store / "mlflow.db") as db:
        db.execute(
            "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid NOT IN"
            " (SELECT run_uuid FROM tags WHERE key = 'snrbench.seed' AND value = '0')"
        )
    with pytest.raises(UserError, match="one seed, 0"):
        publish(real_store, TRACK, home)
    with pytest.raises(UserError, match=r"no runs of gmm-v1 .*as the track is now"):
        publish(real_store, "gmm-v1", home)
    assert not home.exists()


def test_what_is_missing_is_listed(real_store, bulk, home):
    bulk.append(real_store, {"laplace": 0.5}, ["v"], [3])
    missing = publish(real_store, TRACK, home).release.missing
    assert "laplace × eps: seeds 3" in missing
    assert "cosine × v: seeds 3" in missing
    assert "laplace × v: seeds 3" not in missing
    assert len(missing) == 4 * 3 - 1


def test_the_log_says_what_changed(real_store, bulk, home, out):
    log = home / TRACK / released.CHANGES
    assert out.changed == ("first release: 4 entries",)
    assert publish(real_store, TRACK, home).changed == ()
    assert log.read_text().count("## ") == 1
    bulk.append(real_store, {"edm:p=1": 0.9}, ["v", "x0"], [0, 1])
    with sqlite3.connect(real_store / "mlflow.db") as db:
        ids = "(SELECT run_uuid FROM tags WHERE key = 'snrbench.entry' AND value = ?)"
        db.execute(f"UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN {ids}", ["edm"])
        key = bulk.key("laplace", "v", 1)
        run = f"run_uuid = (SELECT run_uuid FROM tags WHERE key = 'snrbench.run_key' AND value = '{key}')"
        db.execute(f"UPDATE latest_metrics SET value = 3 * value WHERE key = 'test/fd/g1.5' AND {run}")
        db.execute(f"UPDATE runs SET end_time = end_time + 1 WHERE {run}")
    changed = publish(real_store, TRACK, home, replace=True).changed
    assert changed[:2] == ("added: edm:p=1 × v, x0", "removed: edm × eps, v, x0")
    assert [line.split(":")[0] + line.split(":")[1].split("fd")[0] for line in changed[2:]] == ["rescored laplace × v"]
    text = log.read_text()
    assert text.index("edm:p=1") < text.index("first release")
    assert text.count("# Releases of") == 1


def test_a_failure_leaves_the_old_release(real_store, bulk, home, out, monkeypatch):
    before = {file.name: file.read_bytes() for file in out.folder.iterdir()}
    bulk.append(real_store, {"new": 0.9}, ["v"], [0, 1])
    monkeypatch.setattr(plots, "draw", lambda board, folder: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(UserError, match=r"cannot be written .*no space left"):
        publish(real_store, TRACK, home)
    assert {file.name: file.read_bytes() for file in out.folder.iterdir()} == before
    assert [folder.name for folder in home.iterdir()] == [TRACK]


def test_own_and_published_runs_of_one_key_count_once(real_store, bulk, out):
    bulk.append(real_store, {"edm:p=1": 0.9}, ["v"], [0, 1, 2])
    own = query.runs_table(real_store, TRACK)
    both, notes = released.with_published(own, TRACK)
    assert notes == []
    assert both.runs["run_key"].nunique() == len(own.runs) == len(both.runs)
    assert set(both.runs["source"]) == {""}
    mine = own.where(own.runs["entry"].isin(["cosine", "edm:p=1"]))
    both, _ = released.with_published(mine, TRACK)
    ranked = {row.entry: row for row in query.board_of(both, TRACK, target="v").rows}
    assert {entry: row.source for entry, row in ranked.items()} == {
        **{"cosine": "", "edm:p=1": "", "laplace": "published", "cosine_scaled:s=2": "published", "edm": "published"},
    }
    assert ranked["laplace"].pairs == 3


def test_one_label_with_other_numbers_behind_it_is_kept_apart(real_store, out):
    with sqlite3.connect(real_store / "mlflow.db") as db:
        of = "run_uuid IN (SELECT run_uuid FROM tags WHERE key = 'snrbench.entry' AND value = 'edm')"
        db.execute(f"UPDATE tags SET value = 'e' || substr(value, 2) WHERE key = 'snrbench.run_key' AND {of}")
        db.execute(f"UPDATE tags SET value = 'abcdefabcdefabcd' WHERE key = 'snrbench.fingerprint' AND {of}")
    both, _ = released.with_published(query.runs_table(real_store, TRACK, rebuild=True), TRACK)
    names = {
        row.entry: row.source for row in query.board_of(both, TRACK, target="v").rows if row.entry.startswith("edm#")
    }
    assert sorted(names.values()) == ["", "published"]
    assert "edm#abcdef" in names


def test_other_versions_do_not_meet(real_store, out, monkeypatch):
    own = query.runs_table(real_store, TRACK)
    old = replace(own, runs=own.runs.assign(track_fingerprint="0" * 16))
    both, notes = released.with_published(old, TRACK)
    assert set(both.runs["source"]) == {"published"}
    assert "36 own runs left out" in notes[0]
    monkeypatch.setattr("harness.tracks.track.PROTOCOL", "9")
    both, notes = released.with_published(own, TRACK)
    assert set(both.runs["source"]) == {""}
    assert "published results left out" in notes[0]


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("release.json", b"{}", "is no release"),
        ("release.json", b"\xff", "is no release"),
        ("results.parquet", b"PAR1", "holds no results"),
    ],
)
def test_a_damaged_release_is_one_line(out, file, content, words):
    (out.folder / file).write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        released.published_table(TRACK)
    assert "\n" not in str(caught.value)


def test_a_later_schema_is_refused(out):
    file = out.folder / released.RELEASE
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema_version": 99}))
    with pytest.raises(UserError, match="schema version 99; expected 1"):
        released.release(TRACK)


def test_a_diverged_run_is_released_as_such(real_store, home):
    with sqlite3.connect(real_store / "mlflow.db") as db:
        run = "(SELECT run_uuid FROM tags WHERE key = 'snrbench.entry' AND value = 'edm' LIMIT 1)"
        db.execute(f"UPDATE tags SET value = 'diverged' WHERE key = 'snrbench.outcome' AND run_uuid = {run}")
    publish(real_store, TRACK, home)
    published = released.published_table(TRACK)
    (number,) = published.runs.index[published.runs["outcome"] == "diverged"]
    assert published.runs.loc[number, "entry"] == "edm"
    assert number not in set(published.scores["run"])
    assert sum(row.diverged for row in query.board_of(published, TRACK).cells[0].rows) == 1


def test_scores_that_are_used_are_released(real_store, out):
    own = query.runs_table(real_store, TRACK)
    assert measured(own) - measured(released.published_table(TRACK)) == {"kd_se/val", "train/loss/"}
    assert freezing.kept("mark25/test/fd/g1")
    assert read.cells("mark25/test/fd/g1")["mark"] == 0.25


@pytest.mark.parametrize("track", released.released_tracks())
def test_a_card_has_the_baseline_at_its_best_scale_as_the_board_has(track):
    """What decides whether a board stands among the rankings is what was published of the baseline."""
    distance = tracks.get(track).evaluation.distance
    board = query.board_of(released.published_table(track), track, metric=distance)
    on_card = tracks.card(track)["baseline_best"]
    assert set(on_card) >= {cell.target for cell in board.cells}
    for cell in board.cells:
        (baseline,) = (row for row in cell.rows if row.baseline)
        figures = on_card[cell.target]
        assert (figures["guidance"], figures["seeds"]) == (baseline.guidance_scale, baseline.seeds)
        assert figures["fd_mean"] == pytest.approx(baseline.mean, rel=1e-5)
