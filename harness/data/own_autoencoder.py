"""The autoencoder of images of one's own: trained on their training split when first asked for, and kept.

It is the network and the recipe of the committed ones (`harness.data.autoencoder_training`). The weights lie in
`SNRBENCH_DATA`/autoencoders (where that is only to be read, in ~/.cache/snrbench), in a file named after the images and
the recipe, with its SHA-256 and what its decoded images lose beside it. Another machine's rounding gives other weights,
and other latents: who works on several machines copies the file.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from harness.data import images
from harness.data.autoencoder import Autoencoder
from harness.data.autoencoder_training import train
from harness.data.dataset import Dataset
from harness.data.kept_weights import Trained, kept_weights
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
    path = images.stored_file(f"autoencoders/{_digest(data, latent, steps)}.safetensors")
    state = kept_weights(path, lambda: _trained(data, latent, steps))
    with torch.random.fork_rng(devices=[]):  # a run's own random numbers are not to notice
        autoencoder = Autoencoder(channels, latent)
    autoencoder.load_state_dict(state)
    return autoencoder.eval().requires_grad_(False)


def _trained(data: Dataset, latent: int, steps: int) -> Trained:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        autoencoder = Autoencoder(data.shape[0], latent)
        autoencoder.mean.fill_(data.mean)
        autoencoder.std.fill_(data.std)
        train(autoencoder, data.train.x, steps)
    return autoencoder.state_dict(), {"lost": round(lost(autoencoder, data.val.x), 4)}


def lost(autoencoder: Autoencoder, x: Tensor) -> float:
    """Share of the variance of scaled images x that their decoded ones lack: E(x − x̂)² / var x."""
    decoded = autoencoder.decode(autoencoder.encode(x * autoencoder.std + autoencoder.mean))
    return float((autoencoder.scaled(decoded.round().clamp(0, 255)) - x).square().mean() / x.var())


def _digest(data: Dataset, latent: int, steps: int) -> str:
    digest = hashlib.sha256(f"{latent} {steps} {tuple(data.shape)}".encode())
    digest.update(data.train.x.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
