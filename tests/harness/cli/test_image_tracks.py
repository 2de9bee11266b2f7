"""Tracks that are too large for a test, by their cards; and a tiny one of latents from its images to a recorded run."""

from pathlib import Path

import pytest
import torch

import in_this_process
from harness import tracks
from harness.data import images, official_files
from harness.results.read import read_runs
from harness.tracks.cifar10 import CIFAR10
from harness.tracks.fashion import FASHION
from harness.tracks.imagenet import IMAGENET64, IMAGENET256, IMAGENET512
from image_folder import make_images, make_vae

TRACK = """
from harness.tracks.imagenet import IMAGENET256

RULES = IMAGENET256.evaluation.model_copy(
    update={"samples": 24, "fid": (), "ddim_steps": 2, "guidance": (1.0, 2.0), "paired_points": 6, "neighbours": 4,
            "sample_block": 8, "curve_points": 4, "curve_logsnr": (-4.0, 4.0, 3), "marks": (0.5, 1.0)}
)
STEPS = IMAGENET256.training.model_copy(update={"steps": 8, "batch": 4, "block": 2, "learning_rate": 1e-3})
OPTIONS = {"name": "tiny-latent", "side": 32, "vae": "tiny/vae", "classes": 3, "val_per_class": 1}
TINY = IMAGENET256.model_copy(
    update={
        "name": "tiny-latent-v1",
        "data": IMAGENET256.data.model_copy(update={"options": OPTIONS}),
        "network": IMAGENET256.network.model_copy(
            update={"make": "harness.networks.dit:DiT", "options": {"depth": 1, "hidden": 16, "heads": 2, "patch": 2}}
        ),
        "features": IMAGENET256.features.model_copy(
            update={"options": {"extractor": "tiny_space:tiny_space", "decoder": "tiny-latent"}}
        ),
        "dinov2": None,
        "primary_metric": "fd",
        "training": STEPS,
        "evaluation": RULES,
    }
)
"""
SPACE = '''
def tiny_space(device):
    """Mean colour of each quarter, (N, 12)."""
    import torch
    return lambda pixels: torch.nn.functional.adaptive_avg_pool2d(pixels.float() / 255, 2).flatten(1)
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv(images.VARIABLE, str(tmp_path / "data"))
    monkeypatch.setattr(official_files, "SYSTEM", tmp_path / "none")  # this machine may have Debian's package
    return tmp_path


@pytest.mark.parametrize("track", [FASHION, CIFAR10, IMAGENET256], ids=lambda track: track.name)
def test_image_tracks_without_their_data_are_refused_before_any_run(snrbench, here, track, monkeypatch):
    for kind in ("CIFAR10", "MNIST"):
        monkeypatch.setattr(f"torchvision.datasets.{kind}.download", lambda self: 1 / 0)
    store = here / "store"
    dry = snrbench("run", track.name, "--seeds", 2, "--dry-run", "--device", "cpu", "--store", store)
    assert snrbench("tracks", "show", track.name)[0] == 0
    code, out, error = snrbench("run", track.name, "--device", "cpu", "--store", store)
    if track is IMAGENET256:  # nothing makes its data but `tracks prepare`
        assert dry == (code, out, error)
    else:  # which would be downloaded
        assert (dry[0], dry[1].count("cosine × v × seed")) == (0, 2)
    assert code == 2
    assert error.count("snrbench: ") == 1
    assert str(here / "data") in error.splitlines()[-1]
    assert images.VARIABLE in error.splitlines()[-1]


def test_the_papers_setting_is_declared_as_it_is_stated():
    """arXiv:2407.03297, section 3: what a run of the ImageNet tracks does."""
    for track, shape in ((IMAGENET256, 256), (IMAGENET512, 512)):
        training, evaluation = track.training, track.evaluation
        assert track.network.options == {"configuration": "B/2"}
        assert (training.steps, training.batch, training.learning_rate) == (500_000, 256, 1e-4)
        assert training.ema_decay == 0.9999
        assert track.mark_steps() == (100_000, 200_000, 300_000, 400_000, 500_000)
        assert (evaluation.ddim_steps, evaluation.fid) == (50, (10_000, 50_000))
        assert {1.5, 2.0, 3.0} < set(evaluation.guidance)
        assert track.data.options["side"] == shape
    assert len({track.fingerprint for track in (CIFAR10, IMAGENET64, IMAGENET256, IMAGENET512)}) == 4


@pytest.mark.parametrize(
    ("track", "shape", "classes", "parameters", "gflop"),
    [
        (CIFAR10, (3, 32, 32), 10, 32.4, 12.1),
        (IMAGENET64, (3, 64, 64), 1000, 130.2, 46.0),
        (IMAGENET256, (4, 32, 32), 1000, 130.1, 46.0),
        (IMAGENET512, (4, 64, 64), 1000, 130.1, 212.7),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_networks_cost_what_the_tracks_say(track, shape, classes, parameters, gflop):
    """Millions of parameters, and GFLOP of a forward pass by torch's own counter; nothing is computed."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        network = track.network(shape, classes)
        inputs = torch.empty(2, *shape), torch.empty(2), torch.zeros(2, dtype=torch.long)
    counter = FlopCounterMode(display=False)
    with counter:
        network(*inputs)
    assert sum(each.numel() for each in network.parameters()) / 1e6 == pytest.approx(parameters, abs=0.1)
    assert counter.get_total_flops() / 2e9 == pytest.approx(gflop, abs=0.1)


def test_the_sampler_steps_on_the_whole_cosine_grid():
    """λ(t) = −2 ln tan(π t / 2) at the middles of 50 equal steps, but for the 6e-5 of its mass outside of ±20."""
    import numpy as np

    import schedules
    from harness.sampling.ddim import logsnr_grid

    t = (np.arange(50) + 0.5) / 50
    grid = logsnr_grid(schedules.create("cosine"), 50, IMAGENET256.evaluation.sampler_logsnr)
    np.testing.assert_allclose(grid[::-1], -2 * np.log(np.tan(np.pi * t / 2)), atol=0.006)


def test_how_a_track_is_prepared_is_no_part_of_its_results():
    other = IMAGENET256.data.model_copy(update={"check": "", "prepare": ""})
    assert IMAGENET256.model_copy(update={"data": other}).fingerprint == IMAGENET256.fingerprint
    other = IMAGENET256.data.model_copy(update={"options": {**IMAGENET256.data.options, "side": 255}})
    assert IMAGENET256.model_copy(update={"data": other}).fingerprint != IMAGENET256.fingerprint


def test_from_a_folder_of_images_to_a_recorded_run(snrbench, here, monkeypatch):
    """Encoded, mapped, trained on, sampled, decoded and scored: through the command alone."""
    (here / "tiny_latent.py").write_text(TRACK)
    (here / "tiny_space.py").write_text(SPACE)
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.setenv("PYTHONPATH", f"{here}:{Path(tracks.__file__).parents[2]}")
    plugin, store = ("--track-plugin", here / "tiny_latent.py"), here / "store"
    code, _, error = snrbench("tracks", "prepare", "tiny-latent-v1", *plugin)
    assert (code, "--images DIR" in error) == (2, True)
    code, _, error = snrbench("run", "tiny-latent-v1", *plugin, "--store", store, "--device", "cpu")
    assert (code, "is not prepared" in error) == (2, True)
    pictures, vae = make_images(here / "images"), make_vae(here / "vae")
    prepare = ("tracks", "prepare", "tiny-latent-v1", "--images", pictures, "--vae", vae, "--device", "cpu")
    code, out, error = snrbench(*prepare, *plugin)
    assert (code, error.count("images, ")) == (0, 3)
    assert "tiny-latent-v1 is ready: 24 train, 3 val, 6 test; shape (4, 8, 8)" in out
    assert snrbench("tracks", "prepare", "digits-v1", "--images", pictures)[0] == 2
    trained_here = ("--device", "cpu", "--executor", in_this_process.FILE)
    request = ("run", "tiny-latent-v1", *plugin, "-s", "cosine", "--seeds", 1, *trained_here, "--store", store)
    code, _, error = snrbench(*request)
    assert code == 0, error
    runs = read_runs(store, "tiny-latent-v1", tracks.get("tiny-latent-v1").protocol)
    scores = runs[runs.split == "test"].set_index(["metric", "guidance", "mark"]).value
    assert set(runs.outcome) == {"finished"}
    assert {("fd", 1.0, 0.5), ("fd", 2.0, 0.5), ("fd", 1.0, 1.0), ("fd", 2.0, 1.0)} <= set(scores.index)
    sheets = sorted(path.name for path in store.rglob("*.png"))
    assert sheets == ["nearest.png", "samples.png"]
