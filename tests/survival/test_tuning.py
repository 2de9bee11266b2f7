"""`snrbench tune` with all its processes killed in mid-run: the same command goes on, and ends as one in one go."""

import os
import signal
import time

import pytest

import in_this_process
from console import console
from harness.execution import plan_files
from harness.results.store import Store
from scene import TuningScene, runs_in_mlflow

REQUEST = (*TuningScene.REQUEST, "--workers", "2")


@pytest.mark.survival
@pytest.mark.timeout(1800)
def test_killed_it_goes_on_and_ends_as_if_nothing_had_been(tmp_path):
    scene = TuningScene(tmp_path)
    running = scene.start_command([scene.command("killed")[0], *scene.words("tune", "killed", *REQUEST)])
    while not list((scene.store("killed") / "checkpoints").glob("*/*.safetensors")):
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    with console() as snrbench:
        code, out, err = snrbench(*scene.words("tune", "killed", *REQUEST))
        assert code == 0, err
        here = ("--executor", in_this_process.FILE)
        code, undisturbed, err = snrbench(*scene.words("tune", "quiet", *scene.REQUEST, *here))
        assert code == 0, err
    assert scene.trials(scene.store("killed")) == scene.trials(scene.store("quiet"))
    keys = runs_in_mlflow(scene.store("killed"), "tiny-v1/tuning")
    assert len(keys) == len(set(keys))
    assert keys == runs_in_mlflow(scene.store("quiet"), "tiny-v1/tuning")
    assert out == undisturbed
    # Runs are counted, not the parts of runs between two marks, and the second command counts what the first had done.
    killed, last = plan_files.read(Store(scene.store("killed")))
    assert (killed.state, killed.most) == ("interrupted", scene.RUNS)
    assert (last.state, last.done, last.most) == ("ended", scene.RUNS, scene.RUNS)
