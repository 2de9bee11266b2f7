"""A store's disk that is full, or cannot be written at all: one line, nothing corrupted, the same command goes on."""

import subprocess

import pytest

from harness.cli import main
from harness.results import read, write
from harness.results.delivery import Courier
from harness.results.mlflow_access.client import close_databases
from harness.results.store import Store
from result_folders import written
from schedules.errors import UserError
from small_disk import fill, mounted


@pytest.fixture
def disk(tmp_path):
    with mounted(tmp_path / "disk") as place:
        yield place


def test_a_database_that_cannot_grow_keeps_results_in_the_outbox(disk):
    store = Store(disk / "store")
    store.prepare()
    for seed in range(3):
        written(store, seed)
    filler = fill(disk, leaving=0)
    courier = Courier(store, print)
    for folder in write.waiting(store):
        courier.send(folder)
    assert courier.close() == 3
    assert courier.full
    filler.unlink()
    assert write.deliver_all(store) == 3
    assert len(list(read.search(store, "gmm-v1", read.FINISHED))) == 3


@pytest.mark.usefixtures("tables_of_mlflow")
def test_a_disk_that_was_full_when_the_store_was_made_leaves_nothing_in_the_way(disk):
    filler = fill(disk, leaving=200_000)  # the empty database alone takes 1.5 MB
    with pytest.raises(UserError, match=r"cannot be written: .*disk is full"):
        Store(disk / "store").prepare()
    filler.unlink()
    store = Store(disk / "store")
    store.prepare()
    assert write.deliver(store, written(store))


def test_a_store_that_cannot_be_written_is_one_line_before_any_work(disk, capsys):
    store = Store(disk / "store")
    store.prepare()
    close_databases()  # no file may be open for this
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert main.exit_code(["run", "gmm-v1", "--store", str(disk / "store")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Read-only file system" in err or "cannot be written" in err
