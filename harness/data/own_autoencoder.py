"""The autoencoder of images of one's own: trained on their training split when first asked for, and kept.

It is the network and the recipe of the committed ones (`harness.data.autoencoder_training`). The weights lie in
`SNRBENCH_DATA`/autoencoders (where that is only to be read, in ~/.cache/snrbench), in a file named after the images and
the recipe, with its SHA-256 and what its decoded images lose beside it. Another machine's rounding gives other weights,
and other latents: who works on several machines copies the file.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from filelock import FileLock
from safetensors.torch import load, save
from torch import Tensor

from harness.data import images
from harness.data.autoencoder import Autoencoder
from harness.data.autoencoder_training import train
from harness.data.dataset import Dataset
from schedules.errors import UserError

SIDE = 32
SEED = 0


def autoencoder_of(data: Dataset, latent: int, steps: int) -> Autoencoder:
    """The autoencoder of images (N, channels, 32, 32), trained now where it was not before.

    latent: channels of the latents; steps: of its training

    UserError: images of another size, a damaged file
    """
    channels, *sides = data.shape
    if sides != [SIDE, SIDE]:
        raise UserError(f"images are {sides[0]}×{sides[-1]}; expected {SIDE}×{SIDE} for the small autoencoder")
    path = images.kept(f"autoencoders/{_digest(data, latent, steps)}.safetensors")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):  # several workers may find it missing at once
            if not path.exists():
                _make(data, latent, steps, path)
    content = path.read_bytes()
    digest, written = hashlib.sha256(content).hexdigest(), json.loads(path.with_suffix(".json").read_text())["sha256"]
    if digest != written:
        raise UserError(f"{str(path)!r} has SHA-256 {digest}, was written {written}; delete it to train it again")
    with torch.random.fork_rng(devices=[]):  # a run's own random numbers are not to notice
        autoencoder = Autoencoder(channels, latent)
    autoencoder.load_state_dict(load(content))
    return autoencoder.eval().requires_grad_(False)


def _make(data: Dataset, latent: int, steps: int, path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        autoencoder = Autoencoder(data.shape[0], latent)
        autoencoder.mean.fill_(data.mean)
        autoencoder.std.fill_(data.std)
        train(autoencoder, data.train.x, steps)
    content = save(autoencoder.state_dict())
    written = {"sha256": hashlib.sha256(content).hexdigest(), "lost": round(lost(autoencoder, data.val.x), 4)}
    path.with_suffix(".json").write_text(json.dumps(written, indent=2) + "\n")
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def lost(autoencoder: Autoencoder, x: Tensor) -> float:
    """Share of the variance of scaled images x that their decoded ones lack: E(x − x̂)² / var x."""
    decoded = autoencoder.decode(autoencoder.encode(x * autoencoder.std + autoencoder.mean))
    return float((autoencoder.scaled(decoded.round().clamp(0, 255)) - x).square().mean() / x.var())


def _digest(data: Dataset, latent: int, steps: int) -> str:
    digest = hashlib.sha256(f"{latent} {steps} {tuple(data.shape)}".encode())
    digest.update(data.train.x.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
