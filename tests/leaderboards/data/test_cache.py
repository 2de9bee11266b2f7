"""The cache is never the record: whatever happens to it, a board says what MLflow holds."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from harness.results import read
from harness.results.sql import Database
from harness.results.store import Store
from leaderboards.boards import query
from leaderboards.data.cache import files, lines, packed, sync
from leaderboards.data.tables import stacked
from leaderboards.render.formats.json import board as to_json
from schedules.errors import UserError

TRACK = "digits-v1"
FIELDS = ["run_id", "metric", "split", "guidance", "mark"]


@pytest.fixture
def read_ids(monkeypatch):
    """The ids of the runs that are read from MLflow's tables, rather than taken from the cache."""
    ids = []
    original = Database.recorded

    def spy(self, runs):
        runs = list(runs)
        ids.extend(run.run_id for run in runs)
        return original(self, runs)

    monkeypatch.setattr(Database, "recorded", spy)
    return ids


def cache_file(store):
    return store / "cache" / f"{TRACK}.runs.parquet"


def ordered(table):
    return table.sort_values(FIELDS).reset_index(drop=True)[list(read.COLUMNS)]


@pytest.fixture
def same(one_table):
    """Whether two tables say the same: `Tables`, or one table of both as `read_runs` gives it."""

    def check(actual, wanted):
        tables = (ordered(table if isinstance(table, pd.DataFrame) else one_table(table)) for table in (actual, wanted))
        pd.testing.assert_frame_equal(*tables, check_dtype=False, rtol=1e-6)

    return check


def change(store, statement, *values):
    with sqlite3.connect(store / "mlflow.db") as db:
        db.execute(statement, values)


def test_the_cache_says_what_mlflow_says(real_store, same):
    """Three readings of one store: MLflow's own client run by run, plain SQL, and the file."""
    opened = Store(real_store)
    by_mlflow = {run.run.run_id: run for run in read.recorded(opened, None, TRACK)}
    by_sql = {run.run.run_id: run for run in read.recorded(opened, read.listing(opened, TRACK))}
    assert by_mlflow.keys() == by_sql.keys()
    assert len(by_sql) == 36
    for run_id, run in by_sql.items():
        assert run.metrics == by_mlflow[run_id].metrics
        assert run.run == by_mlflow[run_id].run
        assert run.tags.items() <= by_mlflow[run_id].tags.items()
    direct = read.read_runs(real_store, TRACK)
    for _ in range(2):
        same(query.runs_table(real_store, TRACK), direct)


def test_a_board_from_the_cache_is_the_board_from_the_record(real_store):
    fresh, cached = (query.board_of(query.runs_table(real_store, TRACK), TRACK) for _ in range(2))
    assert to_json(cached) == to_json(fresh)


def test_only_what_is_new_is_read(real_store, bulk, read_ids, same):
    query.runs_table(real_store, TRACK)
    assert len(read_ids) == 36
    read_ids.clear()
    query.runs_table(real_store, TRACK)
    assert read_ids == []
    version = query.store_version(real_store, TRACK)
    added = bulk.append(real_store, {"edm": 1.2}, ["v"], [3])
    assert query.store_version(real_store, TRACK) != version
    table = query.runs_table(real_store, TRACK)
    assert read_ids == added
    assert set(added) < set(table.runs["run_id"])
    same(table, read.read_runs(real_store, TRACK))


def test_deleted_restored_and_changed_runs_are_noticed(real_store, one_table):
    before = query.runs_table(real_store, TRACK)
    gone = before.runs["run_id"].iloc[0]
    change(real_store, "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = ?", gone)
    assert gone not in set(query.runs_table(real_store, TRACK).runs["run_id"])
    change(real_store, "UPDATE runs SET lifecycle_stage = 'active' WHERE run_uuid = ?", gone)
    change(real_store, "UPDATE latest_metrics SET value = 42 WHERE run_uuid = ? AND key = 'test/nll'", gone)
    change(real_store, "UPDATE runs SET end_time = end_time + 1 WHERE run_uuid = ?", gone)
    table = one_table(query.runs_table(real_store, TRACK))
    chosen = (table["run_id"] == gone) & (table["metric"] == "nll") & (table["mark"] == 1)
    assert table.loc[chosen, "value"].tolist() == [42]


@pytest.mark.parametrize("ahead", [0, 86_400_000])
def test_of_several_runs_of_one_key_the_one_recorded_last_counts(real_store, bulk, ahead):
    """Also where the clock was ahead, by so many milliseconds, when the others began."""
    change(real_store, "UPDATE runs SET start_time = start_time + ?, end_time = end_time + ?", ahead, ahead)
    query.runs_table(real_store, TRACK)
    again = bulk.append(real_store, {"edm": 1.2}, ["v"], [0], curves=False)
    runs = query.runs_table(real_store, TRACK).runs
    assert runs.query("entry == 'edm' and target == 'v' and seed == 0")["run_id"].tolist() == again
    assert len(runs) == 36


@pytest.mark.parametrize("damage", ["truncated", "one byte", "empty", "not parquet", "another version"])
def test_a_damaged_or_old_file_is_made_again(real_store, read_ids, monkeypatch, damage, same):
    wanted = query.runs_table(real_store, TRACK)
    file = cache_file(real_store)
    content = bytearray(file.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 2]
    elif damage == "one byte":
        content[len(content) // 3] ^= 0xFF
    elif damage == "empty":
        content = bytearray()
    elif damage == "not parquet":
        content = bytearray(b"garbage " * 100)
    else:
        monkeypatch.setattr(sync, "VERSION", "made by other code")
    file.write_bytes(content)
    read_ids.clear()
    same(query.runs_table(real_store, TRACK), wanted)
    assert len(read_ids) == 36
    read_ids.clear()
    same(query.runs_table(real_store, TRACK), wanted)
    assert read_ids == []


def test_the_version_follows_the_code_and_the_columns():
    version = files.version((read, packed), ["a", "b"])
    assert version == files.version((read, packed), ["a", "b"])
    assert len({version, files.version((read,), ["a", "b"]), files.version((read, packed), ["a"])}) == 3


def test_rebuild_reads_everything_again(real_store, read_ids):
    query.runs_table(real_store, TRACK)
    change(real_store, "UPDATE latest_metrics SET value = 7 WHERE key = 'test/nll'")  # times unchanged: not noticed
    nll = "metric == 'nll' and mark == 1"
    assert 7 not in set(query.runs_table(real_store, TRACK).scores["value"])
    assert set(query.runs_table(real_store, TRACK, rebuild=True).scores.query(nll)["value"]) == {7.0}
    assert len(read_ids) == 72


def test_a_store_that_cannot_be_written_is_kept_in_memory(real_store, read_ids, same):
    (real_store / "cache").write_text("in the way")
    wanted = read.read_runs(real_store, TRACK)
    read_ids.clear()
    for _ in range(2):
        same(query.runs_table(real_store, TRACK), wanted)
    assert len(read_ids) == 36
    ids = list(wanted["run_id"].unique())
    assert len(lines.losses(real_store, TRACK, ids)) == 36
    assert (real_store / "cache").read_text() == "in the way"


def test_readers_at_once_all_see_everything(real_store, bulk, same):
    wanted = read.read_runs(real_store, TRACK)
    with ThreadPoolExecutor(4) as pool:
        for table in pool.map(lambda _: query.runs_table(real_store, TRACK), range(8)):
            same(table, wanted)
    bulk.append(real_store, {"edm": 1.2}, ["v"], [3])
    with ThreadPoolExecutor(4) as pool:
        counts = set(pool.map(lambda _: len(query.runs_table(real_store, TRACK).runs), range(8)))
    assert counts == {37}
    assert [file.name for file in (real_store / "cache").iterdir()] == [cache_file(real_store).name]


def test_a_server_is_asked_for_news_only(real_store, bulk, monkeypatch, tmp_path, same):
    """As with MLFLOW_TRACKING_URI: everything through MLflow's client, here of the same database."""
    wanted = read.read_runs(real_store, TRACK)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{real_store / 'mlflow.db'}")
    folder = tmp_path / "own"
    folder.mkdir()
    same(query.runs_table(folder, TRACK), wanted)
    rules = []
    original = read.search
    monkeypatch.setattr(
        read,
        "search",
        lambda store, track, rule="", **more: (rules.append(rule), original(store, track, rule, **more))[1],
    )
    gone = str(wanted["run_id"].iloc[0])
    change(real_store, "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = ?", gone)
    with monkeypatch.context() as local:
        local.delenv("MLFLOW_TRACKING_URI")
        added = bulk.append(real_store, {"edm": 1.2}, ["v"], [3])
        wanted = read.read_runs(real_store, TRACK)
    rules.clear()
    same(query.runs_table(folder, TRACK), wanted)
    assert set(added) < set(wanted["run_id"])
    last = (bulk.NOW + 1000 * 36) / 1000 - sync.LATE
    assert rules[0] == f"attributes.status = 'FINISHED' and metrics.delivered >= {last}"
    assert cache_file(folder) not in list((folder / "cache").iterdir())


def test_a_database_of_another_make_is_left_to_mlflow(real_store):
    assert read.listing(Store(real_store), TRACK) is not None
    change(real_store, "ALTER TABLE latest_metrics RENAME COLUMN is_nan TO nan")
    assert read.listing(Store(real_store), TRACK) is None


def test_losses_are_thinned_to_means(real_store, bulk, read_ids):
    run_id = query.runs_table(real_store, TRACK).runs["run_id"].iloc[0]
    history = read.histories(real_store, [run_id], "train/loss")[run_id]
    assert len(history) == bulk.LOSSES > lines.POINTS
    steps, losses = lines.losses(real_store, TRACK, [run_id, "no such run"]).pop(run_id)
    assert len(steps) == lines.POINTS
    assert steps[-1] == history[-1][0]
    parts = np.diff([0, *np.searchsorted([step for step, _ in history], steps, side="right")])
    assert np.average(losses, weights=parts) == pytest.approx(np.mean([loss for _, loss in history]), rel=1e-6)


def test_lines_are_read_once(real_store, monkeypatch):
    ids = query.runs_table(real_store, TRACK).runs["run_id"].tolist()
    content = json.loads(read.artifact(real_store, ids[0], "curves.json"))
    change(real_store, "UPDATE runs SET artifact_uri = '/nowhere/a/b/c' WHERE run_uuid = ?", ids[1])
    curves = lines.error_curves(real_store, TRACK, ids[:3])
    assert curves.keys() == {ids[0], ids[2]}
    np.testing.assert_allclose(curves[ids[0]], [content["logsnr"], content["eps_error"]], rtol=1e-6)
    run_ids = []
    original = read.artifacts
    monkeypatch.setattr(
        read, "artifacts", lambda store, ids, name: (run_ids.extend(ids), original(store, ids, name))[1]
    )
    assert lines.error_curves(real_store, TRACK, ids[:5]).keys() == {ids[0], *ids[2:5]}
    assert run_ids == ids[3:5]
    lines.forget(real_store, TRACK)
    lines.error_curves(real_store, TRACK, ids[:1])
    assert run_ids == [*ids[3:5], ids[0]]


def test_runs_and_scores_stay_together(real_store, one_table):
    """Parts of a table, put together again in another order, say of each run what was said before."""
    whole = query.runs_table(real_store, TRACK)
    of_v = whole.runs["target"] == "v"
    part, rest = whole.where(of_v), whole.where(~of_v)
    assert (len(part.runs), len(rest.runs)) == (12, 24)
    both = stacked([rest, part])
    assert isinstance(both.scores["metric"].dtype, pd.CategoricalDtype)
    pd.testing.assert_frame_equal(ordered(one_table(both)), ordered(one_table(whole)))
    assert set(both.measured(["fd_own_grid"])["metric"]) == {"fd_own_grid"}
    assert both.measured(["excess"]).empty
    assert "fd_own_grid" in part.metrics
    assert not whole.where(whole.runs["target"] == "flow").metrics


def test_a_damaged_page_of_the_record_is_one_line_that_names_the_file(real_store):
    file = real_store / "mlflow.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,), (page,) = (
            db.execute(statement).fetchone()
            for statement in ("PRAGMA page_size", "SELECT rootpage FROM sqlite_master WHERE name = 'latest_metrics'")
        )
    with file.open("r+b") as opened:
        opened.seek((page - 1) * size)
        opened.write(b"\xff" * size)
    with pytest.raises(UserError, match=r"cannot be read: mlflow\.db: .*malformed; restore a backup"):
        query.runs_table(real_store, TRACK)
