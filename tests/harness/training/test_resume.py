"""Checkpoints: an interrupted run ends where an uninterrupted one does, bit for bit; a damaged file is left out."""

import errno

import pytest
import torch

from harness.metrics.keys import Measured
from harness.runs.progress import Checkpoints, Progress
from harness.runs.run import Interrupted, abandon, execute
from harness.specs import Entry, RunSpec
from harness.training import checkpoint

CPU = torch.device("cpu")
LEARNS = ("curriculum_mixture", "infonoise")


def spec_of(schedule="laplace", weighting="native", target="v", **more):
    return RunSpec(track="gmm-v1", target=target, entry=Entry.of(schedule, weighting), seed=3, **more)


@pytest.fixture(autouse=True)
def always_due(monkeypatch):
    monkeypatch.setattr("harness.runs.progress.FIRST_AFTER_SECONDS", 0.0)
    monkeypatch.setattr("harness.runs.progress.SHARE_OF_TIME", 1e9)


@pytest.fixture(scope="module")
def whole(tiny_gmm):
    """The run of `spec_of()` that nothing disturbed."""
    return execute(spec_of(), CPU)


def interrupted_after(spec, folder, calls):
    """Run until `execute` has looked at its stop flag that often."""
    looked = iter(range(10**6))
    with pytest.raises(Interrupted):
        execute(spec, CPU, checkpoints=folder, stop_asked=lambda: next(looked) >= calls)


def without_seconds(result):
    return result.outcome, result.values, result.losses, {k: v.tolist() for k, v in result.learned_state.items()}


@pytest.mark.parametrize("calls", [0, 2, 3, 7])
def test_a_run_stopped_anywhere_ends_bit_for_bit_as_if_it_had_not_been(whole, tmp_path, calls):
    spec = spec_of()
    interrupted_after(spec, tmp_path, calls)
    resumed = execute(spec, CPU, checkpoints=tmp_path)
    assert without_seconds(resumed) == without_seconds(whole)
    assert all(torch.equal(resumed.weights[name], value) for name, value in whole.weights.items())


@pytest.mark.parametrize(("schedule", "weighting"), [*((name, "native") for name in LEARNS), ("cosine", "uncertainty")])
def test_what_learns_goes_on_learning(tiny_gmm, tmp_path, schedule, weighting):
    spec = spec_of(schedule, weighting)
    whole = execute(spec, CPU)
    interrupted_after(spec, tmp_path, 2)
    resumed = execute(spec, CPU, checkpoints=tmp_path)
    assert without_seconds(resumed) == without_seconds(whole)
    assert whole.learned_state


def test_a_run_paused_at_each_mark_is_the_same_run(whole, tmp_path):
    spec = spec_of()
    quarter = execute(spec, CPU, checkpoints=tmp_path, until=0.25)
    assert quarter.outcome == "paused"
    assert {measured.mark for measured in quarter.values} == {0.25}
    again = execute(spec, CPU, checkpoints=tmp_path, until=0.25)
    assert again.values == quarter.values
    assert without_seconds(execute(spec, CPU, checkpoints=tmp_path)) == without_seconds(whole)


def test_a_run_given_up_keeps_what_it_measured(tiny_gmm, tmp_path):
    spec = spec_of()
    paused = execute(spec, CPU, checkpoints=tmp_path, until=0.5)
    pruned = abandon(spec, tmp_path, "hopeless")
    assert (pruned.outcome, pruned.reason) == ("pruned", "hopeless")
    assert pruned.values == paused.values
    assert pruned.losses == paused.losses


@pytest.mark.parametrize("track", ["tiny_gmm", "quick_digits"])
def test_a_run_that_tunes_never_sees_the_test_split(track, request):
    """Where scoring measures what validation does, by FD, both find the same."""
    track = request.getfixturevalue(track)
    spec = spec_of(study="s", trial=0).model_copy(update={"track": track.name})
    tuning = execute(spec, CPU).values
    assert {quantity.split for quantity in tuning} == {"val"}
    assert {quantity.metric for quantity in tuning} == {track.primary_metric}
    assert {quantity.mark for quantity in tuning} == set(track.marks)
    if track.primary_metric == "fd":
        scored = execute(spec_of().model_copy(update={"track": track.name}), CPU).values
        assert all(scored[measured] == value for measured, value in tuning.items())
        assert Measured("fd", "val", 3.0) in tuning


def test_multipliers_reach_the_optimiser_and_the_average(tiny_gmm, whole):
    entry = Entry(schedule="laplace", learning_rate=2.0, ema=4.0)
    rules = tiny_gmm.training.scaled(entry.learning_rate, entry.ema)
    assert rules.learning_rate == 2 * tiny_gmm.training.learning_rate
    assert 1 / (1 - rules.ema_decay) == pytest.approx(4 / (1 - tiny_gmm.training.ema_decay))
    assert execute(spec_of().model_copy(update={"entry": entry}), CPU).values != whole.values


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "foreign"])
def test_a_damaged_checkpoint_is_left_out_and_the_one_before_it_used(whole, tmp_path, damage):
    spec = spec_of()
    interrupted_after(spec, tmp_path, 3)
    newest = next(checkpoint.newest(tmp_path))
    content = bytearray(newest.read_bytes())
    if damage == "flipped":
        content[-100] ^= 16
    newest.write_bytes({"truncated": content[:-9], "flipped": content, "empty": b"", "foreign": b"hello" * 99}[damage])
    resumed = execute(spec, CPU, checkpoints=tmp_path)
    assert without_seconds(resumed) == without_seconds(whole)
    assert any(newest.name in note for note in resumed.notes)


def test_a_flipped_record_is_noticed(tmp_path):
    path = checkpoint.save(tmp_path, 1, {"a": torch.arange(3)}, {"values": [1.5]})
    path.write_bytes(path.read_bytes().replace(b"1.5", b"1.7"))
    with pytest.raises(checkpoint.Damaged):
        checkpoint.load(path)


def test_a_checkpoint_holds_every_dtype_and_shape(tmp_path):
    tensors = {"scalar": torch.tensor(2.5, dtype=torch.float64), "none": torch.zeros(0), "bool": torch.tensor([True])}
    read = checkpoint.load(checkpoint.save(tmp_path, 7, tensors, {"x": [None, "ü"]}))
    assert all(torch.equal(read.tensors[name], value) for name, value in tensors.items())
    assert read.record == {"x": [None, "ü"]}


def test_two_commands_at_one_run_do_not_mix_their_checkpoints(tmp_path, monkeypatch):
    real, others = checkpoint.save_file, [torch.ones(3)]

    def interrupted(tensors, path, metadata):
        real(tensors, path, metadata=metadata)
        if others:
            checkpoint.save(tmp_path, 5, {"x": others.pop()}, {})

    monkeypatch.setattr(checkpoint, "save_file", interrupted)
    checkpoint.save(tmp_path, 5, {"x": torch.zeros(3)}, {})
    assert [float(checkpoint.load(path).tensors["x"].sum()) for path in tmp_path.iterdir()] == [0.0]


def test_the_last_two_are_kept(tmp_path):
    for step in range(5):
        checkpoint.save(tmp_path, step, {"a": torch.zeros(1)}, {})
    assert [int(path.stem) for path in checkpoint.newest(tmp_path)] == [4, 3]


def test_a_full_disk_costs_the_checkpoint_and_not_the_run(tiny_gmm, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("harness.training.checkpoint.save_file", full)
    result = execute(spec_of(), CPU, checkpoints=tmp_path)
    assert result.outcome == "finished"
    assert len(result.notes) == 1
    assert "No space left" in result.notes[0]
    assert not list(tmp_path.rglob("*.partial"))


def test_checkpoints_are_rare_enough_to_cost_little(monkeypatch, tmp_path):
    now = [0.0]
    monkeypatch.setattr("harness.runs.progress.SHARE_OF_TIME", 0.01)
    monkeypatch.setattr("harness.runs.progress.time.monotonic", lambda: now[0])
    checkpoints, progress = Checkpoints(tmp_path), Progress()

    def slow_save(*_):
        now[0] += 2.0

    monkeypatch.setattr("harness.runs.progress.checkpoint.save", slow_save)
    for _ in range(10_000):
        now[0] += 1.0
        if checkpoints.due():
            checkpoints.save(1, {}, progress)
    assert 0 < progress.seconds["checkpoint"] <= 0.011 * now[0]
