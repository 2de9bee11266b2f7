"""What a run will need of memory, against what one takes; and who is told when it is too much."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from harness import tracks
from harness.cli import main
from harness.execution.capacity import devices, memory_check, worker_count
from harness.execution.capacity.predicted_memory import FACTOR, MIB, Footprint, peak_of, predict
from harness.execution.job import Settings
from harness.results.store import Store

HUGE = """
from harness import tracks
from harness.networks.mlp import ResidualMLP

GMM = tracks.get("gmm-v1")
NETWORK = {"make": "harness.networks.mlp:ResidualMLP", "options": {"width": 200_000, "blocks": 2, "condition": 8}}
TRACK = GMM.model_copy(update={"name": "huge-v1", "network": type(GMM.network)(**NETWORK)})
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts the peak of resident memory anew")
def test_predicted_training_memory_is_what_a_process_takes():
    # Freed blocks go back to the system at once, so that a peak is that of what is alive.
    settings = {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    script = Path(__file__).with_name("peak_of_steps.py")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, env={**os.environ, **settings}
    )
    for name, (predicted, measured) in json.loads(done.stdout).items():
        assert measured > 40, name
        assert 1 / FACTOR < predicted / measured < FACTOR, (name, predicted, measured)


def test_the_peak_counts_what_is_alive_and_no_view_twice():
    def work():
        first = torch.empty(1000)
        kept = first[:10]
        del first
        second = torch.empty(500)
        del kept
        torch.empty(1000).view(10, 100).add_(1)
        del second

    assert peak_of(work) == 4 * 1500


def test_a_larger_batch_and_half_precision_are_seen():
    track = tracks.get("digits-v1")
    network = track.network.model_copy(update={"options": {"width": 512, "blocks": 2, "condition": 64}})
    track = track.model_copy(update={"network": network})

    def of(**rules):
        changed = track.model_copy(update={"training": track.training.model_copy(update=rules)})
        return predict(changed, (1, 10, 10), 10, {"train": 100, "val": 10, "test": 10})

    one, double, half = of(batch=512), of(batch=1024), of(batch=1024, precision="bf16")
    assert one.state == double.state == half.state
    assert 1.6 < double.training / one.training < 2.0
    assert half.training < 0.8 * double.training


def test_cards_hold_what_is_predicted():
    for name in ("digits-v1", "gmm-v1", "mnist-v1", "fashion-v1", "fashion-latent-v1", "mnist-latent-v1"):
        track, card = tracks.get(name), tracks.card(name)
        written = Footprint.read(card["memory_mib"])
        found = predict(track, tuple(card["shape"]), 0 if name == "gmm-v1" else 10, card["sizes"])
        assert written.peak == pytest.approx(found.peak, rel=0.02)


def test_a_run_that_does_not_fit_is_refused_before_any_work(tmp_path, capsys):
    """A track without a card: a process of its own predicts."""
    plugin, store = tmp_path / "huge.py", tmp_path / "store"
    plugin.write_text(HUGE)
    request = ["run", "huge-v1", "--device", "cpu", "--store", str(store), "--track-plugin", str(plugin)]
    try:
        assert main._exit_code(request) == 2
    finally:
        tracks.TRACKS.pop("huge-v1", None)
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "a run of huge-v1 needs about" in said
    assert "GiB" in said
    assert "of this machine are free" in said
    assert not store.exists()


def test_what_was_measured_goes_before_what_is_predicted(tmp_path, monkeypatch):
    store, settings = Store(tmp_path), Settings(device="cpu")
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: None)
    predicted = memory_check.need(store, "digits-v1", settings, None)
    assert predicted.mib == pytest.approx(
        memory_check.PROCESS_MIB + Footprint.read(tracks.card("digits-v1")["memory_mib"]).peak
    )
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: 321.0)
    assert memory_check.need(store, "digits-v1", settings, None).mib == 321.0
    monkeypatch.setattr(devices, "available", lambda: 300 * MIB)
    with pytest.raises(
        memory_check.UserError, match=r"digits-v1 needs about 321 MiB .*past runs.* and 300 MiB of this machine"
    ):
        memory_check.check(store, "digits-v1", settings)
    monkeypatch.setattr(devices, "available", lambda: 400 * MIB)
    memory_check.check(store, "digits-v1", settings)


def test_workers_on_a_gpu_go_by_the_prediction_until_a_run_was_measured(tmp_path, monkeypatch):
    card = Footprint(data=100.0, state=400.0, training=3000.0, evaluation=500.0)
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: None)
    monkeypatch.setattr(memory_check, "predicted", lambda *_: card)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (24 * 1024 * MIB, 24 * 1024 * MIB))
    monkeypatch.setattr(worker_count, "cores", lambda: 64)
    settings = Settings(device="cuda:0")
    each = worker_count.CONTEXT_MIB + worker_count.ALLOCATOR * card.peak
    assert worker_count.workers_for(settings, Store(tmp_path), "digits-v1") == int(24 * 1024 // each)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (150 * MIB, 24 * 1024 * MIB))
    assert memory_check.need(Store(tmp_path), "digits-v1", settings, 150.0).mib == card.peak - card.data
    with pytest.raises(memory_check.UserError, match="of cuda:0 are free"):
        memory_check.check(Store(tmp_path), "digits-v1", settings)
