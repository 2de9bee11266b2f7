"""Latents of small images: what a network sees, what is compared, and whole runs with few steps."""

import hashlib
import math

import numpy as np
import pytest
import torch

from harness import tracks
from harness.data import autoencoder, images
from harness.data.autoencoder import WEIGHTS, Autoencoder
from harness.measuring import train_autoencoder
from harness.measuring.measure import facts
from harness.metrics.estimators.frechet import Moments, frechet_distance
from harness.metrics.keys import Measured
from harness.runs.run import Bench, execute
from harness.specs import Entry, RunSpec
from harness.tracks.fashion import FASHION
from harness.tracks.mnist import MNIST
from harness.tracks.small_latents import FASHION_LATENT, FASHION_LATENT_GPU, MNIST_LATENT, MNIST_LATENT_GPU

TRAIN, TEST, VAL = 300, 100, 100
CPU = torch.device("cpu")
PAIRS = [(FASHION_LATENT, FASHION_LATENT_GPU, FASHION), (MNIST_LATENT, MNIST_LATENT_GPU, MNIST)]
BY_NAME = {"ids": lambda track: getattr(track, "name", "")}


def drawn(name, train):
    """Pictures (N, 1, 28, 28) uint8 of discs of ten sizes, the label, at random places."""
    count, rng = (TRAIN, np.random.default_rng(0)) if train else (TEST, np.random.default_rng(1))
    labels = np.arange(count) % 10
    row, column = rng.uniform(8, 20, (2, count, 1, 1))
    line = np.arange(28.0)
    distance = np.hypot(line[:, None] - row, line - column)
    bright = 255 * np.clip(2 + labels[:, None, None] - distance, 0, 1)
    return torch.from_numpy(bright.astype(np.uint8))[:, None], torch.from_numpy(labels)


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    monkeypatch.setattr(images, "official", drawn)


def few_steps(track, steps, **evaluation):
    """The track with small budgets on the few pictures; its network, feature space and rules are its own."""
    weights, sha256 = track.features.options["weights"], track.features.options["sha256"]
    data = {"name": "", "weights": weights, "sha256": sha256, "val_images": VAL}
    rules = {"samples": 60, "ddim_steps": 2, "neighbours": 50, "paired_points": 50, "curve_points": 5, **evaluation}
    return track.model_copy(
        update={
            "data": track.data.model_copy(update={"make": "harness.data.image_latents:load", "options": data}),
            "training": track.training.model_copy(update={"steps": steps, "batch": 4, "block": 2, "warmup_steps": 1}),
            "evaluation": track.evaluation.model_copy(update={**rules, "curve_logsnr": (-6.0, 6.0, 3)}),
        }
    )


def encoder_of(track):
    return autoencoder.committed(track.features.options["weights"], track.features.options["sha256"])


def pixels(data, split, encoder):
    """The latents of a split decoded by hand: uint8 (N, 1, 32, 32)."""
    return encoder.decode(split.x * data.std + data.mean).round().clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize("track", [FASHION_LATENT, MNIST_LATENT], **BY_NAME)
def test_latents_are_the_autoencoders_scaled_to_unit_variance_by_one_number(track):
    data = few_steps(track, 2).data()
    encoder = encoder_of(track)
    assert data.shape == (4, 4, 4)
    assert data.latent
    x = data.train.x.double()
    assert float(x.mean()) == pytest.approx(0, abs=1e-6)
    assert float(x.std(correction=0)) == pytest.approx(1, abs=1e-6)
    original = images.load("", images.BORDER, val_images=VAL)
    for split in ("train", "val", "test"):
        coded, uncoded = getattr(data, split), getattr(original, split)
        assert torch.equal(coded.labels, uncoded.labels)
        assert torch.equal(coded.group, uncoded.group)
        picture = uncoded.x * original.std + original.mean
        scaled = (encoder.posterior(encoder.scaled(picture))[0] - data.mean) / data.std
        torch.testing.assert_close(coded.x, scaled, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("track", "gpu", "on_pixels"), PAIRS, **BY_NAME)
def test_distances_are_those_of_decoded_pictures_in_the_pixel_tracks_own_space(track, gpu, on_pixels):
    place = Bench(few_steps(track, 2), CPU)
    encoder = encoder_of(track)
    classifier, references = on_pixels.features(CPU), place.evaluator.references

    def features_of(split):
        return classifier(encoder.scaled(pixels(place.data, split, encoder)))

    held_out, other = features_of(place.data.test), features_of(place.data.val)
    torch.testing.assert_close(references.space.of(place.data.val.x), other, atol=1e-4, rtol=1e-4)
    by_hand = frechet_distance(Moments.of_tensor(other), Moments.of_tensor(held_out))
    theirs = Moments.of_tensor(references.space.of(place.data.val.x))
    assert frechet_distance(theirs, references.own.splits["test"].moments) == pytest.approx(by_hand, rel=1e-3)
    assert gpu.features == track.features
    assert track.feature_space == on_pixels.feature_space


@pytest.mark.parametrize(("track", "samples"), [(FASHION_LATENT, 60), (MNIST_LATENT_GPU, 10)], **BY_NAME)
def test_a_run_with_few_steps_is_scored_and_shows_pictures_but_no_bits(track, samples, monkeypatch):
    short = few_steps(track, 2, samples=samples, paired_points=samples, guidance=(1.0, 2.0), marks=(1.0,))
    monkeypatch.setitem(tracks.TRACKS, track.name, short)
    spec = RunSpec(track=track.name, target="v", entry=Entry.of("laplace"), seed=0)
    result = execute(spec, CPU, place=Bench(short, CPU))
    assert result.outcome == "finished"
    measured = {each.metric for each in result.values}
    assert {"fd", "kd", "precision", "recall", "memorised", "fd_own_grid", "eps_error"} <= measured
    assert "nll" not in measured
    for scale in (1.0, 2.0):
        assert result.values[Measured("fd", "test", scale)] > 0
    assert result.scores.shown.shape == (samples // 10, 10, 3, 32, 32)
    assert 0 <= float(result.scores.shown.min()) <= float(result.scores.shown.max()) <= 1


def test_a_card_of_latents_says_nothing_of_bits():
    card = facts(Bench(few_steps(FASHION_LATENT, 2), CPU))
    assert "nll" not in card
    assert card["shape"] == [4, 4, 4]


@pytest.mark.parametrize(("track", "gpu", "on_pixels"), PAIRS, **BY_NAME)
def test_only_the_declared_autoencoder_is_taken(track, gpu, on_pixels):
    name, sha256 = track.features.options["weights"], track.features.options["sha256"]
    path = WEIGHTS / f"{name}.safetensors"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256 == track.data.options["sha256"]
    assert path.stat().st_size <= 400_000
    with pytest.raises(ValueError, match="SHA-256"):
        autoencoder.committed(name, "0" * 64)
    with pytest.raises(ValueError, match="SHA-256"):
        track.data.model_copy(update={"options": {"sha256": "0" * 64}})()


def test_the_two_data_sets_have_one_budget_and_the_gpus_trains_twenty_epochs():
    for part in ("network", "training", "evaluation", "tuning", "targets"):
        assert getattr(MNIST_LATENT, part) == getattr(FASHION_LATENT, part)
        assert getattr(MNIST_LATENT_GPU, part) == getattr(FASHION_LATENT_GPU, part)
    assert FASHION_LATENT_GPU.training.steps * FASHION_LATENT_GPU.training.batch >= 20 * 55_000
    assert len({track.fingerprint for pair in PAIRS for track in pair[:2]}) == 4


def test_training_an_autoencoder_learns_to_give_back_its_pictures():
    """The recipe of the committed files, on the discs: each is random before, and less is lost after."""
    torch.manual_seed(0)
    data, untrained = images.load("", images.BORDER, val_images=VAL), Autoencoder()
    before = train_autoencoder.lost(untrained, data.test.x)
    train_autoencoder.train(untrained, data.train.x, steps=25)
    after = train_autoencoder.lost(untrained, data.test.x)
    assert before == pytest.approx(1, abs=0.2)
    assert after < 0.7 * before
    assert not math.isnan(after)
