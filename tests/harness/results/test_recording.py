"""MLflow is the record: what is written comes back, once, whatever was interrupted."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
import torch

from harness.metrics.keys import Measured
from harness.results import read, run_folder
from harness.results.mlflow_access.client import close_databases
from harness.results.store import Store
from harness.results.write import deliver, deliver_all
from harness.runs.run import RunResult, execute
from harness.specs import Entry, RunSpec
from schedules.errors import UserError

CPU = torch.device("cpu")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    store.prepare()
    return store


@pytest.fixture(scope="module")
def executed(tiny_gmm):
    spec = RunSpec(track="gmm-v1", target="v", entry=Entry.of("laplace:scale=0.7", "min_snr"), seed=4)
    return execute(spec, CPU)


@pytest.fixture
def result(executed):
    """A run's result, which a test may change."""
    return replace(executed, values=dict(executed.values))


def write(store, result):
    return run_folder.write(store.outbox, result, CPU, time.time() - 5, time.time())


def test_a_run_comes_back_as_it_was(store, result):
    folder = write(store, result)
    run_id = deliver(store, folder)
    assert not folder.exists()
    table = read.read_runs(store.root, "gmm-v1")
    measured = table[table["split"] != ""]
    assert len(measured) == len(result.values)
    for row in measured.itertuples():
        guidance = None if np.isnan(row.guidance) else row.guidance
        (value,) = [
            v
            for m, v in result.values.items()
            if (m.metric, m.split, m.guidance, m.mark) == (row.metric, row.split, guidance, row.mark)
        ]
        assert row.value == value
    first = table.iloc[0]
    assert (first.entry, first.schedule, first.target, first.seed) == (
        "laplace:scale=0.7+min_snr",
        "laplace:scale=0.7",
        "v",
        4,
    )
    assert json.loads(first.params) == {"loc": 0.0, "scale": 0.7, "weighting.gamma": 5.0}
    assert first.run_key == result.spec.key
    assert read.histories(store.root, [run_id], "train/loss")[run_id] == result.losses
    assert len(read.histories(store.root, [run_id], "test/excess")[run_id]) == 3


def test_artifacts_come_back_even_from_a_store_that_was_moved(store, result, tmp_path):
    run_id = deliver(store, write(store, result))
    moved = tmp_path / "elsewhere"
    shutil.move(store.root, moved)
    curves = json.loads(read.artifact(moved, run_id, "curves.json"))
    np.testing.assert_array_equal(curves["eps_error"], result.scores.curve.eps_error)
    assert set(json.loads(read.artifact(moved, run_id, "environment.json"))) >= {"torch", "numpy", "mlflow", "python"}
    assert read.artifact(moved, run_id, "no-such-file") is None

    from safetensors.torch import load

    weights = load(read.artifact(moved, run_id, "ema.safetensors"))
    assert all(torch.equal(weights[key], result.weights[key]) for key in result.weights)


def in_mlflow(store, run_id, name):
    """An artifact as MLflow's own pages find it: by the absolute address in its tables."""
    place = Path(unquote(urlparse(store.client.get_run(run_id).info.artifact_uri).path))
    assert place.is_relative_to(store.root)
    return (place / name).read_bytes()


def small(store, seed):
    spec = RunSpec(track="gmm-v1", target="v", entry=Entry.of("cosine"), seed=seed)
    return deliver(store, write(store, RunResult(spec, values={Measured("excess", "test", None, 1.0): 0.5})))


@pytest.mark.parametrize("how", [shutil.move, shutil.copytree], ids=["moved", "copied"])
def test_a_store_that_was_moved_or_copied_is_whole_and_leaves_the_old_place_alone(store, tmp_path, how):
    first = small(store, 0)
    close_databases()
    how(store.root, tmp_path / "elsewhere")
    before = sorted(store.root.rglob("*"))
    other = Store(tmp_path / "elsewhere")
    assert json.loads(read.artifact(other.root, first, "run.json"))["seed"] == 0
    other.prepare()
    second = small(other, 1)
    assert sorted(store.root.rglob("*")) == before
    for seed, run_id in enumerate((first, second)):
        for content in (in_mlflow(other, run_id, "run.json"), read.artifact(other.root, run_id, "run.json")):
            assert json.loads(content)["seed"] == seed


def test_files_that_only_the_old_place_has_are_still_found(store, tmp_path):
    """Earlier versions wrote there."""
    first = small(store, 0)
    close_databases()
    shutil.copytree(store.root, tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "elsewhere" / "artifacts")
    other = Store(tmp_path / "elsewhere")
    other.prepare()
    assert json.loads(read.artifact(other.root, first, "run.json"))["seed"] == 0


def test_a_store_that_is_mounted_twice_is_written_below_the_writers_path(store, tmp_path):
    store.prepare()
    (tmp_path / "mount").symlink_to(store.root)
    other = Store(tmp_path / "mount")
    other.prepare()
    for number in range(4):
        place = (store, other)[number % 2]
        in_mlflow(place, small(place, number), "run.json")


def test_delivery_that_was_cut_off_is_completed_once(store, result, monkeypatch):
    """A crash between any two calls to MLflow leaves the folder; the next command delivers it, and one run counts."""
    store.prepare()
    folder = write(store, result)
    for step in ("log_batch", "log_artifacts", "set_terminated"):
        with monkeypatch.context() as patch:
            patch.setattr(store.client, step, lambda *_, **__: (_ for _ in ()).throw(ConnectionError("gone")))
            with pytest.raises(ConnectionError):
                deliver(store, folder)
        assert folder.exists()
        assert read.read_runs(store.root, "gmm-v1").empty
    with monkeypatch.context() as patch:
        patch.setattr("harness.results.write._forget", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            deliver(store, folder)
    assert deliver_all(store) == 1
    assert deliver_all(store) == 0
    assert len(list(read.search(store, "gmm-v1"))) == 1
    assert read.read_runs(store.root, "gmm-v1").run_id.nunique() == 1


def test_a_half_written_folder_is_never_delivered(store, result, monkeypatch):
    monkeypatch.setattr(run_folder, "_record", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space"):
        write(store, result)
    assert deliver_all(store) == 0
    assert list(store.outbox.iterdir()) == []


def test_repeated_run_counts_once_the_newest(store, result):
    deliver(store, write(store, result))
    key = next(key for key in result.values if key.metric == "excess" and key.mark == 1.0)
    result.values[key] = 123.0
    newest = deliver(store, run_folder.write(store.outbox, result, CPU, time.time(), time.time()))
    table = read.read_runs(store.root, "gmm-v1")
    assert table.run_id.unique().tolist() == [newest]
    assert 123.0 in table.value.to_numpy()


def test_a_diverged_run_is_one_row_and_a_failed_one_none(store, result):
    result.outcome, result.reason, result.step = "diverged", "the loss is not finite", 17
    deliver(store, write(store, result))
    other = RunSpec(track="gmm-v1", target="v", entry=Entry.of("cosine"), seed=0)
    deliver(store, write(store, run_folder.failed(other, "RuntimeError: boom")))
    table = read.read_runs(store.root, "gmm-v1")
    assert len(table) == 1
    row = table.iloc[0]
    assert (row.outcome, row.reason, row.diverged_step, row.metric) == ("diverged", "the loss is not finite", 17, "")
    assert {run.info.status for run in read.search(store, "gmm-v1")} == {"FINISHED", "FAILED"}


def test_reading_creates_nothing(tmp_path):
    table = read.read_runs(tmp_path / "nowhere", "gmm-v1")
    assert table.empty
    assert list(table.columns) == list(read.COLUMNS)
    assert table.tuned.dtype == bool
    assert not (tmp_path / "nowhere").exists()


def test_a_store_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"store .*file cannot be written"):
        Store(tmp_path / "file").prepare()


def test_samples_are_stored_as_a_picture(store, quick_digits):
    import io

    from PIL import Image

    spec = RunSpec(track="digits-v1", target="v", entry=Entry.of("cosine"), seed=0)
    run_id = deliver(store, write(store, execute(spec, CPU)))
    image = Image.open(io.BytesIO(read.artifact(store.root, run_id, "samples.png")))
    assert image.size == (10 * 10 * 4, 8 * 10 * 4)


def test_a_damaged_database_is_one_line(tmp_path):
    (tmp_path / "mlflow.db").write_text("garbage " * 200)
    for action in (lambda: read.read_runs(tmp_path, "gmm-v1"), Store(tmp_path).prepare):
        with pytest.raises(UserError, match=r"store .* cannot be .*not a database"):
            action()


MAKERS = """
import os, pwd, sys
pwd.getpwuid = {}.__getitem__
from harness.results.store import Store
Store(sys.argv[1] + "-other").prepare()
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        store = Store(sys.argv[1])
        store.prepare()
        store.client.create_run(store.experiment("gmm-v1", create=True))
        os.write(1, store.client.get_experiment("0").name.encode() + b"\\n")
        os._exit(0)
    children.append(child)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def test_processes_that_make_one_store_at_once_all_succeed(tmp_path):
    """MLflow's migrations do not bear two writers; the store lets one at a time through.

    Their user is one of containers: a number without name and home, with which MLflow cannot even be imported.
    """
    bare = {name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "LOGNAME", "LNAME")}
    command = [sys.executable, "-c", MAKERS, str(tmp_path / "new")]
    done = subprocess.run(command, capture_output=True, text=True, env=bare, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["Default"] * 3


def test_the_run_that_is_recorded_last_counts_whatever_the_clocks_say(store, result, monkeypatch):
    """The first is of a machine whose clock is ahead, or of this one before its clock was set back."""
    later = time.time() + 86400
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: later)
        deliver(store, run_folder.write(store.outbox, result, CPU, later, later + 5))
    key = next(key for key in result.values if key.metric == "excess" and key.mark == 1.0)
    last = []
    for value in (123.0, 124.0):
        result.values[key] = value
        last.append(deliver(store, write(store, result)))
        assert read.read_runs(store.root, "gmm-v1").run_id.unique().tolist() == last[-1:]
    listed = [run.run_id for run in read.listing(store, "gmm-v1")]
    assert listed[:2] == last[::-1]
    assert [run.info.run_id for run in read.search(store, "gmm-v1")] == listed
