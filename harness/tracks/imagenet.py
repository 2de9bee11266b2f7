"""imagenet256-latent-v1, imagenet512-latent-v1, imagenet64-v1: ImageNet as arXiv:2407.03297 trains on it; for GPUs.

The paper's setting: DiT-B/2 with class labels on the latents of an 8-fold VAE, batch 256, 500,000 steps of AdamW at
1e-4, EMA 0.9999, DDIM with 50 steps on the cosine grid, guidance scales 1.5, 2 and 3, FID of 10,000 samples at 100,000
… 500,000 steps and of 50,000 at the end. imagenet64-v1 is the same on pixels, with patches of 4, so that all but
imagenet512 have 256 tokens.

What differs from it, by the rules of this benchmark or by choice:

- FID is to ImageNet's validation images, which are held out; the published figures are to the training images. The
  guidance scale is chosen on 10,000 training images that are left out of training.
- Latents are scaled to unit variance by one number, beside the VAE's own factor, so that λ means the same as elsewhere.
- Each row is one draw of the VAE's posterior (`harness.data.encoders`); each image and its mirror image are rows.
- Gradients are clipped at a norm of 1, and labels dropped with probability 0.1, as in all tracks. AdamW's β are
  PyTorch's own, no weight decays, and there is no warm-up: as DiT was trained, whose default the VAE is too.

A training image costs 3 × 46 GFLOP on 256 tokens and 3 × 213 on 1,024 (counted): 500,000 steps are 17.7 and 81.7
EFLOP, 25 and 115 hours of one H100 at 20 % of its 989 TFLOP/s. Estimates; nobody has measured them.
"""

from __future__ import annotations

from harness.tracks.image_spaces import INCEPTION, image_space
from harness.tracks.track import Evaluation, Part, Track, Training

VAE = "stabilityai/sd-vae-ft-ema"

TRAINING = Training(
    steps=500_000,
    batch=256,
    learning_rate=1e-4,
    warmup_steps=0,
    betas=(0.9, 0.999),
    ema_decay=0.9999,
    precision="bf16",
)
EVALUATION = Evaluation(
    marks=(0.2, 0.4, 0.6, 0.8, 1.0),
    samples=10_000,
    fid=(10_000, 50_000),
    guided_marks=True,
    sample_block=500,
    neighbours=10_000,
    ddim_steps=50,
    sampler_logsnr=(-20.0, 20.0),
    guidance=(1.0, 1.5, 2.0, 3.0),
    paired_points=10_000,
    curve_logsnr=(-12.0, 12.0, 49),
    curve_points=500,
)


def _track(name: str, summary: str, side: int, configuration: str, vae: str) -> Track:
    declared = {"name": name, "side": side, "vae": vae}

    decoder = name if vae else ""

    return Track(
        name=f"{name}-v1",
        summary=summary,
        data=Part(
            make="harness.data.prepared:load",
            options=declared,
            check="harness.data.prepared:check",
            prepare="harness.data.preparation:prepare",
        ),
        network=Part(make="harness.networks.dit:dit", options={"configuration": configuration}),
        features=image_space("inception-v3", decoder),
        feature_space=INCEPTION,
        dinov2=image_space("dinov2", decoder),
        training=TRAINING,
        evaluation=EVALUATION,
        primary_metric="fid10k",
        targets=("eps", "x0", "v", "flow", "edm"),
        needs="a folder of ImageNet's images; weights of Inception-v3 and DINOv2" + (", a VAE" if vae else ""),
        extra="image, latent" if vae else "image",
    )


IMAGENET256 = _track(
    "imagenet256-latent",
    "ImageNet 256×256 in 32×32×4 latents, DiT-B/2, the paper's own setting; for GPUs",
    256,
    "B/2",
    VAE,
)
IMAGENET512 = _track(
    "imagenet512-latent",
    "ImageNet 512×512 in 64×64×4 latents, DiT-B/2, the paper's own setting; for GPUs",
    512,
    "B/2",
    VAE,
)
IMAGENET64 = _track(
    "imagenet64", "ImageNet 64×64 in pixels, DiT-B/4, budget as imagenet256-latent; for GPUs", 64, "B/4", ""
)
