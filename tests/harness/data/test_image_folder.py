"""Images of one's own: what is read, how it is split, the feature space made of it, and the track that README shows."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import in_this_process
from harness.data import image_folder, images
from harness.metrics.own_classifier import classifier_of, told_apart
from schedules.errors import UserError

PAGE = Path(__file__).parents[3] / "harness" / "tracks" / "README.md"
CPU = torch.device("cpu")
PICTURES = 24
TOO_FEW = "4 held-out images in 64 dimensions"


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(images.VARIABLE, str(tmp_path))
    image_folder.load.cache_clear()
    return tmp_path


@pytest.fixture
def flowers(data_folder):
    """Two kinds of picture, 40×56: a bright disc on dark ground, and the reverse; as PNG and JPEG."""
    rng, down, across = np.random.default_rng(0), *np.mgrid[:40, :56]
    for kind, (inside, outside) in {"daisy": (220, 30), "tulip": (30, 220)}.items():
        (data_folder / "flowers" / kind).mkdir(parents=True)
        for number in range(PICTURES):
            row, column = rng.uniform(10, 30), rng.uniform(18, 38)
            disc = (down - row) ** 2 + (across - column) ** 2 < rng.uniform(5, 9) ** 2
            pixels = np.where(disc, inside, outside)[..., None] + rng.integers(0, 25, (40, 56, 3))
            ending = "png" if number % 2 else "jpg"
            Image.fromarray(pixels.astype(np.uint8)).save(data_folder / "flowers" / kind / f"{number}.{ending}")
    return data_folder / "flowers"


def names(folder):
    return [path.relative_to(folder).as_posix() for path in sorted(folder.glob("*/*"))]


def test_splits_are_by_class_and_hold_every_image_once(flowers):
    data = image_folder.load("flowers", side=16, val=0.25, test=0.25)
    assert data.shape == (3, 16, 16)
    assert data.classes == 2
    rows = torch.cat([data.train.group, data.val.group, data.test.group])
    assert sorted(rows.tolist()) == list(range(2 * PICTURES))
    for split, share in ((data.train, 12), (data.val, 6), (data.test, 6)):
        assert split.labels.bincount().tolist() == [share, share]
        assert [names(flowers)[row].split("/")[0] for row in split.group] == [
            ("daisy", "tulip")[label] for label in split.labels
        ]


def test_training_has_zero_mean_and_unit_variance_and_values_lie_on_the_levels(flowers):
    data = image_folder.load("flowers", side=16)
    assert float(data.train.x.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(data.train.x.double().std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert (data.test.x.double().flatten()[:, None] - data.levels).abs().amin(dim=1).max() < 1e-5


def test_an_image_is_the_resized_middle_square(data_folder):
    """Left third red, middle third green, right third blue: what is kept is green."""
    stripes = np.zeros((20, 60, 3), dtype=np.uint8)
    for third in range(3):
        stripes[:, 20 * third : 20 * (third + 1), third] = 255
    for name in map(str, range(20)):
        path = data_folder / "kinds" / "one" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(stripes).save(path)
    data = image_folder.load("kinds", side=10)
    raw = (data.train.x * data.std + data.mean).round()
    assert raw[:, 1, :, 1:-1].unique().tolist() == [255]
    assert raw[:, [0, 2], :, 1:-1].unique().tolist() == [0]


def test_a_photograph_is_turned_upright_and_grey_has_one_channel(data_folder):
    """EXIF orientation 6: the picture was taken with the camera on its side, and its top is stored on the left."""
    stored = np.zeros((16, 16), dtype=np.uint8)
    stored[:, :8] = 200
    folder = data_folder / "kinds" / "one"
    folder.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in range(20):
        Image.fromarray(stored).save(folder / f"{number}.png", exif=exif)
    data = image_folder.load("kinds", side=16, channels=1)
    raw = (data.train.x * data.std + data.mean).round()
    assert raw.shape[1:] == (1, 16, 16)
    assert raw[:, :, :8].unique().tolist() == [200]
    assert raw[:, :, 8:].unique().tolist() == [0]


def test_the_order_of_a_class_stays_when_another_gains_images(flowers):
    before = image_folder.load("flowers", side=8)
    held = {names(flowers)[row] for row in before.test.group if before.test.labels[before.test.group == row] == 1}
    Image.new("RGB", (8, 8)).save(flowers / "daisy" / "more.png")
    image_folder.load.cache_clear()
    after = image_folder.load("flowers", side=8)
    assert held == {
        names(flowers)[row] for row, label in zip(after.test.group, after.test.labels, strict=True) if label
    }


def test_contents_change_with_the_images_and_others_are_refused(flowers):
    contents = image_folder.contents("flowers")
    assert image_folder.contents(str(flowers)) == contents, "the same wherever the folder lies"
    image_folder.load("flowers", side=8, contents=contents)
    Image.new("RGB", (8, 8)).save(flowers / "daisy" / "0.jpg")
    assert image_folder.contents("flowers") != contents
    image_folder.load.cache_clear()
    with pytest.raises(UserError, match=f"'flowers' has other images than its track says: .*, expected {contents}"):
        image_folder.load("flowers", side=8, contents=contents)


def test_sizes_are_known_without_reading_an_image(flowers):
    data = image_folder.load("flowers", side=8, val=0.2, test=0.3)
    for file in flowers.glob("*/*"):
        file.write_bytes(b"")
    expected = {name: len(getattr(data, name)) for name in image_folder.SPLITS}
    assert image_folder.sizes("flowers", side=8, val=0.2, test=0.3) == expected
    image_folder.check("flowers", side=8, val=0.2, test=0.3)
    with pytest.raises(UserError, match="side is 0; expected a whole number, 1 or more"):
        image_folder.check("flowers", side=0)
    with pytest.raises(UserError, match="channels is 2; expected 1 or 3"):
        image_folder.check("flowers", side=8, channels=2)


def test_what_cannot_be_read_is_one_line(data_folder, flowers):
    def refused(**change):
        image_folder.load.cache_clear()
        with pytest.raises(UserError) as caught:
            image_folder.load(**{"folder": "flowers", "side": 8, **change})
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert str(data_folder / "nowhere") in refused(folder="nowhere")
    assert "channels is 2; expected 1 or 3" in refused(channels=2)
    assert "class 'daisy' has 24 images, which leaves 0 for val; expected at least 2" in refused(val=0.01)
    (flowers / "tulip" / "broken.png").write_bytes(b"no image")
    assert "broken.png' cannot be read" in refused()
    (flowers / "rose").mkdir()
    assert "rose" in refused()


def test_the_feature_space_is_made_once_and_a_changed_file_is_refused(flowers, monkeypatch):
    data = image_folder.load("flowers", side=16, val=0.25, test=0.25)
    before = torch.random.get_rng_state()
    classifier = classifier_of(data, CPU)
    assert torch.equal(torch.random.get_rng_state(), before), "a run's random numbers must not notice"
    (path,) = (images.root() / "features").glob("*.safetensors")
    noted = json.loads(path.with_suffix(".json").read_text())
    assert noted["accuracy"]["test"] == 1.0
    features = classifier(data.train.x)
    assert features.shape == (24, 64)
    torch.testing.assert_close(features.mean(dim=0), torch.zeros(64), atol=1e-3, rtol=0)

    monkeypatch.setattr("harness.metrics.own_classifier.train", None)  # a second training would fail
    assert torch.equal(classifier_of(data, CPU, sha256=noted["sha256"])(data.test.x), classifier(data.test.x))
    with pytest.raises(UserError, match=r"the track declares 0000.*delete it"):
        classifier_of(data, CPU, sha256="0" * 64)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(UserError, match=rf"SHA-256 .* was written {noted['sha256']}"):
        classifier_of(data, CPU)


def test_one_class_is_told_apart_by_its_turns(flowers):
    data = image_folder.load("flowers", side=8)
    assert told_apart(data.test, classes=2) is data.test
    turned = told_apart(data.test, classes=1)
    assert turned.labels.bincount().tolist() == [len(data.test)] * 4
    for turn in range(4):
        assert torch.equal(turned.x[turned.labels == turn].rot90(-turn, (2, 3)), data.test.x)


def readme_track():
    (text,) = re.findall(r"```python\n(# flowers\.py\n.*?)```", PAGE.read_text(), flags=re.DOTALL)
    return text


def test_a_misspelt_option_of_the_track_is_one_line_before_anything_starts(flowers, tmp_path, capsys):
    from harness import tracks
    from harness.cli import main

    plugin, store = tmp_path / "typo.py", ["--store", str(tmp_path / "store")]
    plugin.write_text(readme_track().replace('"side": 32', '"side": 32, "chanels": 1').replace("flowers-v1", "typo-v1"))
    try:
        for command in (["run", "typo-v1", "-s", "cosine", "--device", "cpu"], ["tracks", "prepare", "typo-v1"]):
            assert main.exit_code([*command, "--track-plugin", str(plugin), *store]) == 2
            (refusal,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("snrbench: ")]
            assert "track 'typo-v1', data: unknown option 'chanels', which is 1; " in refusal
            assert refusal.endswith("image_folder:load takes folder, side, channels, val, test, contents")
        assert main.exit_code(["tracks", "show", "typo-v1", "--track-plugin", str(plugin), *store]) == 0
    finally:
        tracks.TRACKS.pop("typo-v1", None)
    assert not (tmp_path / "store").exists()


def test_the_track_that_readme_shows_runs_as_it_is_written(flowers, tmp_path, capsys):
    """But for its number of samples, whose drawing takes longest."""
    from harness import tracks
    from harness.cli import main

    text = readme_track()
    assert len(text.splitlines()) <= 30
    assert text.count("=500") == 2
    text = text.replace("=500", "=100")
    plugin, store = tmp_path / "flowers.py", tmp_path / "store"
    plugin.write_text(text)
    own = ["--track-plugin", str(plugin)]
    try:
        assert main.exit_code(["tracks", "prepare", "flowers-v1", *own]) == 0
        output = capsys.readouterr().out
        assert "40 train, 4 val, 4 test; shape (3, 32, 32)" in output
        assert "accuracy" in output
        # Four held-out images in 64 dimensions: said here, on the card and on the board.
        assert TOO_FEW in output
        assert main.exit_code(["tracks", "show", "flowers-v1", *own]) == 0
        assert TOO_FEW in " ".join(capsys.readouterr().out.split())
        command = ["run", "flowers-v1@0.1", "-s", "cosine", *own, "--store", str(store), "--device", "cpu"]
        assert main.exit_code([*command, "--seeds", "1", "--executor", in_this_process.FILE]) == 0
        capsys.readouterr()
        assert main.exit_code(["leaderboard", "flowers-v1@0.1", *own, "--store", str(store), "--format", "json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)
        assert main.exit_code(["leaderboard", "flowers-v1@0.1", *own, "--store", str(store), "--format", "md"]) == 0
        assert TOO_FEW in " ".join(capsys.readouterr().out.split())
    finally:
        tracks.TRACKS.pop("flowers-v1", None)
    assert row["schedule"] == "cosine"
    assert row["metric"] == "fd"
    assert row["mean"] > 0
