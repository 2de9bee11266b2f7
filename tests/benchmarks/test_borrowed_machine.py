"""What `tests/benchmarks/on_a_gpu.py` sends to a machine without the project and a network, and what comes back."""

import gzip
import os
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest

from harness.data import official_files
from harness.results.read import artifacts, read_runs

BENCHMARKS = Path(__file__).parent


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_a_checkout_has_the_entry_points_of_an_installation(tmp_path):
    import from_checkout

    info = metadata.Distribution.at(from_checkout.write_metadata(tmp_path))
    installed = metadata.distribution("snrbench")
    assert (info.name, info.version) == (installed.name, installed.version)
    assert {*info.entry_points} == {*installed.entry_points}


def test_a_checkout_answers_from_any_folder_and_by_its_own_metadata(tmp_path, monkeypatch):
    import from_checkout

    monkeypatch.chdir(tmp_path)
    environment = from_checkout.environment(tmp_path / "metadata")

    def printed(*arguments):
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    place = "from importlib.metadata import distribution; print(distribution('snrbench').locate_file(''))"
    assert printed("-c", place).strip() == str(tmp_path / "metadata")
    assert printed("-m", "harness.cli", "--version").startswith(f"snrbench {metadata.version('snrbench')}, ")


@pytest.mark.parametrize("packed_here", [False, True])
def test_data_travel_packed_and_arrive_plain(tmp_path, monkeypatch, packed_here):
    import packing

    here = tmp_path / "here" / "MNIST" / "raw"
    here.mkdir(parents=True)
    contents = {file: os.urandom(1000) for file in official_files.FILES.values()}
    for file, content in contents.items():
        target = here / (f"{file}.gz" if packed_here else file)
        target.write_bytes(gzip.compress(content) if packed_here else content)
    monkeypatch.setenv("SNRBENCH_DATA", str(tmp_path / "here"))

    sent = packing.pack_data("mnist-latent-gpu-v1@0.5", tmp_path / "sent")
    assert {path.suffix for path in sent} == {".gz"}
    packing.unpack_data(tmp_path / "sent", tmp_path / "there")
    arrived = official_files.files("MNIST", tmp_path / "there")
    assert {path.name: path.read_bytes() for path in arrived} == contents
    assert packing.pack_data("digits-v1", tmp_path / "none") == []


def test_a_store_comes_back_without_weights_and_reads_the_same(tmp_path, bulk):
    import packing

    store = bulk.build(tmp_path / "lent" / "store", targets=("v",), seeds=2)
    run = next((store / "artifacts").glob("*/*/artifacts"))
    for name in ("ema.safetensors", "samples.png", "nearest.png"):
        (run / name).write_bytes(b"x" * 10)
    checkpoint = store / "checkpoints" / "key" / "000000100.abc.partial"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"x")
    runs = read_runs(store, "digits-v1")
    curves = artifacts(store, runs["run_id"].unique(), "curves.json")
    assert len(curves) == 4 * 2

    packing.pack_store(store, tmp_path / "store.tar.gz")
    (tmp_path / "lent").rename(tmp_path / "gone")
    back = tmp_path / "back"
    with tarfile.open(tmp_path / "store.tar.gz") as tar:
        tar.extractall(back, filter="data")
    names = {file.name for file in back.rglob("*") if file.is_file()}
    assert "samples.png" in names
    assert names.isdisjoint({"ema.safetensors", "nearest.png", checkpoint.name})
    pd.testing.assert_frame_equal(read_runs(back, "digits-v1"), runs)
    assert artifacts(back, runs["run_id"].unique(), "curves.json") == curves


def test_a_command_ends_in_its_time_with_all_that_it_started(tmp_path, monkeypatch):
    import shown

    monkeypatch.setattr(shown, "GRACE", 0.2)
    commands = shown.Shown(dict(os.environ), tmp_path)
    log = tmp_path / "log.txt"
    assert not commands.run(["sh", "-c", "sleep 600 & exit 0"], log, seconds=0.5)  # else it waits for ten minutes
    assert commands.run(["sleep", "0"], log, seconds=60.0)
    assert not commands.run(["false"], log, seconds=60.0)
