"""A store's disk that is full, or cannot be written at all: one line, nothing corrupted, the same command goes on."""

import os
import subprocess

import pytest

from harness.cli import main
from harness.results import read, write
from harness.results.delivery import Courier
from harness.results.store import Store, close_databases
from result_folders import written
from schedules.errors import UserError

SIZE = 32 * 2**20


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 32 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a file system is not permitted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk, leaving):
    """Take all of the disk but so many bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with (disk / "filler").open("wb") as file:
        file.write(b"x" * max(0, free - leaving))


def test_a_full_disk_stops_the_command_and_loses_nothing(small_disk, files, capsys):
    track, _ = files
    store = Store(small_disk / "store")
    store.prepare()
    request = ["run", "brief-v1", "--track-plugin", track, "--seeds", "2", "--workers", "1", "--device", "cpu"]
    request += ["--store", str(store.root)]
    fill(small_disk, leaving=100_000)  # the weights alone take 280 kB
    assert main.exit_code(request) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "results cannot be written" in said
    assert "No space left" in said
    assert "the same command goes on" in said
    assert "failed" not in said
    assert not list(store.outbox.glob("*-*"))

    (small_disk / "filler").unlink()
    assert main.exit_code(request) == 0
    assert "2 finished" in capsys.readouterr().err
    assert {run.data.tags["snrbench.outcome"] for run in read.search(store, "brief-v1")} == {"finished"}
    assert len(list(read.search(store, "brief-v1"))) == 2


def test_a_database_that_cannot_grow_keeps_results_in_the_outbox(small_disk):
    store = Store(small_disk / "store")
    store.prepare()
    for seed in range(3):
        written(store, seed)
    fill(small_disk, leaving=0)
    courier = Courier(store, print)
    for folder in write.waiting(store):
        courier.send(folder)
    assert courier.close() == 3
    assert courier.full
    (small_disk / "filler").unlink()
    assert write.deliver_all(store) == 3
    assert len(list(read.search(store, "gmm-v1", read.FINISHED))) == 3


def test_a_disk_that_was_full_when_the_store_was_made_leaves_nothing_in_the_way(small_disk):
    fill(small_disk, leaving=200_000)  # the empty database alone takes 1.5 MB
    with pytest.raises(UserError, match=r"cannot be written: .*disk is full"):
        Store(small_disk / "store").prepare()
    (small_disk / "filler").unlink()
    store = Store(small_disk / "store")
    store.prepare()
    assert write.deliver(store, written(store))


def test_a_store_that_cannot_be_written_is_one_line_before_any_work(small_disk, capsys):
    store = Store(small_disk / "store")
    store.prepare()
    close_databases()  # no file may be open for this
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert main.exit_code(["run", "gmm-v1", "--store", str(small_disk / "store")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Read-only file system" in said or "cannot be written" in said
