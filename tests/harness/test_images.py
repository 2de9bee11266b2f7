"""MNIST, Fashion-MNIST and CIFAR-10 from small files in torchvision's layout, and the committed feature space."""

import hashlib
import pickle
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torchvision import datasets

from harness.data import images
from harness.metrics.classifiers import WEIGHTS, ImageClassifier, mnist_features
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
    monkeypatch.setenv(images.VARIABLE, str(tmp_path))
    return tmp_path


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


def test_missing_data_are_downloaded_or_the_failure_is_one_line(folder, monkeypatch):
    asked = []

    def no_network(url, **rest):
        asked.append(url)
        raise URLError("no route to host")

    monkeypatch.setattr(datasets.mnist, "download_and_extract_archive", no_network)
    with pytest.raises(UserError) as caught:
        images.fashion_mnist()
    message = str(caught.value)
    assert "train-images-idx3-ubyte.gz" in asked[0]
    assert "FashionMNIST" in message
    assert str(folder) in message
    assert "no route to host" in message
    assert images.VARIABLE in message
    assert "\n" not in message


@pytest.mark.parametrize("grey", ["MNIST"], indirect=True)
def test_damaged_files_are_named(grey, folder):
    file = folder / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"MNIST.*deleted"):
        images.mnist()


def test_the_folder_is_the_variables_or_the_cache(folder, monkeypatch):
    assert images.root() == folder
    monkeypatch.delenv(images.VARIABLE)
    monkeypatch.setenv("HOME", str(folder))
    assert images.root() == folder / ".cache" / "snrbench"


def test_feature_space_of_mnist_is_the_one_the_track_declares():
    features = mnist_features(CPU, **MNIST.features.options)
    x = torch.randn(5, 1, 32, 32)
    assert features(x).shape == (5, 64)
    assert features.classifier(x).shape == (5, 10)
    assert (WEIGHTS / "mnist.safetensors").stat().st_size <= 1_000_000
    with pytest.raises(ValueError, match="SHA-256"):
        mnist_features(CPU, sha256="0" * 64)


@pytest.mark.parametrize("channels", [1, 3])
def test_classifier_takes_grey_and_colour(channels):
    classifier = ImageClassifier(channels).eval()
    x = torch.randn(4, channels, 32, 32)
    torch.testing.assert_close(classifier.standardised(x), classifier.trunk(x))


@pytest.mark.skipif(not (Path(images.root()) / "MNIST").exists(), reason="MNIST is not on this machine")
def test_committed_classifier_has_its_accuracy_and_standardised_features():
    data = images.mnist()
    features = mnist_features(CPU, **MNIST.features.options)
    with torch.inference_mode():
        right = [
            features.classifier(x).argmax(dim=1) == labels
            for x, labels in zip(data.test.x.split(1000), data.test.labels.split(1000), strict=True)
        ]
        train = torch.cat([features(x) for x in data.train.x[:10_000].split(1000)])
    assert float(torch.cat(right).double().mean()) == pytest.approx(0.9922, abs=5e-4)
    torch.testing.assert_close(train.mean(dim=0), torch.zeros(64), atol=0.1, rtol=0)
    torch.testing.assert_close(train.std(dim=0), torch.ones(64), atol=0.1, rtol=0)
