"""`snrbench recommend` from a file of latents to an answer, with real training of a second; bad input; a dry run."""

import json
import re

import numpy as np
import pytest
from PIL import Image

import in_this_process
from harness import tracks
from harness.execution import executors
from harness.execution.executors.kind import Wanted
from harness.tracks.track import Track
from leaderboards.recommending import answer as answering
from leaderboards.recommending import families, own_track, planning, work
from leaderboards.recommending.own_data import looked_at

SMALLER = {
    "steps=300": "steps=25",
    "batch=128": "batch=16",
    "warmup_steps=25": "warmup_steps=5",
    "ddim_steps=12": "ddim_steps=2",
    "paired_points=50": "paired_points=32",
    "(-9.0, 9.0, 19)": "(-9.0, 9.0, 5)",
    "curve_points=50": "curve_points=16",
    "samples=500": "samples=64",
}


@pytest.fixture
def least(monkeypatch):
    """Hardly more than the least that says anything, of one family and two trainers, trained in this process."""
    normal, two = (families.Family.normal(),), families.trainers_defaults()[:2]
    for module in (planning, work):
        monkeypatch.setattr(module, "families", lambda: normal)
    for module in (families, answering):
        monkeypatch.setattr(module, "trainers_defaults", lambda: two)
    monkeypatch.setattr(work, "ENTRIES", 8)
    monkeypatch.setattr(planning, "MOST_OF_RATE", planning.LEAST_TRIALS)
    monkeypatch.setattr(planning, "MOST_OF_FAMILY", planning.LEAST_TRIALS)
    for module in (planning, work):
        monkeypatch.setattr(module, "MOST_SEEDS", planning.LEAST_SEEDS + 1)
    monkeypatch.setattr(executors, "make", lambda *wanted: in_this_process.EXECUTOR.make(Wanted(*wanted)))


@pytest.fixture
def latents(tmp_path):
    """Latents of four values, and their track with a budget of no time at all."""
    rng = np.random.default_rng(0)
    file = tmp_path / "z.npz"
    np.savez(file, latents=rng.normal(size=(200, 4)) * [2.0, 1.0, 0.5, 0.1], labels=np.arange(200) % 2)
    text = own_track.text_of(looked_at(file), "own-z-v1", tmp_path)
    for number, smaller in SMALLER.items():
        assert number in text
        text = text.replace(number, smaller)
    (tmp_path / "store" / "tracks").mkdir(parents=True)
    (tmp_path / "store" / "tracks" / "own-z-v1.py").write_text(text)
    return file


def test_from_data_to_an_answer_which_the_same_command_repeats(snrbench, latents, least, tmp_path, monkeypatch):
    words = ("recommend", "--images", latents, "--minutes", "10", "--store", tmp_path / "store", "--workers", "2")
    words = (*words, "--device", "cpu")
    code, planned, err = snrbench("recommend", *words[2:], "--dry-run")  # data are known as such without --images
    assert f"track own-z-v1, {tracks.get('own-z-v1').summary}: " in " ".join(err.split())
    assert (code, "4 trials of cosine's" in planned) == (0, True)
    code, out, err = snrbench(*words, "--json", "--report", tmp_path / "report")
    assert code == 0, err
    answer = json.loads(out)
    assert answer["complete"]
    assert answer["verdict"] in ("recommended", "nothing told apart", "untrained")
    assert planned in err, "promised and done alike"
    steps = re.findall(r"^(\d)/4  ", err, re.MULTILINE)
    assert steps == ["1", "2", "3", "4"][: 2 if answer["verdict"] == "untrained" else 4]
    assert all(re.search(r"· at most \d+ (min|s) left", line) for line in err.splitlines() if " left" in line)
    assert (tmp_path / "report" / "report.md").is_file()
    if answer["verdict"] != "untrained":
        every = [spec for specs in answer["plateau"].values() for spec in specs]
        assert len(set(every)) == len(every) == len(answer["scores"]) >= 7
        assert answer["spec"] in answer["plateau"]["within"]
        assert answer["seeds"] == planning.LEAST_SEEDS + 1, "one more than the least fitted into ten minutes"
        monkeypatch.delitem(tracks.TRACKS, "own-z-v1")  # as in a command of its own, which finds it in the store
        code, board, err = snrbench("leaderboard", "own-z-v1", "--format", "json", "--store", tmp_path / "store")
        assert code == 0, err
        assert len(json.loads(board)) >= 7
        monkeypatch.delitem(tracks.TRACKS, "own-z-v1")
        request = ("run", "own-z-v1", "-t", "eps", "--seeds", "1", "--device", "cpu")
        code, _, err = snrbench(*request, "--store", tmp_path / "store")
        assert (code, "1 finished" in err) == (0, True), err
    runs = answer["runs"]
    code, again, _ = snrbench(*words, "--json")
    assert code == 0
    assert json.loads(again)["runs"] == runs  # nothing was run again
    assert json.loads(again)["plateau"] == answer["plateau"]
    file = tmp_path / "store" / "recommend" / "own-z-v1 v 10min.json"
    spent = json.loads(file.read_text()) | {"minutes": 10.0, "complete": False, "untrained": "", "entries": []}
    file.write_text(json.dumps(spent))
    code, again, err = snrbench(*words, "--json")
    assert (code, json.loads(again)["runs"]) == (1, runs), "no minutes are left, and none are taken"
    assert err.splitlines()[-1] == "the 10 min are used up: --minutes 11 goes on with what was run"


def test_what_cannot_be_is_one_line_before_anything_runs(snrbench, tmp_path):
    (tmp_path / "few").mkdir()
    for number in range(5):
        Image.new("L", (8, 8), number).save(tmp_path / "few" / f"{number}.png")
    (tmp_path / "empty").mkdir()
    for words, message in {
        (): "takes a track or --images DIR; got neither",
        ("gmm-v1", "--images", tmp_path): "got both",
        ("--images", tmp_path / "few"): "too few",
        ("--images", tmp_path / "empty"): "expected images",
        ("gmm-v2",): "unknown track",
        ("digits-v1", "--minutes", "0"): "--minutes is 0",
        ("digits-v1", "-t", "w"): "unknown target",
        ("digits-v1", "--first-seed", "3"): "expected 0, or 10",
        ("gmm-v1",): "diagnostic",
        ("--images", tmp_path / "few", "-t", "zz"): "unknown target 'zz'",
        ("--images", ""): "--images is empty; expected a folder of images",
        ("",): "TRACK|DIR is empty",
        ("digits-v1", "--report", tmp_path / "few" / "0.png" / "report"): "0.png' is a file; expected a folder",
    }.items():
        code, out, err = snrbench("recommend", *words, "--store", tmp_path / "store")
        assert (code, out) == (2, ""), words
        assert message in err
        assert len(err.strip().splitlines()) == 1, err
    assert not (tmp_path / "store").exists()


def test_a_dry_run_says_what_too_few_minutes_would_have_to_be(snrbench, tmp_path):
    words = ("recommend", "digits-v1", "--dry-run", "--store", tmp_path / "store", "--workers", "2", "--device", "cpu")
    code, out, err = snrbench(*words, "--minutes", "1")
    assert (code, out) == (2, "")
    assert "--minutes 1 buys" in err
    code, out, _ = snrbench(*words, "--minutes", "60")
    assert code == 0
    assert "the track's card" in out


def test_too_few_minutes_are_refused_before_any_run_by_what_some_steps_take(snrbench, latents, tmp_path):
    words = ("recommend", "--images", latents, "--store", tmp_path / "store", "--workers", "2", "--device", "cpu")
    code, out, err = snrbench(*words, "--minutes", "0.0001")
    assert (code, out) == (2, "")
    refusal = err.strip().splitlines()[-1]
    assert refusal.startswith("snrbench: --minutes 0.0001 buys"), err
    assert re.search(r"expected --minutes \d+, more workers", refusal)
    files = {path.name for path in (tmp_path / "store").rglob("*.*")}
    assert files == {"own-z-v1.py", "own-z-v1 v timed.json"}, "nothing was run or recorded"
    code, _, err = snrbench(*words, "--minutes", "0.0001", "--dry-run")
    assert (code, err.strip().splitlines()[-1]) == (2, refusal)
    enough = re.search(r"expected --minutes (\d+),", refusal).group(1)
    assert snrbench(*words, "--minutes", enough, "--dry-run")[0] == 0


def test_no_minutes_are_promised_where_nobody_knows_what_a_run_takes(snrbench, tmp_path, monkeypatch):
    monkeypatch.setattr(Track, "check", lambda track, checked: None)  # as if its data were there
    words = ("recommend", "imagenet256-latent-v1", "--minutes", "600", "--store", tmp_path / "store", "--device", "cpu")
    for also in ("--dry-run",), ():
        code, out, err = snrbench(*words, *also)
        assert (code, out) == (2, "")
        assert "what a run of imagenet256-latent-v1 takes is not known, so no minutes can be promised" in err
        assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("tracks", "show", "own-z-v1"), "own-values-4"),
        (("tracks", "list"), "own-z-v1"),
        (("run", "own-z-v1", "--dry-run"), "cosine × v × seed 2"),
        (("tune", "own-z-v1", "laplace", "--dry-run"), "own-z-v1/v/laplace"),
        (("recommend", "own-z-v1", "--dry-run"), "30 min buy"),
    ],
)
def test_a_track_that_recommend_made_is_known_to_commands_with_its_store(
    snrbench, latents, tmp_path, monkeypatch, words, text
):
    code, out, err = snrbench(*words, "--store", tmp_path / "store")
    assert (code, text in out) == (0, True), err
    monkeypatch.delitem(tracks.TRACKS, "own-z-v1")
    assert snrbench(*words, "--store", tmp_path / "another")[0] == (0 if words[1] == "list" else 2)


def test_a_broken_track_of_a_store_hides_no_other(snrbench, latents, tmp_path):
    (tmp_path / "store" / "tracks" / "own-b-v1.py").write_text("TRACK = None")
    code, out, err = snrbench("tracks", "list", "--json", "--store", tmp_path / "store")
    assert (code, "own-z-v1" in out) == (0, True)
    assert "left out: track plugin" in err
    assert "own-b-v1.py' holds no Track" in err


def test_an_edited_track_under_another_name_needs_a_file_of_that_name(snrbench, latents, tmp_path, monkeypatch):
    monkeypatch.delitem(tracks.TRACKS, "own-z-v1", raising=False)
    folder = tmp_path / "store" / "tracks"
    text = (folder / "own-z-v1.py").read_text()
    (folder / "own-z-v1.py").write_text(text.replace('"own-z-v1"', '"own-y-v1"'))
    code, _, err = snrbench("run", "own-z-v1", "--dry-run", "--store", tmp_path / "store")
    assert code == 2
    assert "own-z-v1.py' holds own-y-v1; expected own-z-v1, or a file called own-y-v1.py" in err
    monkeypatch.delitem(tracks.TRACKS, "own-y-v1")
    (folder / "own-z-v1.py").rename(folder / "own-y-v1.py")
    assert snrbench("run", "own-y-v1", "--dry-run", "--store", tmp_path / "store")[0] == 0
    monkeypatch.delitem(tracks.TRACKS, "own-y-v1")


def test_the_list_of_tracks_imports_nothing_from_the_working_directory_unasked(snrbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SNRBENCH_HOME", raising=False)
    folder = tmp_path / "snrbench-store" / "tracks"
    folder.mkdir(parents=True)
    (folder / "own-x-v1.py").write_text("raise SystemExit('imported')")
    code, out, err = snrbench("tracks", "list")
    assert (code, "own-x-v1" in out, "imported" in err) == (0, False, False)
    assert "snrbench-store has own-x-v1, too; --store snrbench-store lists them" in err
    assert "imported" in snrbench("tracks", "list", "--store", "snrbench-store")[2]
