"""What a run will need of memory, and who is told when it is too much."""

import sys
from dataclasses import asdict, replace

import pytest
import torch

from harness import tracks
from harness.cli import main
from harness.execution.capacity import devices, memory_check, worker_count
from harness.execution.capacity.footprint import MIB, Footprint
from harness.execution.job import Settings
from harness.measuring import memory
from harness.results.store import Store
from harness.runs.run import Bench


def test_a_card_has_what_is_measured_of_a_run(quick_gmm, monkeypatch):
    """Sizes by arithmetic; training and evaluation by how far the peak rose, less the moments that the step made."""
    place, card = Bench(quick_gmm, torch.device("cpu")), Footprint.read(tracks.card("gmm-v1")["memory_mib"])
    readings = iter([100.0, 160.0, 200.0, 290.0])
    monkeypatch.setattr(memory.peak_memory, "peak_mib", lambda device: next(readings))
    measured = memory.footprint(place)
    assert measured.data == pytest.approx(card.data, abs=0.05)
    assert measured.state == pytest.approx(card.state, abs=0.05)
    assert measured.training == pytest.approx(60 - measured.state / 2)
    assert measured.evaluation == 90
    assert measured.peak == pytest.approx(measured.data + measured.state + 90)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts the peak of resident memory anew")
def test_the_peak_rises_by_what_is_held_at_once():
    held = memory.grown(lambda: torch.ones(64 * MIB // 4).mean(), torch.device("cpu"))
    assert 60 < held < 100


def test_a_run_that_does_not_fit_is_refused_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: None)
    monkeypatch.setattr(devices, "available", lambda: 700 * MIB)
    store = tmp_path / "store"
    assert main.exit_code(["run", "digits-v1", "--device", "cpu", "--store", str(store)]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "a run of digits-v1 needs about 894 MiB of memory (data 6 MiB, weights" in line
    assert "700 MiB of this machine are free" in line
    assert not store.exists()


def test_a_track_without_a_card_is_not_refused(tmp_path, monkeypatch):
    """Nothing is known of it until a run was measured."""
    monkeypatch.setattr(memory_check.tracks, "card", lambda name: {})
    settings = Settings(device="cpu")
    assert memory_check.need(Store(tmp_path), "digits-v1", settings, 10.0) is None
    memory_check.check(Store(tmp_path), "digits-v1", settings)


def test_what_was_measured_goes_before_the_card(tmp_path, monkeypatch):
    store, settings = Store(tmp_path), Settings(device="cpu")
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: None)
    by_card = memory_check.need(store, "digits-v1", settings, None)
    assert by_card.mib == pytest.approx(
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


def test_workers_on_a_gpu_go_by_the_card_until_a_run_was_measured(tmp_path, monkeypatch):
    card = Footprint(data=100.0, state=400.0, training=3000.0, evaluation=500.0)
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: None)
    monkeypatch.setattr(memory_check.tracks, "card", lambda name: {"memory_mib": asdict(card)})
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (24 * 1024 * MIB, 24 * 1024 * MIB))
    monkeypatch.setattr(worker_count, "cores", lambda: 64)
    settings = Settings(device="cuda:0")
    each = worker_count.CONTEXT_MIB + worker_count.ALLOCATOR * card.peak
    plain = replace(settings, compile="off")
    assert worker_count.workers_for(plain, Store(tmp_path), "digits-v1") == int(24 * 1024 // each) == 4
    graphs = each + worker_count.GRAPHS_MIB
    assert worker_count.workers_for(settings, Store(tmp_path), "digits-v1") == int(24 * 1024 // graphs) == 3
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: 3400.0)
    held = worker_count.CONTEXT_MIB + 3400  # what was measured is what the allocator held
    assert worker_count.workers_for(settings, Store(tmp_path), "digits-v1") == int(24 * 1024 // held) == 6
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (150 * MIB, 24 * 1024 * MIB))
    assert memory_check.need(Store(tmp_path), "digits-v1", settings, 150.0).mib == card.peak - card.data
    with pytest.raises(memory_check.UserError, match="of cuda:0 are free"):
        memory_check.check(Store(tmp_path), "digits-v1", settings)
