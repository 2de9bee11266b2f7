"""A folder of images or a file of latents becomes a track, or is refused in one line before anything runs."""

import math
import os

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from harness import tracks
from leaderboards.recommending import own_data, own_track
from leaderboards.recommending.own_data import looked_at
from schedules.errors import UserError


def pictures(folder, count, side=12, colour=False, seed=0):
    """Random pictures of one class."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = rng.integers(0, 256, (side, side, 3) if colour else (side, side), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def _own_tracks(monkeypatch):
    monkeypatch.setattr(tracks, "TRACKS", dict(tracks.TRACKS))


def test_subfolders_are_classes_and_a_flat_folder_is_one(tmp_path):
    pictures(tmp_path / "two" / "ant", 120)
    pictures(tmp_path / "two" / "bee", 100, seed=1)
    facts = looked_at(tmp_path / "two")
    assert (facts.labels, facts.shape, facts.kind) == ((120, 100), (1, 12, 12), "images")
    assert looked_at(pictures(tmp_path / "flat", 200)).labels == (200,)


def test_small_pictures_are_a_track_of_pixels_that_loads(tmp_path):
    facts = looked_at(pictures(tmp_path / "my noise!", 200, colour=True))
    name, file = own_track.track_of(facts, tmp_path / "tracks")
    assert name == "own-my-noise-v1"
    assert file.is_file()
    tracks.get(name).check()
    data = tracks.get(name).data()
    assert data.shape == (3, 16, 16)
    assert (len(data.test), len(data.val)) == (facts.held_out, facts.held_out) == (50, 50)
    assert float(data.train.x.std()) == pytest.approx(1, abs=1e-3)
    assert facts.sigma == pytest.approx(math.sqrt((256**2 - 1) / 12) / 127.5, rel=0.02)  # of uniform bytes
    assert facts.spectrum == pytest.approx(0, abs=0.2)  # white


def test_larger_pictures_are_latents_of_their_own_autoencoder(tmp_path):
    facts = looked_at(pictures(tmp_path / "photos", 200, side=40))
    text = own_track.text_of(facts, "own-photos-v1", tmp_path / "own.py")
    assert "harness.data.own_latents:load" in text
    own_track.track_of(facts, tmp_path)
    tracks.get("own-photos-v1").check()
    assert tracks.get("own-photos-v1").data.options["latent"] == own_track.LATENT_OF_GREY


def test_a_file_that_its_owner_edited_stays_as_it_is(tmp_path):
    facts = looked_at(pictures(tmp_path / "noise", 200))
    text = own_track.text_of(facts, "own-noise-v1", tmp_path / "own-noise-v1.py").replace("steps=300", "steps=75")
    (tmp_path / "own-noise-v1.py").write_text(text)
    name, _ = own_track.track_of(facts, tmp_path)
    assert tracks.get(name).training.steps == 75


@pytest.mark.parametrize("ending", [".npy", ".npz", ".safetensors"])
def test_latents_in_each_kind_of_file(tmp_path, ending):
    x = np.random.default_rng(0).normal(3, 2, (240, 4, 4, 4)).astype(np.float32)
    labels, file = np.repeat([5, 9], 120), tmp_path / f"z{ending}"
    if ending == ".npy":
        np.save(file, x)
    elif ending == ".npz":
        np.savez(file, latents=x, labels=labels)
    else:
        save_file({"latents": x, "labels": labels}, file)
    facts = looked_at(file)
    assert facts.labels == ((240,) if ending == ".npy" else (120, 120))
    name, _ = own_track.track_of(facts, tmp_path / "tracks")
    tracks.get(name).check()
    data = tracks.get(name).data()
    rows = np.concatenate([split.group.numpy() for split in (data.train, data.val, data.test)])
    assert sorted(rows) == list(range(240))
    np.testing.assert_allclose(
        data.test.x.numpy() * data.std + data.mean, x[data.test.group.numpy()], rtol=1e-4, atol=1e-4
    )
    assert data.std == pytest.approx(2, rel=0.05)


def test_pictures_of_several_sizes_are_said_to_be_cropped(tmp_path):
    pictures(tmp_path / "mixed" / "a", 150)
    pictures(tmp_path / "mixed" / "b", 150, side=20)
    facts = looked_at(tmp_path / "mixed")
    assert facts.shape == (1, 12, 12)
    assert "2 sizes, 12×12 to 20×20" in facts.remarks[0]


def test_what_cannot_be_used_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("buy a camera")
    pictures(tmp_path / "half" / "a", 3)
    (tmp_path / "half" / "b").mkdir()
    pictures(tmp_path / "rare" / "many", 200)
    pictures(tmp_path / "rare" / "two", 2)
    single = pictures(tmp_path / "one", 1)
    few = pictures(tmp_path / "few", 60)
    broken = pictures(tmp_path / "broken", 199)
    (broken / "zz.png").write_bytes(b"no picture")
    np.savez(tmp_path / "words.npz", words=np.arange(4))
    np.savez(tmp_path / "nothing.npz")
    np.savez(tmp_path / "objects.npz", latents=np.array([{}], dtype=object))
    np.save(tmp_path / "rows.npy", np.ones(300))
    np.save(tmp_path / "none.npy", np.ones((0, 4, 4, 4)))
    np.save(tmp_path / "equal.npy", np.full((300, 4), 2.5))
    infinite = np.ones((300, 2, 8, 8))
    infinite[7] = np.inf
    np.save(tmp_path / "infinite.npy", infinite)
    for place, message in {
        tmp_path / "nowhere": "no such folder",
        tmp_path / "empty": r"empty' is empty; expected images that end in \.jpg.*subfolder of them for each class",
        tmp_path / "notes": r"notes' has no images, but 'todo\.txt'; expected images that end in \.jpg",
        tmp_path / "half": r"half' has no image in its subfolder 'b'; expected images that end in \.jpg",
        tmp_path / "rare": "class 'two' has 2 images",
        single: "1 image of 1 class, of which 0",
        few: "60 images of 1 class, of which 15 would be held out",
        single / "0.png": r"0\.png': expected a folder of images, or latents that end in \.npy",
        broken: "zz.png",
        tmp_path / "words.npz": "expected latents",
        tmp_path / "nothing.npz": "holds nothing; expected latents",
        tmp_path / "objects.npz": "cannot be read: objects in it",
        tmp_path / "rows.npy": r"float64 \(300,\); expected latents",
        tmp_path / "none.npy": r"are \(0, 4, 4, 4\); expected rows",
        tmp_path / "equal.npy": "every value is 2.5",
        tmp_path / "infinite.npy": "not finite",
    }.items():
        with pytest.raises(UserError, match=message) as refusal:
            looked_at(place)
        assert place.name in str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_images_beside_subfolders_are_said_not_to_be_used(tmp_path):
    pictures(tmp_path / "mixed", 2)
    pictures(tmp_path / "mixed" / "a", 200)
    facts = looked_at(tmp_path / "mixed")
    assert (facts.rows, facts.remarks) == (200, ("not used: 2 images beside the subfolders, which are the classes",))


def test_transparency_is_said_to_be_dropped_and_changes_no_pixel(tmp_path):
    folder = pictures(tmp_path / "noise", 200, colour=True)
    before = looked_at(folder)
    for number in range(3):
        with Image.open(folder / f"{number}.png") as image:
            image.putalpha(7)
            image.save(folder / f"{number}.png")
    facts = looked_at(folder)
    assert before.remarks == ()
    assert facts.remarks == ("3 images have transparency, which is dropped, as most trainers do",)
    assert facts.sigma == before.sigma


@pytest.mark.parametrize("other", ["val", "test", "validation"])
def test_folders_called_as_splits_are_said_to_be_taken_as_classes(tmp_path, other):
    pictures(tmp_path / "my set" / "train" / "ant", 60)
    pictures(tmp_path / "my set" / "train" / "bee", 60)
    pictures(tmp_path / "my set" / other, 120, seed=1)
    facts = looked_at(tmp_path / "my set")
    assert facts.labels == (120, 120)
    (remark,) = facts.remarks
    assert remark.startswith(f"'train' and {other!r} were taken as two classes; if they are splits, give one of them:")
    assert remark.endswith(f"--images '{tmp_path / 'my set' / 'train'}'")
    pictures(tmp_path / "my set" / "more", 120)
    assert looked_at(tmp_path / "my set").remarks == ()


def test_a_folder_whose_name_is_not_utf8_is_refused(tmp_path):
    folder = pictures(tmp_path / os.fsdecode(b"\xff"), 1)
    with pytest.raises(UserError, match=r"\\udcff': the name is not UTF-8"):
        looked_at(folder)


def test_few_held_out_images_get_few_dimensions():
    def of(rows):
        return own_data.OwnData(None, "images", (1, 8, 8), (rows,), 0.5, 2.0, "")

    assert [of(rows).held_out for rows in (200, 2400, 6000, 60000)] == [50, 600, 600, 6000]
    assert [of(rows).dimensions for rows in (200, 1200, 60000)] == [4, 25, 64]
    of(192).check()
    with pytest.raises(UserError, match="at least 192"):
        of(180).check()
