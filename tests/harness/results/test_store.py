"""A store that is not as this version wants it is one line; reading leaves every file as it was."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.results import database, read, sqlite_file
from harness.results.mlflow_access import tables
from harness.results.mlflow_access.client import close_databases
from harness.results.store import Store
from read_only import read_only_copy
from schedules.errors import UserError

ODD = "what? #1, 100% {0} [b] 'é'\""


@pytest.fixture(scope="module")
def prepared_folder(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("made") / "store")
    store.prepare()
    experiment = store.experiment("gmm-v1", create=True)
    run = store.client.create_run(experiment, tags={"snrbench.run_key": "k", "snrbench.outcome": "diverged"})
    store.client.set_terminated(run.info.run_id, "FINISHED")
    close_databases()
    return store.root


@pytest.fixture
def store(prepared_folder, tmp_path):
    return Store(shutil.copytree(prepared_folder, tmp_path / "store"))


def change(store, *statements):
    with closing(sqlite3.connect(store.database)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def files(folder):
    return {path: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


def runs(root):
    return [run.data.tags["snrbench.run_key"] for run in read.search(Store(root), "gmm-v1")]


def test_what_becomes_of_a_store_is_seen_by_a_process_that_found_it_whole(store):
    assert store.exists
    content = store.database.read_bytes()
    shutil.rmtree(store.artifacts, ignore_errors=True)
    store.database.write_bytes(b"")
    assert not store.exists
    store.database.unlink()
    assert not store.exists
    store.database.write_bytes(content)
    assert store.exists
    store.database.write_bytes(b"not a database at all" * 100)
    assert store.exists, "so that opening it says what is wrong"
    with pytest.raises(UserError, match="cannot be read"):
        store.check()


def test_prepare_says_the_format_once(prepared_folder, store):
    assert json.loads((prepared_folder / "store.json").read_text())["format"] == 1
    store.marker.write_text('{"format": 1, "protocol": "of long ago"}')
    store.prepare()
    assert "long ago" in store.marker.read_text()


def test_a_store_without_its_format_is_of_the_first(store):
    store.marker.unlink()
    assert runs(store.root) == ["k"]
    assert not store.marker.exists()


@pytest.mark.parametrize(
    ("text", "named"), [('{"format": 2}', "format 2, expected 1"), ("{", "store.json"), ("[]", "store.json")]
)
def test_another_format_is_refused(store, text, named):
    store.marker.write_text(text)
    for action in (lambda: runs(store.root), Store(store.root).prepare):
        with pytest.raises(UserError, match=named):
            action()


@pytest.mark.parametrize("also", [[], ["DROP TABLE webhooks"], ["DROP TABLE experiment_tags"]])
def test_an_older_schema_is_refused_with_the_command_that_upgrades_it(store, also):
    """Without the look at the file MLflow would try to migrate it where a table is missing, for a reader too."""
    change(store, "UPDATE alembic_version SET version_num = '1b5f0d9ad7c1'", *also)
    before = files(store.root)
    for action in (lambda: runs(store.root), Store(store.root).prepare):
        with pytest.raises(UserError, match=r"older MLflow .*mlflow db upgrade sqlite:///.*mlflow\.db"):
            action()
    assert {k: v for k, v in files(store.root).items() if k.name != "mlflow.lock"}.items() <= before.items()


def test_a_newer_schema_is_refused(store):
    change(store, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    for action in (lambda: runs(store.root), Store(store.root).prepare):
        with pytest.raises(UserError, match=r"newer MLflow than .*ffffffffffff"):
            action()


def test_a_truncated_database_is_refused(store):
    os.truncate(store.database, store.database.stat().st_size // 2)
    for action in (lambda: runs(store.root), Store(store.root).prepare):
        with pytest.raises(UserError, match=r"mlflow\.db: .*malformed; restore a backup"):
            action()


@pytest.mark.usefixtures("tables_of_mlflow")
def test_a_database_whose_making_was_cut_off_is_made_again(store):
    """Readers see nothing in it; the same command, repeated, completes."""
    change(store, "DELETE FROM runs", "DELETE FROM experiments", "DELETE FROM alembic_version")
    assert not store.exists
    assert runs(store.root) == []
    store.prepare()
    assert store.exists
    assert record_a_run(store)


def record_a_run(store):
    return store.client.create_run(store.experiment("gmm-v1", create=True)).info.run_id


def test_a_database_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    """What is in the way while MLflow makes its tables leaves nothing in the way of the next command."""
    root = tmp_path / "store"

    def half_way(file, problem):
        file.write_bytes(b"half of it")
        file.with_name(f"{file.name}-journal").touch()
        raise problem

    for problem in (ImportError("no mlflow"), OSError(28, "No space left"), KeyboardInterrupt()):
        with monkeypatch.context() as patch:
            patch.setattr(tables, "make", lambda file, _, problem=problem: half_way(file, problem))
            with pytest.raises((ImportError, UserError, KeyboardInterrupt)):
                Store(root).prepare()
        assert not list(root.glob("mlflow.db*"))
    (root / "mlflow.db.0123abcd.new").write_text("of a process that was killed")
    (root / "mlflow.db-wal").write_text("of a database that was taken away")
    store = Store(root)
    store.prepare()
    assert record_a_run(store)
    assert not list(root.glob("*.new*"))


def content(database):
    """Its columns and indexes, and its first experiment without what a clock says."""
    with closing(sqlite3.connect(database)) as connection:
        named = connection.execute("SELECT type, name FROM sqlite_master ORDER BY type, name").fetchall()
        columns = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for _, name in named}
        first = "SELECT experiment_id, name, artifact_location, lifecycle_stage FROM experiments"
        return named, columns, connection.execute(first).fetchall()


@pytest.mark.usefixtures("tables_of_mlflow")
@pytest.mark.parametrize("problem", [TypeError("another signature"), ImportError("another place")], ids=repr)
def test_without_mlflows_class_of_stores_its_client_makes_the_same(tmp_path, monkeypatch, problem):
    """The class is no documented part of MLflow. The client makes one of its own, wherever it may be."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    monkeypatch.chdir(tmp_path)
    store = Store(tmp_path / "store")
    store.prepare()
    expected = content(store.database)
    close_databases()
    shutil.rmtree(store.root)
    begin, problems = SqlAlchemyStore.__init__, [problem]

    def moved(store, *arguments):
        if problems:
            raise problems.pop()
        begin(store, *arguments)

    monkeypatch.setattr(SqlAlchemyStore, "__init__", moved)
    store = Store(tmp_path / "store")
    store.prepare()
    assert not problems
    assert content(store.database) == expected
    assert record_a_run(store)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_runs_in_an_incomplete_database_are_not_given_up(store):
    change(store, "DELETE FROM alembic_version")
    with pytest.raises(UserError, match="restore a backup"):
        runs(store.root)


def test_an_empty_file_is_no_store(tmp_path):
    (tmp_path / "mlflow.db").touch()
    assert not Store(tmp_path).exists
    assert read.read_runs(tmp_path, "gmm-v1").empty
    assert files(tmp_path) == {tmp_path / "mlflow.db": (0, (tmp_path / "mlflow.db").stat().st_mtime_ns)}


def a_folder(file):
    file.unlink()
    file.mkdir()
    (file / "notes.txt").write_text("mine")


def of_another_program(file):
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("CREATE TABLE users AS SELECT 'mine'")
        connection.commit()


LOST = {
    "mlflow.db is empty, and artifacts has files of its runs; restore a backup": lambda file: os.truncate(file, 0),
    "mlflow.db is not there, and artifacts has files": lambda file: file.unlink(),
    "mlflow.db is a folder; expected the file that MLflow": a_folder,
    "mlflow.db is a database of another program, with 'alembic_version'; expected the file": of_another_program,
    "mlflow.db: file is not a database; restore a backup": lambda file: file.write_bytes(b"half of it" * 99),
    "mlflow.db: database disk image is malformed": lambda file: os.truncate(file, 4096),
    "mlflow.db is a link to elsewhere, which is not there": lambda file: (file.unlink(), file.symlink_to("elsewhere")),
    'store.json does not read {"format": 1}': lambda file: file.with_name("store.json").write_bytes(b"\xff\x00"),
}


@pytest.mark.parametrize("says", LOST)
def test_a_record_that_is_lost_is_named_and_nothing_is_written_over(store, snrbench, says):
    for log in store.root.glob("mlflow.db-*"):
        log.unlink()
    results = store.artifacts / "gmm-v1" / "0123" / "artifacts" / "scores.json"
    results.parent.mkdir(parents=True)
    results.write_text("{}")
    LOST[says](store.database)
    before = files(store.root)
    for command in (["status"], ["leaderboard", "gmm-v1"], ["run", "gmm-v1"], ["run", "gmm-v1", "--dry-run"]):
        code, out, err = snrbench(*command, "--store", store.root)
        assert (code, out, len(err.splitlines())) == (2, "", 1), (command, err)
        assert f"store {store.root}" in err
        assert says in err, command
    assert files(store.root) == before


def test_a_record_that_this_user_may_not_read_is_named(prepared_folder, snrbench):
    with read_only_copy(prepared_folder, 0o700) as root:
        (root / "mlflow.db").chmod(0)
        for command in (["status"], ["run", "gmm-v1"]):
            code, _, err = snrbench(*command, "--store", root)
            assert (code, "mlflow.db may not be read by this user" in err) == (2, True), err


def test_a_path_may_hold_any_character(prepared_folder, tmp_path):
    store = Store(shutil.copytree(prepared_folder, tmp_path / ODD / "store"))
    assert runs(store.root) == ["k"]
    store.prepare()
    run_id = record_a_run(store)
    store.client.log_text(run_id, "hello", "word.txt")
    assert read.artifact(store.root, run_id, "word.txt") == b"hello"
    assert len(runs_of_any_key(store)) == 2
    assert [path.name for path in tmp_path.iterdir()] == [ODD]


def runs_of_any_key(store):
    return list(read.search(store, "gmm-v1"))


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="it is a file; expected a folder"):
        Store(tmp_path / "file").prepare()


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_reading_changes_no_file(store, mode):
    with closing(sqlite3.connect(store.database)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
    before = files(store.root)
    assert runs(store.root) == ["k"]
    assert files(store.root) == before


def test_reading_while_another_writes(store):
    store.prepare()
    experiment = store.experiment("gmm-v1")
    run = store.client.create_run(experiment, tags={"snrbench.run_key": "later"})
    before = files(store.root)
    assert before[store.root / "mlflow.db-wal"][0] > 0
    assert runs(store.root) == ["later", "k"]
    after = files(store.root)
    assert after.keys() == before.keys()
    assert after[store.database] == before[store.database]
    store.client.set_terminated(run.info.run_id)


@pytest.mark.parametrize("rights", [0o500, 0o555])
def test_reading_from_a_folder_that_cannot_be_written(prepared_folder, rights):
    with read_only_copy(prepared_folder, rights) as root:
        before = files(root)
        assert "immutable=1" in sqlite_file.reading_url(root / "mlflow.db")
        assert runs(root) == ["k"]
        with pytest.raises(UserError, match="cannot be written"):
            Store(root).prepare()
        assert files(root) == before


def test_schema_revisions_are_those_that_alembic_finds():
    import mlflow
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations"))
    head, revisions = database.schema_revisions()
    assert head == scripts.get_current_head()
    assert revisions == {script.revision for script in scripts.walk_revisions()}
