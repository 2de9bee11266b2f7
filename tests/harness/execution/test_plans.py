"""Plans of commands: what is left, what runs, which command is dead, and how long it will take."""

import json
import os
import subprocess
import sys
import time

import pytest

from harness.execution import plan_files
from harness.results.store import Store
from harness.specs import Entry, RunSpec

HOLDS_A_PLAN = """
import sys, time
from harness.execution.plan_files import Recorder
from harness.specs import Entry, RunSpec
from harness.results.store import Store
spec = RunSpec(track="gmm-v1", target="v", entry=Entry.of("cosine"), seed=0)
recorder = Recorder(Store(sys.argv[1]), [spec], 2, command="snrbench run gmm-v1")
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def specs(count):
    entry = Entry.of("cosine")
    return [RunSpec(track="gmm-v1", target="v", entry=entry, seed=seed) for seed in range(count)]


def only(store):
    (command,) = plan_files.read(store)
    return command


def test_a_plan_says_what_is_left_and_for_how_long(store):
    runs = specs(5)
    recorder = plan_files.Recorder(store, runs, slots=2, expected={"v": 30.0})
    assert only(store).state == "running"
    assert only(store).seconds_left == 5 * 30.0 / 2
    recorder.ended(runs[0], "finished", 10.0)
    recorder.ended(runs[1], "failed", 20.0)
    recorder.write()
    command = only(store)
    assert [run.key for run in command.left] == [spec.key for spec in runs[2:]]
    assert [run.label for run in command.running] == [str(spec) for spec in runs[2:4]]
    assert command.outcomes == {runs[0].key: "finished", runs[1].key: "failed"}
    assert command.seconds_left == 3 * 15.0 / 2
    for spec in runs[2:]:
        recorder.ended(spec, "finished", 10.0)
    recorder.close(1)
    assert (only(store).state, only(store).code, only(store).running) == ("ended", 1, [])


@pytest.mark.parametrize("named", ["", " --store here", " --store=here"])
def test_of_a_store_that_was_moved_it_says_the_command_for_where_it_is(tmp_path, named):
    plan_files.Recorder(Store(tmp_path / "here"), specs(1), slots=1, command=f"snrbench run gmm-v1{named} --seeds 1")
    (tmp_path / "here").rename(tmp_path / "there")
    command = only(Store(tmp_path / "there")).command
    assert command == f"snrbench run gmm-v1 --seeds 1 --store {tmp_path / 'there'}"


def test_runs_planned_later_and_paused_ones_count(store):
    first, second = specs(2)
    recorder = plan_files.Recorder(store, [], slots=1, total=3)
    recorder.planned(first)
    recorder.ended(first, "paused", 5.0)
    recorder.planned(first)
    recorder.planned(second)
    recorder.write()
    command = only(store)
    assert [run.key for run in command.left] == [first.key, second.key]
    assert command.seconds_left is None
    recorder.ended(first, "pruned", 4.0)
    recorder.write()
    assert only(store).seconds_left == 2 * 4.0


def test_a_request_that_took_several_commands_is_counted_as_one(store):
    """Of 15 runs 6 had ended, one more is found recorded, two are run: 9 of 15, and only their time is judged by."""
    recorder = plan_files.Recorder(store, [], slots=1, total=9, before=6)
    earlier, first, second = specs(3)
    recorder.recorded(earlier, "finished")
    for spec in (first, second):
        recorder.planned(spec)
        recorder.ended(spec, "paused", 2.0)
        recorder.planned(spec)
        recorder.ended(spec, "finished", 4.0)
    recorder.write()
    command = only(store)
    assert (command.done, command.most, command.left) == (9, 15, [])
    assert command.seconds_left == 6 * 4.0


def test_a_command_that_was_stopped_or_killed_is_interrupted(store):
    recorder = plan_files.Recorder(store, specs(2), slots=1)
    recorder.close(130)
    assert (only(store).state, only(store).code) == ("interrupted", 130)
    plan_files.forget(store, only(store))

    holder = subprocess.Popen([sys.executable, "-c", HOLDS_A_PLAN, str(store.root)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "ready\n"
    assert (only(store).state, only(store).pid) == ("running", holder.pid)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    command = only(store)
    assert (command.state, command.command) == ("interrupted", "snrbench run gmm-v1")


def test_torn_and_foreign_files_are_left_out(store):
    recorder = plan_files.Recorder(store, specs(2), slots=1)
    recorder.ended(specs(2)[0], "finished", 1.0)
    recorder.write()
    (store.root / "plans" / "foreign.json").write_text("[]")
    (store.root / "plans" / "torn.json").write_text('{"command": ')
    assert list(only(store).outcomes.values()) == ["finished"]


def test_a_plan_of_0_1_is_read_with_its_events(store):
    """It stayed as the command began; a line for each event stood in a file beside it, the last one perhaps cut off."""
    first, second, later = ({"key": key, "label": key, "track": "gmm-v1", "target": "v"} for key in "abc")
    head = {"command": "snrbench run gmm-v1", "host": "there", "pid": 1, "started": time.time(), "slots": 1, "total": 2}
    head |= {"store": str(store.root), "before": 1, "expected": {"v": 3.0}, "runs": [first, second]}
    events = [{"key": "a", "outcome": "finished", "seconds": 2.0}, later, {"key": "b", "outcome": "paused"}]
    plans = store.root / "plans"
    plans.mkdir()
    (plans / "1.json").write_text(json.dumps(head))
    (plans / "1.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events) + '{"key": "b", "outc')
    (plans / "1.lock").touch()
    command = only(store)
    assert (command.state, command.done, command.most, command.code) == ("interrupted", 2, 4, None)
    assert ([run.key for run in command.left], command.seconds_left) == (["b", "c"], 2 * 2.0)


def test_a_command_says_that_it_lives_where_its_lock_cannot_be_tried(store, monkeypatch):
    """As in a store that is mounted to be read: by the age of what it last said."""
    monkeypatch.setattr(plan_files, "BEAT_SECONDS", -1.0)
    recorder = plan_files.Recorder(store, specs(1), slots=1)
    (file,) = (store.root / "plans").glob("*.json")
    (lock,) = (store.root / "plans").glob("*.lock")
    lock.unlink()
    lock.mkdir()
    os.utime(file, (1.0, 1.0))
    assert only(store).state == "interrupted"
    recorder.beat()
    assert only(store).state == "running"


def test_old_plans_go_and_new_ones_stay(store):
    plan_files.Recorder(store, specs(1), slots=1).close(130)
    recorder = plan_files.Recorder(store, specs(1), slots=1)
    recorder.ended(specs(1)[0], "finished", 1.0)
    recorder.close(0)
    days = 86400.0
    for command, age in zip(
        sorted(plan_files.read(store), key=lambda plan: plan.state), (2 * days, 2 * days), strict=True
    ):
        path = store.root / "plans" / f"{command.id}.json"
        path.write_text(path.read_text().replace(f'"started": {command.started}', f'"started": {time.time() - age}'))
    plan_files.tidy(store)
    assert only(store).state == "interrupted"
    assert len(os.listdir(store.root / "plans")) == 2


def test_a_disk_that_takes_no_plan_stops_nothing(store):
    (store.root / "plans").write_text("in the way")
    recorder = plan_files.Recorder(store, specs(1), slots=1)
    recorder.planned(specs(2)[1])
    recorder.ended(specs(1)[0], "finished", 1.0)
    recorder.close(0)
    assert plan_files.read(store) == []


def command(state, line="snrbench run gmm-v1", keys=("a",), number=0):
    runs = {key: plan_files.Planned(key, key, "gmm-v1", "v") for key in keys}
    return plan_files.Command(f"{number}", line, "here", 1, float(number), 1, len(runs), state, runs=runs)


def test_of_interrupted_commands_the_newest_that_has_something_left_is_shown():
    ended, older, newer = command("ended"), command("interrupted", number=1), command("interrupted", number=2)
    assert plan_files.to_show([ended, older, newer], set()) == [newer]
    assert plan_files.to_show([ended, older, newer], {"a"}) == []
    other = command("interrupted", "snrbench run digits-v1", ("a", "b"), 3)
    again = command("running", number=4)
    assert plan_files.to_show([older, newer, other, again], {"a"}) == [other, again]
    assert plan_files.to_show([older, newer, again], set()) == [again]
