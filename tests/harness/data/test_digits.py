"""digits-v1's data and references."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from harness import tracks
from harness.data.digits import load
from harness.metrics.classifiers import DigitsClassifier, digits_features
from harness.metrics.estimators.frechet import Moments, frechet_distance

DATA = load()
SPLITS = {"train": DATA.train, "val": DATA.val, "test": DATA.test}
CPU = torch.device("cpu")


def raw(split):
    return (split.x.double() * DATA.std + DATA.mean).round()


def test_every_image_is_in_one_split_with_all_its_nine_copies():
    groups = {name: split.group.unique() for name, split in SPLITS.items()}
    assert {name: len(group) for name, group in groups.items()} == {"train": 1197, "val": 300, "test": 300}
    assert len(torch.cat(list(groups.values())).unique()) == 1797
    for split in SPLITS.values():
        assert torch.equal(split.group.unique(return_counts=True)[1], torch.full((len(split) // 9,), 9))


def test_copies_are_the_scikit_learn_image_in_nine_positions():
    images, labels = load_digits(return_X_y=True)
    for split in SPLITS.values():
        row = 9 * 17
        source = int(split.group[row])
        copies = raw(split)[row : row + 9, 0].numpy()
        positions = {
            (r, c)
            for copy in copies
            for r in range(3)
            for c in range(3)
            if np.array_equal(copy[r : r + 8, c : c + 8].ravel(), images[source]) and copy.sum() == images[source].sum()
        }
        assert len(positions) == 9
        assert int(split.labels[row]) == labels[source]


def test_training_data_has_zero_mean_and_unit_variance_over_all_pixels():
    assert float(DATA.train.x.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(DATA.train.x.double().std()) == pytest.approx(1, abs=1e-4)


def test_levels_are_the_seventeen_grey_values():
    values = torch.cat([split.x.unique() for split in SPLITS.values()]).unique()
    assert len(values) == len(DATA.levels) == 17
    torch.testing.assert_close(values.double(), DATA.levels, atol=1e-5, rtol=0)


def test_classes_are_balanced_over_splits():
    for split in SPLITS.values():
        share = split.labels.bincount(minlength=10) / len(split)
        assert share.min() > 0.08
        assert share.max() < 0.12


def test_features_are_standardised_on_the_training_split():
    features = digits_features(CPU, tracks.get("digits-v1").features.options["sha256"])
    with torch.inference_mode():
        train = features(DATA.train.x)
    assert train.shape == (len(DATA.train), 32)
    torch.testing.assert_close(train.mean(dim=0), torch.zeros(32), atol=1e-3, rtol=0)
    torch.testing.assert_close(train.std(dim=0), torch.ones(32), atol=1e-3, rtol=0)


def test_classifier_has_the_accuracy_on_the_card():
    from safetensors.torch import load_file

    from harness.metrics.classifiers import WEIGHTS

    classifier = DigitsClassifier()
    classifier.load_state_dict(load_file(WEIGHTS / "digits.safetensors"))
    with torch.inference_mode():
        accuracy = (classifier.eval()(DATA.test.x).argmax(dim=1) == DATA.test.labels).double().mean()
    assert float(accuracy) == pytest.approx(tracks.card("digits-v1")["classifier_test_accuracy"], abs=5e-4)
    assert (WEIGHTS / "digits.safetensors").stat().st_size <= 300_000


def test_other_feature_weights_are_refused():
    with pytest.raises(ValueError, match="SHA-256"):
        digits_features(CPU, "0" * 64)


def test_floor_on_the_card_is_the_distance_of_real_to_real():
    """Protocol 4: every distance has a floor, measured between real training and real held-out data."""
    track, card = tracks.get("digits-v1"), tracks.card("digits-v1")
    features = track.features(CPU)
    rows = torch.from_numpy(np.random.default_rng(11).permutation(len(DATA.train))[: track.evaluation.samples])
    with torch.inference_mode():
        train, test = (Moments.of(features(x).double().numpy()) for x in (DATA.train.x[rows], DATA.test.x))
    assert frechet_distance(train, test) == pytest.approx(card["floors"]["fd"], rel=0.25)
