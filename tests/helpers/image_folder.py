"""A folder of small random images as ImageNet is laid out, and a VAE of a few thousand random weights."""

import numpy as np
import torch
from PIL import Image

CLASSES = ("ant", "bee", "cow")


def make_images(root, train=5, val=2, size=(40, 36), seed=0):
    """Smooth random pictures, `train` and `val` of each class; some are grey or have a palette."""
    rng = np.random.default_rng(seed)
    for part, count in (("train", train), ("val", val)):
        for name in CLASSES:
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                coarse = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
                image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
                mode = ("RGB", "L", "P")[number % 3]
                image.convert(mode).save(folder / f"{name}{number}.png")
    return root


def make_vae(folder, seed=0):
    """Divides the side by 4; (3, 32, 32) → (4, 8, 8)."""
    from diffusers import AutoencoderKL

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3,
            block_out_channels=(4, 4, 4),
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=2,
        )
        vae.save_pretrained(folder)
    return folder
