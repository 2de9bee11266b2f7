"""Commands at once on one new store, training, recording and tuning: nothing lost, nothing locked.

Each command has an entry of its own and shares another one with all; two of them tune the same schedule. In the end
each run of the request counts once, and no command has said a word of a database that is locked.
"""

import pytest

from scene import SNRBENCH, Scene, runs_in_mlflow, scores

TUNING = ("laplace", "--trials", "4", "--seeds", "1", "--workers", "1")


@pytest.mark.survival
@pytest.mark.timeout(3600)
def test_commands_at_once_share_a_store(tmp_path, form):
    scene, benchmarks = Scene(tmp_path, 60), form(2, 6)
    running = [
        scene.start("store", "-s", f"laplace:loc={number / 10}", "-s", "cosine", "--seeds", "2", "--workers", "1")
        for number in range(benchmarks)
    ]
    _, _, *words = scene.command("store", *TUNING)
    running += [scene.start_command([SNRBENCH, "tune", *words]) for _ in range(2)]
    for command in running:
        _, err = command.communicate()
        assert command.returncode == 0, err
        assert "locked" not in err, err
        assert "Traceback" not in err, err
    recorded = set(runs_in_mlflow(scene.store("store")))
    assert len(recorded) == 2 * benchmarks + 2
    assert len({key for key, *_ in scores(scene.store("store"))}) == 2 * benchmarks + 2
    assert runs_in_mlflow(scene.store("store"), "tiny-v1/tuning")
