"""A small convolutional autoencoder of 32×32 images, whose 4×4×4 latents a track trains on as a DiT does on a VAE's.

    images (N, 1, 32, 32), values 0…255  →  x = (image − mean) / std  →  three halvings  →  m, log s² (N, 4, 4, 4) each
    z (N, 4, 4, 4)  →  three doublings  →  x̂  →  image

Images in colour have three channels, and latents of as many as they are declared to have.

A variational autoencoder (Kingma & Welling 2013, arXiv:1312.6114): trained on draws m + s ⊙ ε, so that what decodes to
an image is no thin sheet in the space of latents. A latent is the mean m: nothing random is part of the data.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_name("weights")
SHAPE = (4, 4, 4)
WIDTHS = (16, 32, 64)
AT_ONCE = 500


class Autoencoder(nn.Module):
    """Encoder and decoder; the buffers `mean` and `std` are those of the training images' values.

    channels: of the images; latent: of the latents
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int = 1, latent: int = SHAPE[0]) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, first, 4, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(first, second, 4, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(second, third, 4, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(third, 2 * latent, 3, padding=1),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Conv2d(latent, third, 3, padding=1), nn.SiLU(),
            nn.ConvTranspose2d(third, second, 4, stride=2, padding=1), nn.SiLU(),
            nn.ConvTranspose2d(second, first, 4, stride=2, padding=1), nn.SiLU(),
            nn.ConvTranspose2d(first, channels, 4, stride=2, padding=1),
        )  # fmt: skip
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("std", torch.ones(()))

    def scaled(self, images: Tensor) -> Tensor:
        """Images of values 0…255, of any dtype → mean 0 and variance 1 over the training images."""
        return (images.float() - self.mean) / self.std

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled images → m and log s², (N, 4, 4, 4) each."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Images (N, 1, 32, 32) of values 0…255 → latents (N, 4, 4, 4)."""
        return torch.cat([self.posterior(self.scaled(part))[0] for part in images.split(AT_ONCE)])

    @torch.inference_mode()
    def decode(self, z: Tensor) -> Tensor:
        """Latents (N, 4, 4, 4) → images (N, 1, 32, 32), values around 0…255."""
        return torch.cat([self.decoder(part) for part in z.split(AT_ONCE)]) * self.std + self.mean


def committed(name: str, sha256: str, device: torch.device | None = None) -> Autoencoder:
    """The autoencoder with the committed weights `name`.

    sha256: of the weights file, declared by the track; ValueError for other weights, whose latents would be others
    """
    path = WEIGHTS / f"{name}.safetensors"
    content = path.read_bytes()
    if (measured := hashlib.sha256(content).hexdigest()) != sha256:
        raise ValueError(f"{path.name} has SHA-256 {measured}, the track declares {sha256}")
    with torch.random.fork_rng(devices=[]):  # a run's own random numbers are not to notice
        autoencoder = Autoencoder()
    autoencoder.load_state_dict(load(content))
    return autoencoder.eval().requires_grad_(False).to(device)
