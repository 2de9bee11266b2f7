"""Sample pictures of a release: one small grid for each entry and target, of the lowest seed, kept as it grows."""

from __future__ import annotations

import io
import shutil
import sqlite3

import numpy as np
import pytest
from PIL import Image

from harness.cli import main
from harness.results.store import Store
from leaderboards.boards import query
from leaderboards.data import released
from leaderboards.releases.publishing import plots, samples
from leaderboards.releases.publishing.publish import publish, recompute
from schedules.errors import UserError

TRACK = "digits-v1"
CELLS = 4


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(released, "FOLDER", tmp_path / "published")
    # Pictures of a board take most of the time.
    monkeypatch.setattr(plots, "draw", lambda board, folder: None)
    return tmp_path / "published"


@pytest.fixture
def store(real_store):
    """Of the runs those of two entries and two targets."""
    runs = query.runs_table(real_store, TRACK).runs
    ids = runs.query("entry in ('cosine', 'laplace') and target in ('v', 'eps')")["run_id"]
    with sqlite3.connect(real_store / "mlflow.db") as db:
        db.execute("UPDATE runs SET lifecycle_stage = 'deleted'")
        for run_id in ids:
            db.execute("UPDATE runs SET lifecycle_stage = 'active' WHERE run_uuid = ?", [run_id])
    return real_store


def pixels(side, seed=0):
    """(8 rows, 10 labels) of grey images as large as `side`, in one sheet."""
    return np.random.default_rng(seed).integers(0, 256, (8 * side, 10 * side), dtype=np.uint8)


def draw(store, rule, sheet):
    """Let runs have left a sheet, four times as large, as the harness leaves small ones; their run keys."""
    runs = query.runs_table(store, TRACK).runs.query(rule)
    for run_id in runs["run_id"]:
        file = Store(store).artifacts / TRACK / run_id / "artifacts" / "samples.png"
        Image.fromarray(sheet.repeat(4, axis=0).repeat(4, axis=1)).convert("RGB").save(file)
    return set(runs["run_key"])


def pictures(folder):
    return {file.stem: file.read_bytes() for file in (folder / "samples").glob("*.webp")}


def content(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def decoded(picture):
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("L"))


def test_of_each_entry_and_target_the_lowest_seed_that_has_one_is_shown(store, home):
    sheet = pixels(8)
    draw(store, "seed == 2", pixels(8, 1))
    lowest = draw(store, "seed == 1 and entry != 'laplace'", sheet)
    publication = publish(store, TRACK, home)
    images = pictures(publication.folder)
    assert lowest < set(images)
    assert len(images) == CELLS
    assert (
        str(publication.pictures)
        == f"sample pictures: of 4 of 4 entries × targets, {publication.pictures.size / 1e6:.2f} MB"
    )
    # Images of a few pixels are kept exactly: the first four rows, a column for each label.
    for key in lowest:
        np.testing.assert_array_equal(decoded(images[key]), sheet[: 4 * 8])
        assert released.sample_grid(TRACK, f"published:{key}").read_bytes() == images[key]
    assert released.sample_grid(TRACK, "published:nobody") is None
    assert released.sample_grid("cifar10-v1", "a run of the store's own") is None


def test_large_images_are_made_small(store, home):
    draw(store, "seed == 0", np.full((8 * 64, 10 * 64), 90, np.uint8))
    for picture in pictures(publish(store, TRACK, home).folder).values():
        grid = decoded(picture)
        assert grid.shape == (4 * 32, 10 * 32)
        assert abs(int(grid.mean()) - 90) <= 2


def test_pictures_join_a_release_and_no_other_byte_of_it_changes(store, home, tmp_path):
    """Those that are there stay, as they are; those of a lower seed take their place; recomputing keeps all."""
    none = publish(store, TRACK, home)
    assert str(none.pictures) == ""
    without = content(none.folder)
    assert not any(name.startswith("samples") for name in without)
    one, two = (shutil.copytree(store, tmp_path / name) for name in ("one", "two"))
    later = draw(one, "seed == 1 and target == 'v'", pixels(8, 1))
    stays = draw(one, "seed == 0 and target == 'eps'", pixels(8, 2))
    draw(two, "seed == 0 and target == 'eps'", pixels(8, 3))
    first = draw(two, "seed == 0 and target == 'v'", pixels(8, 4))
    folder = publish(one, TRACK, home).folder
    before = pictures(folder)
    assert set(before) == later | stays
    again = publish(two, TRACK, home)
    assert again.changed == ()
    assert set(pictures(folder)) == stays | first
    assert {key: pictures(folder)[key] for key in stays} == {key: before[key] for key in stays}
    everything = content(folder)
    assert {name: data for name, data in everything.items() if not name.startswith("samples")} == without
    recompute(TRACK, home)
    assert content(folder) == everything
    publish(one, TRACK, home, replace=True)
    assert content(folder) == everything


def test_all_together_keep_to_their_limit_or_say_so(store, home, monkeypatch, capsys):
    draw(store, "seed == 0", pixels(24))
    whole = publish(store, TRACK, home).pictures
    assert {decoded(picture).shape[0] for picture in whole.files.values()} == {4 * 24}
    shutil.rmtree(home)
    monkeypatch.setattr(samples, "MOST_BYTES", whole.size // 2)
    fewer = publish(store, TRACK, home).pictures
    assert fewer.size <= whole.size // 2
    assert len(fewer.files) == CELLS
    assert {decoded(picture).shape[0] for picture in fewer.files.values()} == {2 * 24}
    shutil.rmtree(home)
    monkeypatch.setattr(samples, "MOST_BYTES", 1500)
    assert main.exit_code(["publish", TRACK, "--store", str(store), "--out", str(home)]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("sample pictures")]
    images = pictures(home / TRACK)
    assert sum(map(len, images.values())) <= 1500
    assert line.startswith(f"sample pictures: of {len(images)} of {CELLS} entries × targets")
    assert line.endswith(f"; {CELLS - len(images)} left out, as all together may take 0.0015 MB")


def test_a_damaged_picture_is_named(store, home):
    draw(store, "seed == 0", pixels(8))
    run = query.runs_table(store, TRACK).runs.query("seed == 0").iloc[0]
    (Store(store).artifacts / TRACK / run["run_id"] / "artifacts" / "samples.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(UserError, match=f"samples.png of run {run['run_key']} cannot be read"):
        publish(store, TRACK, home)
    assert not (home / TRACK).exists()
