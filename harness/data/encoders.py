"""From 8-bit images to what a track trains on, and back: nothing to do for pixels, a VAE for latents.

Latents are z = s·(m + σ ⊙ ε − b), one draw of the encoder's posterior for every row, s and b the VAE's own scaling
factor and shift. DiT's published training draws ε anew at each step, which costs it an encoder in the loop; the index
of prepared data says how much of the variance is σ's, which is all that this difference can matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from schedules.errors import UserError, text_of

VAE_FOLDER = "vae"
INSTALL = 'pip install -e ".[latent]" where snrbench was cloned'
PIXELS_DECODED = 2**20  # at once: a decoder holds hundreds of values for each pixel
WEIGHTS = "diffusion_pytorch_model.safetensors"


@dataclass(frozen=True)
class Encoded:
    """x: (N, *shape) float32;  noise: mean over rows and dimensions of the posterior's variance, in x's own units."""

    x: Tensor
    noise: float


class Encoder(Protocol):
    """shape: of one row that it makes; scaling: its own factor in it"""

    shape: tuple[int, ...]
    scaling: float

    def __call__(self, images: Tensor, eps: Tensor) -> Encoded:
        """uint8 images (N, 3, side, side) and standard normal ε (N, *shape) → rows."""


class Pixels:
    """The images themselves, values 0…255."""

    def __init__(self, side: int) -> None:
        self.shape: tuple[int, ...] = (3, side, side)
        self.scaling = 1.0

    def __call__(self, images: Tensor, eps: Tensor) -> Encoded:
        return Encoded(images.float(), 0.0)


class Latents:
    """A draw from the posterior of a VAE, times its scaling factor."""

    def __init__(self, folder: Path, side: int, device: torch.device) -> None:
        self.vae, self.device = load_vae(str(folder)).to(device), device
        factor = 2 ** (len(self.vae.config.block_out_channels) - 1)
        if side % factor:
            raise UserError(f"a VAE that divides the side by {factor} cannot encode images of side {side}")
        self.shape: tuple[int, ...] = (self.vae.config.latent_channels, side // factor, side // factor)
        self.scaling = _affine(self.vae)[0]

    @torch.inference_mode()
    def __call__(self, images: Tensor, eps: Tensor) -> Encoded:
        scale, shift = _affine(self.vae)
        posterior = self.vae.encode(images.to(self.device).float() / 127.5 - 1).latent_dist
        x = scale * (posterior.mean + posterior.std * eps.to(self.device) - shift)
        return Encoded(x.cpu(), float((scale * posterior.std).square().mean()))


def make_vae_folder(name: str, folder: Path) -> str:
    """Copy a VAE, by its name or from a folder, to `folder`; the SHA-256 of its weights. UserError: not to be had."""
    load_vae(name).save_pretrained(folder)
    return weights_of(folder)


def weights_of(folder: Path) -> str:
    """SHA-256 of a saved VAE's weights."""
    if not (folder / WEIGHTS).is_file():
        raise UserError(f"VAE {str(folder)!r} has no weights; expected {WEIGHTS}")
    with open(folder / WEIGHTS, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_vae(name: str) -> Any:
    """diffusers' AutoencoderKL by name or folder, from safetensors alone: other weights are pickles, which run code.

    UserError: diffusers is missing, or the VAE cannot be had.
    """
    try:
        from diffusers import AutoencoderKL
    except ImportError as problem:
        raise UserError(f"latents need diffusers: {INSTALL}") from problem
    try:
        vae = AutoencoderKL.from_pretrained(name, low_cpu_mem_usage=False, use_safetensors=True)
        return vae.eval().requires_grad_(False)
    except Exception as problem:  # whatever the hub, the disk or the file's parser raise
        reason = text_of(problem)[:200]
        if Path(name).exists():
            raise UserError(
                f"VAE {name!r} cannot be read: {reason}; expected a folder of diffusers' AutoencoderKL"
            ) from problem
        raise UserError(
            f"VAE {name!r} cannot be had: {reason}. Where there is a network, `hf download {name} --local-dir DIR` "
            "fetches it; then --vae DIR"
        ) from problem


def decoder_of(folder: Path, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Latents, as prepared data have them before they are scaled to unit variance, → images with values 0…255."""
    vae = load_vae(str(folder / VAE_FOLDER)).to(device)
    scale, shift = _affine(vae)

    factor = 2 ** (len(vae.config.block_out_channels) - 1)

    @torch.inference_mode()
    def decode(z: Tensor) -> Tensor:
        at_once = max(1, PIXELS_DECODED // (factor * z.shape[-1]) ** 2)
        return torch.cat([(vae.decode(part / scale + shift).sample + 1) * 127.5 for part in z.split(at_once)])

    return decode


def _affine(vae: Any) -> tuple[float, float]:
    """The VAE's own scaling factor, and the shift that some have."""
    return float(vae.config.scaling_factor), float(vae.config.shift_factor or 0.0)
