"""A release that grows: what several stores hold, published one after the other, is what one store of all would be."""

from __future__ import annotations

import json
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.results.store import Store
from leaderboards import replication
from leaderboards.boards import query
from leaderboards.data import released
from leaderboards.releases import small_curves
from leaderboards.releases.publishing import plots
from leaderboards.releases.publishing.publish import Published, publish, recompute
from leaderboards.render.values import record
from leaderboards.wording import with_interval
from schedules.errors import UserError

TRACK = "digits-v1"
HERE, THERE = ({"python": "3.11.7", "torch": version} for version in ("2.14.1", "2.15.0"))


@pytest.fixture(autouse=True, scope="module")
def _without_pictures():
    """They are those of a board, whatever it is made of, and take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "draw", lambda board, folder: None)
        yield


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(released, "FOLDER", tmp_path / "published")
    return tmp_path / "published"


def ids(store, rule):
    with sqlite3.connect(store / "mlflow.db") as db:
        tagged = "SELECT run_uuid, max(CASE key WHEN 'snrbench.entry' THEN value END) AS entry,"
        tagged += " max(CASE key WHEN 'snrbench.target' THEN value END) AS target,"
        tagged += " CAST(max(CASE key WHEN 'snrbench.seed' THEN value END) AS INTEGER) AS seed FROM tags GROUP BY 1"
        return [run_id for (run_id,) in db.execute(f"SELECT run_uuid FROM ({tagged}) WHERE {rule}")]


def made_with(store, rule, packages, hardware):
    """Let runs have been made somewhere."""
    runs = ids(store, rule)
    for run_id in runs:
        (Store(store).artifacts / TRACK / run_id / "artifacts" / "environment.json").write_text(json.dumps(packages))
    with sqlite3.connect(store / "mlflow.db") as db:
        for run_id in runs:
            db.execute("UPDATE tags SET value = ? WHERE key = 'snrbench.hardware' AND run_uuid = ?", [hardware, run_id])


def part(store, to, rule):
    """A copy of a store with some of its runs, none of which was read there."""
    copy = shutil.copytree(store, to, ignore=shutil.ignore_patterns("cache"))
    selection = set(ids(copy, rule))
    with sqlite3.connect(copy / "mlflow.db") as db:
        for run_id in set(ids(copy, "1")) - selection:
            db.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = ?", [run_id])
    return copy


def rescale(store, rule, factor, metric):
    with sqlite3.connect(store / "mlflow.db") as db:
        for run_id in ids(store, rule):
            of = "run_uuid = ? AND key LIKE ?"
            db.execute(f"UPDATE latest_metrics SET value = {factor} * value WHERE {of}", [run_id, f"test/{metric}/%"])
            db.execute("UPDATE runs SET end_time = end_time + 1 WHERE run_uuid = ?", [run_id])


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def with_fresh_seeds(folder):
    """Let every run of a release have been repeated with another seed, and scored the same."""
    runs = pq.read_table(folder / released.RESULTS)
    for name, values in (
        ("seed", [100 + seed for seed in runs["seed"].to_pylist()]),
        ("run_key", [key[::-1] for key in runs["run_key"].to_pylist()]),
    ):
        index = runs.schema.get_field_index(name)
        runs = runs.set_column(index, runs.schema.field(name), pa.array(values).cast(runs.schema.field(name).type))
    pq.write_table(runs, folder / replication.RUNS)


FIRST = "entry IN ('cosine', 'laplace') AND seed < 2"
SECOND = "entry IN ('edm', 'cosine_scaled:s=2') OR seed = 2 OR (entry = 'cosine' AND target = 'v')"
"""Together every run; those of cosine for v with seeds 0 and 1 are in both."""


@dataclass(frozen=True)
class Scene:
    """A store, its two parts, and what came of publishing all at once, the first part alone, and both in steps.

    Shared by tests that only read: one that changes a store or a release takes a copy.
    """

    whole: Path
    one: Path
    two: Path
    at_once: Published
    first: Published
    in_steps: Published


@pytest.fixture(scope="module")
def scene(_built, tmp_path_factory):
    root = tmp_path_factory.mktemp("scene")
    whole = shutil.copytree(_built, root / "store")
    made_with(whole, SECOND, THERE, "another machine")
    made_with(whole, FIRST, HERE, "a test machine")
    one, two = part(whole, root / "one", FIRST), part(whole, root / "two", SECOND)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(released, "FOLDER", root / "nothing published")
        at_once, first = publish(whole, TRACK, root / "at once"), publish(one, TRACK, root / "first")
        shutil.copytree(root / "first", root / "in steps")
        in_steps = publish(two, TRACK, root / "in steps")
    return Scene(whole, one, two, at_once, first, in_steps)


def copied(published, home):
    """A release of a test's own, in its place."""
    return shutil.copytree(published.folder, home / TRACK)


def test_a_release_is_computed_anew_from_its_own_runs(scene, home):
    """Where statistics changed, table and noise are made anew, and the log says that no score is."""
    folder = copied(scene.at_once, home)
    before = content(folder)
    assert recompute(TRACK, home).changed == ()
    assert content(folder) == before
    (folder / released.TABLE).write_text("as it was computed in other times\n")
    with_fresh_seeds(folder)
    (line,) = recompute(TRACK, home).changed
    assert line.startswith("ranks and intervals computed anew, no score changed: ")
    assert line in (folder / released.CHANGES).read_text()
    after = content(folder)
    assert after.pop(replication.RUNS)
    assert after.pop(replication.REPORT)
    assert {name for name in before if before[name] != after[name]} <= {released.CHANGES, released.RELEASE}
    with pytest.raises(UserError, match="no release of gmm-v1"):
        recompute("gmm-v1", home)


def report_in(folder):
    return replication.Replication.model_validate_json((folder / replication.REPORT).read_bytes())


def test_what_fresh_seeds_confirm_is_of_the_release_as_it_grew(scene, home, tmp_path):
    folder, everything = copied(scene.first, home), copied(scene.at_once, tmp_path / "all")
    assert not (folder / replication.REPORT).exists()
    with_fresh_seeds(everything)
    shutil.copy2(everything / replication.RUNS, folder)
    recompute(TRACK, home)
    assert set(report_in(folder).entries) == {"cosine", "laplace"}
    publish(scene.two, TRACK, home)
    report = report_in(folder)
    assert len(report.entries) == 4
    assert (report.old, report.fresh) == ((0, 1, 2), (100, 101, 102))
    for section in report.sections:
        assert section.alike == section.told
        assert section.reversed == ()


def test_published_in_steps_it_is_what_one_store_of_all_would_be(scene, home):
    at_once, in_steps = scene.at_once, scene.in_steps
    assert (at_once.stayed, in_steps.stayed) == (0, 10)
    assert [record(row) for row in in_steps.board.rows] == [record(row) for row in at_once.board.rows]
    assert in_steps.release == at_once.release
    publish(scene.two, TRACK, home)
    publish(scene.one, TRACK, home)
    actual, wanted = content(in_steps.folder), content(at_once.folder)
    other = content(home / TRACK)
    for name in sorted(set(wanted) - {released.CHANGES}):
        assert actual[name] == wanted[name] == other[name], name
    published = released.published_table(TRACK)
    own = query.runs_table(scene.whole, TRACK)
    seeds_of = [dict(zip(each.runs["run_key"], each.runs["seed"], strict=True)) for each in (own, published)]
    assert seeds_of[0] == seeds_of[1]


def test_curves_and_what_made_the_runs_are_joined_too(scene, home, tmp_path):
    copied(scene.in_steps, home)
    release = scene.in_steps.release
    table = query.runs_table(scene.whole, TRACK).runs
    for of in (small_curves.losses, small_curves.error_curves):
        own = of(scene.whole, TRACK, table["run_id"])
        published = of(tmp_path / "nowhere", TRACK, [f"published:{key}" for key in table["run_key"]])
        assert len(own) == len(published) == 36
        for run_id, key in zip(table["run_id"], table["run_key"], strict=True):
            assert own[run_id].y.tolist() == published[f"published:{key}"].y.tolist()
    by_torch = {group.packages["torch"]: group for group in release.environment}
    assert by_torch["2.14.1"].entries == ("cosine", "laplace")
    assert by_torch["2.14.1"].seeds == (0, 1)
    assert {name: (group.runs, group.hardware) for name, group in by_torch.items()} == {
        **{"2.14.1": (12, ("a test machine",)), "2.15.0": (24, ("another machine",))},
    }
    assert release.hardware == ("a test machine", "another machine")
    assert release.commands == (
        "snrbench run digits-v1 -s cosine -s cosine_scaled:s=2 -s edm -s laplace -t eps -t v -t x0 --seeds 3",
    )


def test_nothing_is_lost_or_doubled_by_publishing_again(scene, home):
    folder = copied(scene.in_steps, home)
    before = content(folder)
    for store in (scene.two, scene.one):
        again = publish(store, TRACK, home)
        assert again.changed == ()
        assert content(folder) == before


def test_the_log_of_a_step_names_entries_and_seeds(scene, home, tmp_path):
    copied(scene.first, home)
    two = shutil.copytree(scene.two, tmp_path / "two")
    rescale(two, "entry = 'cosine' AND target = 'v' AND seed = 1", 3, "fd")
    rescale(two, "entry = 'cosine' AND target = 'v' AND seed = 0", 3, "kd")
    publication = publish(two, TRACK, home)
    assert publication.changed[:3] == (
        "added: cosine_scaled:s=2 × eps, v, x0",
        "added: edm × eps, v, x0",
        "added: seed 2 of cosine × eps, v, x0; laplace × eps, v, x0",
    )
    assert [line.split(":")[0:2] for line in publication.changed[3:]] == [["rescored", " cosine × v"]]
    row = next(row for row in publication.board.rows if (row.entry, row.target) == ("cosine", "v"))
    text = with_interval(row.mean, row.ci_low, row.ci_high)
    assert publication.changed[3].endswith(f"over 2 seeds → {text} over 3 seeds")
    rescale(two, "entry = 'edm' AND target = 'eps' AND seed = 2", 2, "recall")
    assert publish(two, TRACK, home).changed == ("rescored: edm × eps: recall of seed 2",)


def test_replace_freezes_the_store_alone_and_logs_what_went(scene, home):
    copied(scene.at_once, home)
    publication = publish(scene.one, TRACK, home, replace=True)
    assert publication.changed == (
        "removed: cosine_scaled:s=2 × eps, v, x0",
        "removed: edm × eps, v, x0",
        "removed: seed 2 of cosine × eps, v, x0; laplace × eps, v, x0",
    )
    alone = content(scene.first.folder)
    assert {**content(publication.folder), released.CHANGES: b""} == {**alone, released.CHANGES: b""}


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [("protocol", "0", "protocol 0 → 1"), ("track_fingerprint", "0" * 16, f"version of the track {'0' * 16} → ")],
)
def test_a_release_of_another_version_is_replaced_and_the_log_says_why(scene, home, field, value, why):
    folder = copied(scene.at_once, home)
    release = json.loads((folder / released.RELEASE).read_text())
    (folder / released.RELEASE).write_text(json.dumps({**release, field: value}))
    publication = publish(scene.one, TRACK, home)
    assert len(publication.changed) == 1
    assert publication.changed[0].startswith(why)
    assert publication.changed[0].endswith(
        "the 36 runs of 4 entries published before are replaced by 12 of 2",
    )
    assert publication.release.runs == 12
    assert (folder / released.CHANGES).read_text().count("## ") == 2


def test_a_release_that_cannot_be_read_is_left_alone(scene, home):
    folder = copied(scene.at_once, home)
    (folder / released.LINES).write_bytes(b"PAR1")
    for words in ("holds no curves", "release.json cannot be read: No such file"):
        before = content(folder)
        with pytest.raises(UserError, match=words):
            publish(scene.whole, TRACK, home)
        assert content(folder) == before
        (folder / released.RELEASE).unlink(missing_ok=True)


def test_two_codes_of_one_name_stay_apart(scene, home, tmp_path):
    publish(part(scene.whole, tmp_path / "one", "entry IN ('cosine', 'edm')"), TRACK, home)
    two = part(scene.whole, tmp_path / "two", "entry = 'edm'")
    with sqlite3.connect(two / "mlflow.db") as db:
        db.execute("UPDATE tags SET value = 'abcdefabcdefabcd' WHERE key = 'snrbench.fingerprint'")
        db.execute("UPDATE tags SET value = 'e' || substr(value, 2) WHERE key = 'snrbench.run_key'")
    publication = publish(two, TRACK, home)
    assert publication.changed == ("added: edm#abcdef × eps, v, x0",)
    assert pq.read_table(publication.folder / released.RESULTS).num_rows == 27
    assert sum(row.entry.startswith("edm#") for row in publication.board.cells[0].rows) == 2


def test_costs_can_be_left_out_and_nothing_else(real_store, home):
    """On a machine that had other work, seconds say nothing of the schedule; scores do not depend on it."""
    with_costs = publish(real_store, TRACK, home, replace=True).board
    without = publish(real_store, TRACK, home, replace=True, costs=False).board
    assert all(row.seconds > 0 for row in with_costs.rows)
    for before, after in zip(with_costs.rows, without.rows, strict=True):
        assert isnan(after.seconds)
        assert record(replace(after, seconds=before.seconds)) == record(before)
    assert not released.published_table(TRACK).metrics & {"seconds/training", "memory/peak_mib"}


def test_two_that_publish_at_once_lose_nothing(real_store, home, tmp_path):
    parts = [part(real_store, tmp_path / rule[-1], f"seed = {rule}") for rule in ("0", "1", "2")]
    for store in parts:  # one seed publishes nothing by itself
        other = part(real_store, tmp_path / f"{store.name}-other", "entry = 'cosine' OR seed = " + store.name)
        shutil.rmtree(store)
        other.rename(store)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda store: publish(store, TRACK, home), parts))
    published = set(released.published_table(TRACK).runs["run_key"])
    assert published == set(query.runs_table(real_store, TRACK).runs["run_key"])
