"""Images to memory-mapped shards: what comes out, also after kill -9 and beside another process, and mistakes."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from harness.data import dataset, images, prepared, shards
from harness.data.image_file import cropped
from harness.data.preparation import How, prepare
from harness.data.prepared import load
from harness.execution.capacity.free_memory import resident
from image_folder import CLASSES, make_images, make_vae
from schedules.errors import UserError

SIDE, A_SHARD = 32, 4
LATENTS = {"name": "tiny-latent", "side": SIDE, "vae": "tiny/vae", "classes": 3, "val_per_class": 1}
PIXELS = {**LATENTS, "name": "tiny-pixels", "vae": ""}
EVERYTHING = 3 * (5 + 2)


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    return make_vae(tmp_path_factory.mktemp("vae"))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, source, vae):
    """Latents prepared without any disturbance: their folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(images.VARIABLE, str(tmp_path_factory.mktemp("whole")))
        prepare(LATENTS, source, str(vae), images_a_shard=A_SHARD)
        return images.root() / LATENTS["name"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv(images.VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def copied(whole, here):
    """A copy of the prepared latents, which a test may damage."""
    return Path(shutil.copytree(whole, here / LATENTS["name"]))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.npy")} | {
        "index": (folder / "index.json").read_bytes()
    }


def test_crop_is_the_centre_and_halves_by_averaging():
    ramp = np.arange(SIDE**2 * 3, dtype=np.uint32).astype(np.uint8).reshape(SIDE, SIDE, 3)
    assert np.array_equal(cropped(Image.fromarray(ramp), SIDE), ramp)
    wide = np.zeros((SIDE, SIDE + 20, 3), np.uint8)
    wide[:, 10:-10] = ramp
    assert np.array_equal(cropped(Image.fromarray(wide), SIDE), ramp)
    large = ramp.repeat(4, axis=0).repeat(4, axis=1)
    assert np.array_equal(cropped(Image.fromarray(large), SIDE), ramp)


def test_latents_are_draws_of_the_posterior_scaled_to_unit_variance(copied, source, vae):
    """Against diffusers itself, image by image."""
    from diffusers import AutoencoderKL

    data, index = load(**LATENTS), prepared.check(**LATENTS)
    assert data.shape == (4, 8, 8)
    assert data.classes == 3
    assert data.levels is None
    assert data.latent
    assert (len(data.train), len(data.val), len(data.test)) == (2 * 3 * 4, 3, 3 * 2)
    x = data.train.x.double()
    assert float(x.mean()) == pytest.approx(0, abs=1e-3)
    assert float(x.std(correction=0)) == pytest.approx(1, abs=1e-3)
    assert 0 < index.noise_share < 1
    # Undone, the draws lie around the posterior's mean with its own spread, for an image and for its mirror image.
    network = AutoencoderKL.from_pretrained(vae)
    files = sorted(str(path.relative_to(source)) for path in (source / "train").rglob("*.png"))
    ends = []
    for row in range(len(data.train)):
        group = int(data.train.group[row])
        picture = cropped(Image.open(source / files[group]).convert("RGB"), SIDE)
        assert CLASSES[int(data.train.labels[row])] == Path(files[group]).parent.name
        pixels = torch.from_numpy(picture.transpose(2, 0, 1).copy()) / 127.5 - 1
        with torch.no_grad():
            posterior = network.encode((pixels.flip(-1) if row % 2 else pixels)[None]).latent_dist
        raw = data.train.x[row].double() * index.std + index.mean
        ends.append((raw / network.config.scaling_factor - posterior.mean[0]) / posterior.std[0])
    standard = torch.stack(ends)
    assert float(standard.mean()) == pytest.approx(0, abs=0.05)
    assert float(standard.std()) == pytest.approx(1, abs=0.05)
    assert not torch.allclose(standard[0], standard[2], atol=0.1)


def test_splits_share_no_image_and_held_out_images_are_kept(copied, source):
    data = load(**LATENTS)
    train, val, test = (set(split.group.tolist()) for split in (data.train, data.val, data.test))
    assert train | val == set(range(15))
    assert not train & val
    assert test == set(range(15, 21))
    assert torch.equal(data.train.group[::2], data.train.group[1::2])
    assert data.val.labels.bincount().tolist() == [1, 1, 1]
    first = cropped(Image.open(source / "val" / "ant" / "ant0.png").convert("RGB"), SIDE)
    assert np.array_equal(data.test.pixels[0].permute(1, 2, 0), first)
    assert (data.val.x.dtype, data.train.x.dtype) == (torch.float32, torch.float16)


def test_pixels_are_the_images_themselves(here, source):
    prepare(PIXELS, source, images_a_shard=A_SHARD)
    data = load(**PIXELS)
    raw = (data.test.x.double() * data.std + data.mean).round()
    first = cropped(Image.open(source / "val" / "ant" / "ant0.png").convert("RGB"), SIDE)
    assert np.array_equal(raw[0].permute(1, 2, 0), first)
    assert data.test.pixels is None
    assert not data.latent
    assert (data.test.x[..., None].double() - data.levels).abs().amin(dim=-1).max() < 1e-5
    assert torch.equal(data.train.x[0], data.train.x[1].flip(-1))


def test_training_data_are_mapped_and_stay_where_they_are(copied, monkeypatch):
    data = load(**LATENTS)
    with open(copied / "train.npy", "r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(np.array([3.5], "<f2").tobytes())
    assert float(data.train.x.flatten()[-1]) == 3.5  # what is read is the file
    monkeypatch.setattr(dataset, "fits", lambda size, device: False)
    moved = data.to(torch.device("meta"))
    assert moved.train.x.data_ptr() == data.train.x.data_ptr()
    assert moved.test.x.device.type == "meta"


def test_what_fits_is_judged_by_the_free_memory_of_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 2000))
    assert dataset.fits(500, torch.device("cuda"))
    assert not dataset.fits(501, torch.device("cuda"))
    assert dataset.fits(10**15, torch.device("cpu"))


def test_mapped_files_do_not_count_as_memory(tmp_path):
    np.save(tmp_path / "large.npy", np.zeros(2**24, np.float64))
    before = resident(os.getpid())
    assert np.load(tmp_path / "large.npy", mmap_mode="r").sum() == 0
    assert resident(os.getpid()) - before < 2**26


SCRIPT = """
import os, signal, sys
from pathlib import Path
from harness.data.preparation import How, prepare

def killed(line):
    if " 8 of " in line:
        os.kill(os.getpid(), signal.SIGKILL)

prepare({options!r}, Path(sys.argv[1]), sys.argv[2], How(say=killed), {a_shard})
"""


def test_kill_9_costs_one_shard(here, source, vae, whole):
    """The rest is kept, and what comes out in the end is the same to the last bit."""
    script = SCRIPT.format(options=LATENTS, a_shard=A_SHARD)
    command = [sys.executable, "-c", script, str(source), str(vae)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    folder = here / LATENTS["name"]
    written = {path.name: path.stat().st_mtime_ns for path in (folder / "shards").glob("*.safetensors")}
    assert len(written) == 2
    assert not (folder / "index.json").exists()
    with pytest.raises(UserError, match="is not prepared"):
        load(**LATENTS)
    messages = []
    again = []
    original = shards.write_whole

    def noted(path, content):
        again.append(path.name)
        original(path, content)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # not as in the process that was killed; the bits are the same
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shards, "write_whole", noted)
            prepare(LATENTS, source, str(vae), How(say=messages.append), A_SHARD)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    assert not set(written) & set(again)
    assert f"{4 * len(written)} of {EVERYTHING} images were encoded before" in messages[0]
    assert contents(folder) == contents(whole)


@pytest.mark.parametrize("written", [0, 2, 5])
def test_an_end_while_shards_are_joined_costs_nothing(here, source, vae, whole, monkeypatch, written):
    """It comes in the middle of a shard, after `written` whole ones."""
    calls, original = [], os.fsync

    def dies(number):
        if "/train.npy.part" in os.readlink(f"/proc/self/fd/{number}"):
            calls.append(number)
            if len(calls) > written:
                os.ftruncate(number, os.fstat(number).st_size - 100)
                raise KeyboardInterrupt
        original(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", dies)
        with pytest.raises(KeyboardInterrupt):
            prepare(LATENTS, source, str(vae), images_a_shard=A_SHARD if written < 3 else 2)
    prepare(LATENTS, source, images_a_shard=A_SHARD if written < 3 else 2)
    folder = here / LATENTS["name"]
    if written < 3:
        assert contents(folder) == contents(whole)
    assert float(load(**LATENTS).train.x.double().std(correction=0)) == pytest.approx(1, abs=1e-3)


def test_two_commands_at_once_share_the_work(here, source, vae, whole):
    messages, failures = [], []

    def prepare_all():
        try:
            prepare(LATENTS, source, str(vae), How(say=messages.append), A_SHARD)
        except BaseException as error:
            failures.append(error)

    commands = [threading.Thread(target=prepare_all) for _ in range(2)]
    for command in commands:
        command.start()
    for command in commands:
        command.join()
    assert not failures
    assert sum("joining" in line for line in messages) == 1
    assert contents(here / LATENTS["name"]) == contents(whole)


def test_a_process_for_each_device(here, source, monkeypatch):
    """The first one that meets a damaged image ends the command, which goes on when it is replaced."""
    messages = []
    how = How(devices=("cpu", "cpu"), say=messages.append)
    damaged = source / "val" / "cow" / "cow1.png"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:60])
    try:
        with pytest.raises(UserError, match=r"val/cow/cow1.png' cannot be read"):
            prepare(PIXELS, source, None, how, A_SHARD)
    finally:
        damaged.write_bytes(content)
    prepare(PIXELS, source, None, How(say=messages.append), A_SHARD)
    assert sum("were encoded before" in line for line in messages) == 1
    data = load(**PIXELS)
    assert len(data.train) == 24
    assert float(data.train.x.double().std(correction=0)) == pytest.approx(1, abs=1e-3)


def test_what_is_there_is_looked_through(copied, source, vae, tmp_path):
    assert prepare(LATENTS, source, str(vae)).mean == prepare(LATENTS, None).mean
    with pytest.raises(UserError, match="other images than"):
        prepare(LATENTS, make_images(tmp_path / "others", train=4))
    with pytest.raises(UserError, match=r"has weights .*says"):
        prepare(LATENTS, source, str(make_vae(tmp_path / "other", seed=1)))
    with pytest.raises(UserError, match=r"'another/vae'.*'tiny/vae'"):
        prepare(LATENTS, source, "another/vae")
    with open(copied / "train.npy", "r+b") as file:
        file.seek(-1500, os.SEEK_END)
        file.write(b"!")
    with pytest.raises(UserError, match=r"shard 2 of .*train\.npy' is damaged"):
        prepare(LATENTS, None)


def break_nothing(root):
    return root


def break_empty_class(root):
    (root / "train" / "zebra").mkdir()
    (root / "val" / "zebra").mkdir()
    return root


def break_image(root):
    file = root / "train" / "bee" / "bee2.png"
    file.write_bytes(file.read_bytes()[:60])
    return root


def break_classes(root):
    shutil.rmtree(root / "val" / "cow")
    return root


def break_few(root):
    for number in range(1, 5):
        (root / "train" / "cow" / f"cow{number}.png").unlink()
    return root


def break_val(root):
    shutil.rmtree(root / "val")
    return root


@pytest.mark.parametrize(
    ("broken", "options", "says"),
    [
        (lambda root: root / "no", {}, "no': no such folder"),
        (break_val, {}, "no folder 'val' in it"),
        (break_empty_class, {}, "zebra"),
        (break_image, {}, r"train/bee/bee2.png' cannot be read"),
        (break_classes, {}, "other classes than each other, as 'cow'"),
        (break_few, {}, "class 'cow' has 1 training images; expected at least 2"),
        (break_nothing, {"classes": 4}, "3 classes in train; tiny-pixels has 4"),
    ],
)
def test_mistakes_are_one_line(here, tmp_path, broken, options, says):
    root = broken(make_images(tmp_path / "images"))
    with pytest.raises(UserError, match=says) as refused:
        prepare({**PIXELS, **options}, root, images_a_shard=A_SHARD)
    assert "\n" not in str(refused.value)


def test_a_full_disk_is_said_before_and_while_it_fills(here, source, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=10, used=9, free=1))
        with pytest.raises(UserError, match=r"takes .* GiB; the disk of .* GiB free"):
            prepare(PIXELS, source, images_a_shard=A_SHARD)
    with monkeypatch.context() as patch:
        calls, original = [], os.fsync

        def full(number):
            calls.append(number)
            if len(calls) == 4:
                raise OSError(errno.ENOSPC, "No space left on device")
            original(number)

        patch.setattr(os, "fsync", full)
        with pytest.raises(UserError, match="is full; free some and give the same command again"):
            prepare(PIXELS, source, images_a_shard=A_SHARD)
    assert prepare(PIXELS, source, images_a_shard=A_SHARD).rows["train"] == 24


def test_no_folder_is_gone_on_with_that_was_begun_otherwise(here, source, vae, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("harness.data.preparation._encode", lambda work, how: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            prepare(LATENTS, source, str(vae), images_a_shard=A_SHARD)
    with pytest.raises(UserError, match="begun of other images"):
        prepare(LATENTS, make_images(tmp_path / "others", val=1), images_a_shard=A_SHARD)
    with pytest.raises(UserError, match="has weights"):
        prepare(LATENTS, source, str(make_vae(tmp_path / "other", seed=1)), images_a_shard=A_SHARD)


def test_a_vae_that_cannot_be_had_says_how_to_get_it(here, source, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"VAE 'tiny/vae' cannot be had.*hf download tiny/vae .*--vae DIR"):
        prepare(LATENTS, source, images_a_shard=A_SHARD)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty' cannot be read"):
        prepare(LATENTS, source, str(tmp_path / "empty"), images_a_shard=A_SHARD)


def test_data_are_refused_that_are_not_what_the_track_declares(copied):
    with pytest.raises(UserError, match="says val_per_class is 1; the track declares 2"):
        load(**{**LATENTS, "val_per_class": 2})
    index = json.loads((copied / "index.json").read_text())
    (copied / "index.json").write_text(json.dumps({**index, "rows": {**index["rows"], "train": 26}}))
    with pytest.raises(UserError, match=r"has shape \(24, 4, 8, 8\); the index says \(26, 4, 8, 8\)"):
        load(**LATENTS)
    (copied / "index.json").write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        load(**LATENTS)
