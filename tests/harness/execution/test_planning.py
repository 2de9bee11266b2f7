"""What a request comes to: what failed is repeated, what it costs is said, what is missing is named."""

import json
import shutil
import time

import pytest

import schedules
from harness import tracks
from harness.cli import main
from harness.execution.capacity.limits import LEAST_SECONDS, UNKNOWN_SECONDS, completed
from harness.execution.estimate import estimate
from harness.execution.job import Limits
from harness.execution.processes.worker import check_unchanged
from harness.execution.retry import failed_jobs
from harness.results import run_folder
from harness.results.mlflow_access.client import close_databases
from harness.results.store import Store
from harness.results.write import deliver
from harness.runs.run import RunResult
from harness.specs import Entry, RunSpec
from harness.tracks.track import Track, read_card
from result_folders import CPU
from schedules.errors import UserError

STILL = """
from scipy import stats
from schedules import register

@register("edited_still", space={})
def edited():
    return stats.laplace(0, SCALE)
"""
LEARNS = """
from scipy import stats
from schedules import register

class Learns:
    def __init__(self): self.base = stats.laplace()
    def pdf(self, x): return self.base.pdf(x)
    def cdf(self, x): return self.base.cdf(x)
    def ppf(self, q): return self.base.ppf(q)
    def update(self, logsnr, loss): self.seen = SCALE
    def state_dict(self): return {}
    def load_state_dict(self, state): pass

@register("edited_learns", space={})
def edited():
    return Learns()
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Five runs: three that took 10, 20 and 60 s, one that failed, one that failed and then finished."""
    store = Store(tmp_path_factory.mktemp("planning") / "store")
    store.prepare()

    def record(seed, outcome="finished", seconds=0.0, schedule="cosine", target="v", tags=None, **entry):
        variant = Entry.of(schedule).model_copy(update=entry)
        spec = RunSpec(track="gmm-v1", target=target, entry=variant, seed=seed)
        result = RunResult(spec, outcome=outcome, reason="of a test", costs={"seconds/training": seconds})
        deliver(store, run_folder.write(store.outbox, result, CPU, time.time(), time.time(), extra_tags=tags))
        return spec

    for seed, seconds in enumerate((10.0, 20.0, 60.0)):
        record(seed, seconds=seconds)
    tags = {"trials": "24", "tuning_seconds": "3.5"}
    record(3, "failed", schedule="laplace:scale=0.7", learning_rate=2.0, tuned_from="laplace", tags=tags)
    record(4, "failed")
    record(4, seconds=5.0, target="v")
    return store


def test_what_failed_is_repeated_exactly(store):
    (job,) = failed_jobs(store, "gmm-v1")
    entry = Entry(schedule="laplace:scale=0.7", learning_rate=2.0, tuned_from="laplace")
    assert job.spec == RunSpec(track="gmm-v1", target="v", entry=Entry(**entry.model_dump()), seed=3)
    assert dict(job.tags) == {"trials": "24", "tuning_seconds": "3.5"}


def test_the_plugin_that_is_missing_is_named(store, tmp_path):
    close_databases()
    store = Store(shutil.copytree(store.root, tmp_path / "store"))
    store.prepare()
    schedules.register("of_a_plugin", space={})(lambda: schedules.parse("laplace"))
    try:
        spec = RunSpec(track="gmm-v1", target="v", entry=Entry.of("of_a_plugin"), seed=0)
        tags = {"plugins": json.dumps(["mine/my_schedules.py"])}
        failed = run_folder.failed(spec, "boom")
        deliver(store, run_folder.write(store.outbox, failed, CPU, 1.0, 2.0, extra_tags=tags))
    finally:
        schedules.schedule.SCHEDULES.remove("of_a_plugin")
    with pytest.raises(UserError, match=r"of_a_plugin.*--plugin mine/my_schedules.py"):
        failed_jobs(store, "gmm-v1")


def test_seconds_are_judged_by_past_runs_then_by_the_card(store, tmp_path):
    cost = estimate(store, "gmm-v1", "cpu")
    assert (cost.source, cost.seconds) == ("past runs", {"v": 15.0})
    assert cost.of("eps") == 15.0
    card = estimate(Store(tmp_path), "gmm-v1", "cpu")
    assert card.source == "the track's card, measured on one CPU core"
    assert card.of("v") == pytest.approx(4.5, abs=1)


@pytest.mark.parametrize(
    ("track", "device", "parts", "source"),
    [
        ("fashion-latent-v1", "cpu", ("cpu", 1.0), "the track's card, measured on one core of an AMD EPYC"),
        ("fashion-latent-v1@0.2", "cpu", ("cpu", 0.2), "the track's card, measured on one core of an AMD EPYC"),
        ("fashion-latent-gpu-v1", "cuda:0", ("cuda", 1.0), "the track's card, measured on NVIDIA H200"),
        ("fashion-latent-gpu-v1", "cpu", None, "and the track's card has 9.1 s on NVIDIA H200 alone"),
        ("imagenet256-latent-v1", "cpu", None, "and nothing on the track's card"),
    ],
)
def test_what_a_card_says_of_a_device_is_taken_for_that_kind_and_scaled(tmp_path, track, device, parts, source):
    expected = estimate(Store(tmp_path), track, device)
    if parts is None:
        assert expected.of("v") is None
        assert expected.unknown.endswith(source)
        return
    cost = read_card(track.partition("@")[0])["cost"][parts[0]]
    assert expected.of("v") == pytest.approx(parts[1] * cost["training"] + cost["evaluation"])
    assert expected.source == source


def test_a_dry_run_says_what_it_costs(store, capsys, monkeypatch):
    monkeypatch.setattr(Track, "check", lambda track, checked: None)  # as if the data of every track were there
    request = ["run", "gmm-v1", "--seeds", "7", "--workers", "2", "--store", str(store.root), "--device", "cpu"]
    assert main.exit_code([*request, "-t", "v", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 3  # of the seeds 0 to 6, three finished and another one later
    assert "3 runs, 2 at a time: about 22 s, judging by past runs" in printed.err
    unknown = ["run", "imagenet256-latent-v1", "--dry-run", "--store", str(store.root), "--device", "cpu"]
    assert main.exit_code(unknown) == 0
    assert "3 runs; what they take is not known: no past runs" in " ".join(capsys.readouterr().err.split())
    assert main.exit_code([*request[:2], *request[4:], "--failed", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("laplace@tuned × v × seed 3")


def test_limits_are_generous_where_nobody_says():
    assert completed(Limits(), 1000.0, 2, "cpu").seconds == 20_000.0
    assert completed(Limits(), 1.0, 2, "cpu").seconds == LEAST_SECONDS
    assert completed(Limits(), None, 2, "cpu").seconds == UNKNOWN_SECONDS
    one, four = (completed(Limits(), None, slots, "cpu").gib for slots in (1, 4))
    assert one == pytest.approx(4 * four, rel=0.2)
    assert completed(Limits(3.0, 2.0), 1000.0, 2, "cpu") == Limits(3.0, 2.0)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--time-limit", "0"], "--time-limit is 0"),
        (["--memory-limit", "-1"], "--memory-limit is -1"),
        (["--workers", "0"], "--workers is 0"),
        (["--failed", "-s", "cosine"], "--failed"),
        (["--track-plugin", "nowhere.py"], "'nowhere.py': no such file"),
    ],
)
def test_what_cannot_be_is_one_line(options, named, tmp_path, capsys):
    assert main.exit_code(["run", "gmm-v1", *options, "--store", str(tmp_path / "s")]) == 2
    err = capsys.readouterr().err
    assert named in err
    assert err.count("\n") == 1
    assert not (tmp_path / "s").exists()


def test_a_copy_of_a_specification_has_a_key_of_its_own():
    spec = RunSpec(track="gmm-v1", target="v", entry=Entry.of("laplace"), seed=0)
    faster = spec.entry.model_copy(update={"learning_rate": 2.0})
    assert len({spec.entry.fingerprint, faster.fingerprint}) == 2
    assert len({spec.key, spec.model_copy(update={"seed": 1}).key, spec.model_copy(update={"entry": faster}).key}) == 3
    assert spec.model_copy().key == spec.key


def test_an_edited_plugin_is_another_entry(tmp_path):
    """A schedule that stands still goes by its density, one that learns by its source too."""
    for name, source in (("edited_still", STILL), ("edited_learns", LEARNS)):
        file, keys = tmp_path / f"{name}.py", []
        for scale in ("1.0", "1.0", "2.0"):
            file.write_text(source.replace("SCALE", scale))
            schedules.load_plugin(file)
            keys.append(RunSpec(track="gmm-v1", target="v", entry=Entry.of(name), seed=0).key)
        assert keys[0] == keys[1] != keys[2]


def test_what_was_edited_after_the_command_began_is_not_run(tmp_path, monkeypatch):
    """A worker that starts later, after a failure, loads the files as they are then."""
    file = tmp_path / "edited_later.py"
    file.write_text(STILL.replace("still", "later").replace("SCALE", "1.0"))
    schedules.load_plugin(file)
    spec = RunSpec(track="gmm-v1", target="v", entry=Entry.of("edited_later"), seed=0)
    assert spec.key
    check_unchanged(spec)
    other = tracks.get("gmm-v1").training.model_copy(update={"steps": 40})
    with monkeypatch.context() as edited:
        edited.setitem(tracks.TRACKS, "gmm-v1", tracks.get("gmm-v1").model_copy(update={"training": other}))
        with pytest.raises(RuntimeError, match="the plugin of its track was changed"):
            check_unchanged(spec)
    file.write_text(STILL.replace("still", "later").replace("SCALE", "2.0"))
    schedules.load_plugin(file)
    with pytest.raises(RuntimeError, match="its plugin was changed"):
        check_unchanged(spec)
