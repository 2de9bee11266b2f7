"""MNIST, Fashion-MNIST and CIFAR-10 from small files in torchvision's layout, and the committed feature space."""

import gzip
import hashlib
import pickle
import re
import shutil
import tarfile
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torchvision import datasets

from harness import tracks
from harness.data import images, official_files
from harness.metrics import classifiers
from harness.metrics.classifier_training import images as classifier_training
from harness.metrics.classifier_training.images import accuracy
from harness.metrics.classifiers import WEIGHTS, ImageClassifier
from harness.tracks.fashion import FASHION
from harness.tracks.mnist import MNIST
from schedules.errors import UserError

TRAIN, TEST, VAL = 120, 40, 30
CPU = torch.device("cpu")


def idx(path, array):
    """The format of MNIST's files: two zero bytes, the type, the number of axes, their lengths, the values."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">i4").tobytes()
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def drawn(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)), np.arange(count) % 10


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(images.VARIABLE, str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(official_files, "SYSTEM", tmp_path / "system")
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def no_network(monkeypatch):
    """Addresses that were asked for, in vain."""
    addresses = []

    def unreachable(url, *arguments, **more):
        addresses.append(url)
        raise URLError("no route to host")

    monkeypatch.setattr(datasets.mnist, "download_and_extract_archive", unreachable)
    monkeypatch.setattr(datasets.cifar, "download_and_extract_archive", unreachable)
    return addresses


def content_of(folder):
    """Every file and folder below, and when each was last written."""
    return {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}


@pytest.fixture(params=["MNIST", "FashionMNIST"])
def grey(request, folder):
    """Files of a grey data set: its name, its images by official split."""
    raw = folder / request.param / "raw"
    raw.mkdir(parents=True)
    official = {"train": drawn(TRAIN, 28, 28), "t10k": drawn(TEST, 28, 28, seed=1)}
    for split, (pixels, labels) in official.items():
        idx(raw / f"{split}-images-idx3-ubyte", pixels)
        idx(raw / f"{split}-labels-idx1-ubyte", labels)
    return request.param, official


@pytest.fixture
def colour(folder, monkeypatch):
    """Files of CIFAR-10: images (N, 3, 32, 32) by official split."""
    batches = folder / "cifar-10-batches-py"
    batches.mkdir()
    official = {"train": drawn(TRAIN, 3, 32, 32), "test": drawn(TEST, 3, 32, 32, seed=1)}

    def write(name, content):
        (batches / name).write_bytes(pickle.dumps(content))
        return hashlib.md5((batches / name).read_bytes()).hexdigest()

    sums = []
    for number, rows in enumerate(np.split(np.arange(TRAIN), 5), start=1):
        pixels, labels = (part[rows] for part in official["train"])
        name = f"data_batch_{number}"
        content = {"data": pixels.reshape(len(rows), -1).astype(np.uint8), "labels": labels.tolist()}
        sums.append([name, write(name, content)])
    pixels, labels = official["test"]
    test = write("test_batch", {"data": pixels.reshape(TEST, -1).astype(np.uint8), "labels": labels.tolist()})
    meta = write("batches.meta", {"label_names": list("abcdefghij")})
    monkeypatch.setattr(datasets.CIFAR10, "train_list", sums)
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [["test_batch", test]])
    monkeypatch.setattr(datasets.CIFAR10, "meta", {**datasets.CIFAR10.meta, "md5": meta})
    return official


def raw(data, split):
    return (split.x.double() * data.std + data.mean).round().long().numpy()


def source(data, official):
    """Every official image by the number that its rows carry as `group`."""
    return np.concatenate([pixels for pixels, _ in official.values()])


def test_grey_images_are_the_official_ones_with_a_black_border(grey):
    name, official = grey
    data = images.load(name, border=2, val_images=VAL)
    everything, labels = source(data, official), np.concatenate([part for _, part in official.values()])
    for split in (data.train, data.val, data.test):
        pixels = raw(data, split)
        assert pixels.shape[1:] == (1, 32, 32)
        assert np.array_equal(pixels[:, 0, 2:-2, 2:-2], everything[split.group])
        assert np.array_equal(split.labels, labels[split.group])
        assert pixels.sum() == everything[split.group].sum()


def test_validation_comes_out_of_training_with_equal_class_shares_and_test_is_official(grey):
    data = images.load(grey[0], border=2, val_images=VAL)
    train, val, test = (split.group.tolist() for split in (data.train, data.val, data.test))
    assert sorted(train + val) == list(range(TRAIN))
    assert test == list(range(TRAIN, TRAIN + TEST))
    assert data.val.labels.bincount().tolist() == [VAL // 10] * 10
    # The split is frozen: any other one would be another track.
    assert val[:6] == [0, 7, 9, 11, 16, 30]


def test_training_has_zero_mean_and_unit_variance_and_values_lie_on_the_levels(grey):
    data = images.load(grey[0], border=2, val_images=VAL)
    assert float(data.train.x.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(data.train.x.double().std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert len(data.levels) == 256
    assert (data.test.x.double().flatten()[:, None] - data.levels).abs().amin(dim=1).max() < 1e-5


def test_cifar_trains_on_both_orientations_and_is_tested_on_the_official_one(colour):
    data = images.load("CIFAR10", mirrored=True, val_images=VAL)
    everything = source(data, colour)
    plain, mirrored = raw(data, data.train)[::2], raw(data, data.train)[1::2]
    assert np.array_equal(plain, everything[data.train.group[::2]])
    assert np.array_equal(mirrored, plain[..., ::-1])
    assert torch.equal(data.train.group[::2], data.train.group[1::2])
    assert torch.equal(data.train.labels[::2], data.train.labels[1::2])
    assert (len(data.train), len(data.val), len(data.test)) == (2 * (TRAIN - VAL), VAL, TEST)
    for split in (data.val, data.test):
        assert np.array_equal(raw(data, split), everything[split.group])
    assert not set(data.train.group.tolist()) & set(data.val.group.tolist())


def test_missing_data_are_downloaded_or_the_failure_is_one_line(folder, no_network):
    before = content_of(folder)
    with pytest.raises(UserError) as caught:
        images.fashion_mnist()
    assert content_of(folder) == before, "a download that failed leaves nothing behind"
    message = str(caught.value)
    assert "train-images-idx3-ubyte.gz" in no_network[0]
    assert "t10k-labels-idx1-ubyte, each as it is or as .gz, in" in message
    assert "FashionMNIST" in message
    assert str(folder) in message
    assert "no route to host" in message
    assert images.VARIABLE in message
    assert "\n" not in message


LAYOUTS = {
    "torchvision's": "data/{name}/raw",
    "flat": "data",
    "Debian's": "data/{flat}",
    "the system's": "system/{flat}",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_are_found_in_every_layout_packed_or_not_and_nothing_is_written(
    layout, packed, grey, folder, no_network, monkeypatch
):
    name, official = grey
    own = folder / name / "raw"
    labels = (own / "t10k-labels-idx1-ubyte").read_bytes()
    monkeypatch.setitem(official_files.TEST_LABELS, name, hashlib.sha256(labels).hexdigest())
    place = folder.parent / LAYOUTS[layout].format(name=name, flat=official_files.FLAT[name])
    place.mkdir(parents=True, exist_ok=True)
    for file in list(own.iterdir()):
        content = file.read_bytes()
        file.unlink()
        (place / f"{file.name}.gz").write_bytes(gzip.compress(content)) if packed else (
            (place / file.name).write_bytes(content)
        )
    before = content_of(folder.parent)
    for train, part in ((True, "train"), (False, "t10k")):
        pixels, targets = images.official(name, train)
        assert np.array_equal(pixels[:, 0], official[part][0])
        assert np.array_equal(targets, official[part][1])
    assert content_of(folder.parent) == before
    # What else is made goes elsewhere where the folder is somebody's own.
    cache = folder.parent / "home" / ".cache" / "snrbench"
    assert images.to_write() == (cache if layout in ("flat", "Debian's") else folder)


@pytest.mark.parametrize("grey", ["MNIST"], indirect=True)
def test_files_of_the_same_names_are_not_taken_for_another_data_set(grey, folder, no_network, monkeypatch):
    """Fashion-MNIST where MNIST's files lie alone in the folder, which is not written to either."""
    for file in (folder / "MNIST" / "raw").iterdir():
        file.rename(folder / file.name)
    labels = (folder / "t10k-labels-idx1-ubyte").read_bytes()
    monkeypatch.setitem(official_files.TEST_LABELS, "MNIST", hashlib.sha256(labels).hexdigest())
    before = content_of(folder)
    with pytest.raises(UserError, match="FashionMNIST cannot be had"):
        images.official("FashionMNIST", train=True)
    assert no_network
    assert content_of(folder) == before
    assert len(images.official("MNIST", train=True)[0]) == TRAIN


def test_cifar_is_read_from_its_archive(colour, folder, no_network):
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(folder / "cifar-10-batches-py", "cifar-10-batches-py")
    shutil.rmtree(folder / "cifar-10-batches-py")
    before = content_of(folder)
    pixels, _ = images.official("CIFAR10", train=False)
    assert np.array_equal(pixels, colour["test"][0])
    assert content_of(folder) == before


def test_what_is_downloaded_is_whole_and_in_torchvisions_layout(grey, folder, monkeypatch):
    name, official = grey
    source = folder.parent / "mirror"
    (folder / name).rename(source)

    def downloaded(self):
        shutil.copytree(source, Path(self.root) / name)

    monkeypatch.setattr(getattr(datasets, name), "download", downloaded)
    pixels, _ = images.official(name, train=True)
    assert np.array_equal(pixels[:, 0], official["train"][0])
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == sorted(official_files.FILES.values())


@pytest.mark.skipif(not (official_files.SYSTEM / "fashion-mnist").is_dir(), reason="needs dataset-fashion-mnist")
def test_debians_package_is_fashion_mnist(tmp_path, monkeypatch):
    monkeypatch.setenv(images.VARIABLE, str(tmp_path))
    pixels, labels = images.official("FashionMNIST", train=False)
    assert pixels.shape == (10_000, 1, 28, 28)
    assert labels.bincount().tolist() == [1000] * 10
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("grey", ["MNIST"], indirect=True)
def test_damaged_files_are_named(grey, folder):
    file = folder / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"MNIST.*deleted"):
        images.mnist()


def test_the_folder_is_the_variables_or_the_cache(folder, monkeypatch):
    assert images.root() == images.to_write() == folder
    monkeypatch.delenv(images.VARIABLE)
    monkeypatch.setenv("HOME", str(folder))
    assert images.root() == folder / ".cache" / "snrbench"


@pytest.mark.parametrize("track", [MNIST, FASHION], ids=lambda track: track.name)
def test_feature_space_is_the_one_the_track_declares(track):
    features = track.features(CPU)
    x = torch.randn(5, 1, 32, 32)
    assert features(x).shape == (5, 64)
    assert features.classifier(x).shape == (5, 10)
    assert (WEIGHTS / f"{track.feature_space.split('-')[0]}.safetensors").stat().st_size <= 1_000_000
    with pytest.raises(ValueError, match="SHA-256"):
        track.features.model_copy(update={"options": {"sha256": "0" * 64}})(CPU)


def test_fashion_is_mnist_on_other_data():
    """Network, budget and evaluation are the same, so that the two differ by their data alone."""
    for part in ("network", "training", "evaluation", "tuning", "targets"):
        assert getattr(FASHION, part) == getattr(MNIST, part)
    assert FASHION.fingerprint != MNIST.fingerprint


@pytest.mark.parametrize("grey", ["FashionMNIST"], indirect=True)
def test_a_feature_space_is_trained_from_the_files_to_the_track(grey, tmp_path, monkeypatch, capsys):
    """The whole way by which the committed weights came: the command trains, and the track takes what it wrote."""
    name, official = grey
    for split, (pixels, labels) in official.items():  # a brighter band in the line of the label's number
        pixels[np.arange(len(labels)), 2 * labels + 3] = 255
        idx(images.root() / name / "raw" / f"{split}-images-idx3-ubyte", pixels)
    monkeypatch.setitem(classifier_training.DATA, "fashion", lambda: images.load(name, border=2, val_images=VAL))
    monkeypatch.setattr(classifier_training, "EPOCHS", 40)
    monkeypatch.setattr(classifier_training, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(classifiers, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr("sys.argv", ["train", "fashion"])
    sums = []
    deterministic = torch.are_deterministic_algorithms_enabled()
    for _ in range(2):
        classifier_training.main()
        sums.append(re.search(r"SHA-256 ([0-9a-f]{64})", capsys.readouterr().out).group(1))
    torch.use_deterministic_algorithms(deterministic)
    assert sums[0] == sums[1], "the same data on the same machine give the same weights"
    space = FASHION.features.model_copy(update={"options": {"sha256": sums[0]}})(CPU)
    data = images.load(name, border=2, val_images=VAL)
    assert accuracy(space.classifier, data.test) > 0.5
    torch.testing.assert_close(space(data.train.x).mean(dim=0), torch.zeros(64), atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match="SHA-256"):
        FASHION.features(CPU)


@pytest.mark.parametrize("channels", [1, 3])
def test_classifier_takes_grey_and_colour(channels):
    classifier = ImageClassifier(channels).eval()
    x = torch.randn(4, channels, 32, 32)
    torch.testing.assert_close(classifier.standardised(x), classifier.trunk(x))


@pytest.mark.parametrize(
    ("track", "files"), [(MNIST, "MNIST"), (FASHION, "FashionMNIST")], ids=lambda value: getattr(value, "name", "")
)
def test_committed_classifier_has_the_accuracy_on_the_card_and_standardised_features(track, files):
    if not list((images.root() / files / "raw").glob("train-images-*")):
        pytest.skip(f"{files} is not on this machine")
    data, features = track.data(), track.features(CPU)
    right = accuracy(features.classifier, data.test)
    assert right == pytest.approx(tracks.card(track.name)["classifier_test_accuracy"], abs=5e-4)
    train = torch.cat([features(x) for x in data.train.x[:10_000].split(1000)])
    torch.testing.assert_close(train.mean(dim=0), torch.zeros(64), atol=0.1, rtol=0)
    torch.testing.assert_close(train.std(dim=0), torch.ones(64), atol=0.1, rtol=0)
