"""fashion-latent-v1, mnist-latent-v1: the paper's own setting in miniature; a run takes seconds on one core.

arXiv:2407.03297 trains on the latents of an autoencoder and looks at what they decode to. So do these tracks, on 4×4×4
latents of 32×32 images: the network never sees a pixel, and distances are taken on decoded images, in the committed
classifiers' feature spaces. Held-out images are encoded and decoded too: what the autoencoder loses
(`harness.measuring.train_autoencoder` has the figures) is the same for every schedule, and no part of a distance.

How their numbers were chosen, by the baseline's scores alone (v, seed 0; Fashion-MNIST / MNIST; seconds of processor
time on a machine with other work; `fd` at the best of the scales 1, 1.25, 1.5, 2 and 3, and in floors):

    network       steps × batch   samples × steps   training, evaluation       fd          floors     memorised
    MLP, 128        600 × 128       1,500 × 12          7.4, 8.2          0.47 / 0.55    2.3 / 2.4       0.51
    MLP, 96         800 × 128       1,500 × 12          7.5, 5.5          0.44 / 0.53    2.2 / 2.4       0.52
    MLP, 64         800 × 128       2,000 × 15          6.1, 7.9          0.44 / 0.64    2.8 / 3.6       0.51
    MLP, 64       1,000 × 128       2,000 × 12          7.8, 6.4          0.41 / 0.55    2.6 / 3.1       0.51
    MLP, 64       1,000 × 256       3,000 × 12          see the card      0.33 / 0.47    3.0 / 3.1       0.53

- Network: a residual MLP of four blocks of that width. A DiT on the 16 tokens (depth 2, hidden 64, 250 × 64) is at 2.4
  on Fashion-MNIST after 6.1 s, at scale 1.5, where the MLPs have 0.5 to 0.6.
- Width: an evaluation is mostly the sampler's network, so a narrow one leaves the larger half of a run to training, and
  it keeps the baseline at three floors, where schedules can be told apart.
- Noise over seeds is mostly that of the samples: the sd of the log of `fd` was 0.05 with 2,000 (four seeds; 0.06 at
  half the learning rate) and is 0.033 with 3,000 (eight seeds).
- Scales: the baseline's best ones are 1.25 and 1.5 for every target; the paper's 1.5, 2 and 3 are in the grid.
- `memorised` looks at 2,000 images, so that neighbours do not cost more than features.

The tracks for one GPU are the same data under a network of the paper's kind. Nobody has run them, so their budgets are
not yet chosen by any score: 20 epochs of a DiT-S on 16 tokens, 2 PFLOP.
"""

from __future__ import annotations

from harness.tracks.fashion import FASHION
from harness.tracks.mnist import MNIST
from harness.tracks.track import Evaluation, Part, Track, Training

FASHION_AUTOENCODER = "ef1f7a0a50f918727e4dbb967aa7c50423fa4142177675867836e1e6a3daaa7b"
MNIST_AUTOENCODER = "4357499ae3d1d46b052d69f08d6851ff0dbec7016133ff33c41c052c66afdfeb"

NETWORK = Part(make="harness.networks.mlp:ResidualMLP", options={"width": 64, "blocks": 4, "condition": 64})
TRAINING = Training(steps=1000, batch=256, learning_rate=2e-3, warmup_steps=50, ema_decay=0.995)
EVALUATION = Evaluation(
    samples=3000,
    ddim_steps=12,
    sampler_logsnr=(-7.0, 7.0),
    guidance=(1.0, 1.25, 1.5, 2.0, 3.0),
    curve_logsnr=(-9.0, 9.0, 19),
    curve_points=300,
    neighbours=2000,
)

GPU_NETWORK = Part(make="harness.networks.dit:DiT", options={"depth": 12, "hidden": 384, "heads": 6, "patch": 1})
GPU_TRAINING = Training(steps=4400, batch=256, learning_rate=2e-4, warmup_steps=200, ema_decay=0.999, precision="bf16")
GPU_EVALUATION = EVALUATION.model_copy(
    update={"samples": 5000, "ddim_steps": 25, "neighbours": 5000, "paired_points": 2000}
)


def _tracks(pixels: Track, title: str, data: str, weights: str, sha256: str) -> tuple[Track, Track]:
    """The track of a data set for one core, and the one for one GPU.

    pixels:  the track on the images themselves, whose feature space is taken
    data:    function of `harness.data.image_latents`
    weights: of the committed autoencoder, and their SHA-256
    """
    name = pixels.name.removesuffix("-v1")
    decoded = {
        "weights": weights,
        "sha256": sha256,
        "classifier": {"make": pixels.features.make, "options": pixels.features.options},
    }
    small = Track(
        name=f"{name}-latent-v1",
        summary=f"{title} at 32×32 as 4×4×4 latents, residual MLP; scored on decoded images",
        data=Part(
            make=f"harness.data.image_latents:{data}",
            options={"sha256": sha256},
            check=f"harness.data.image_latents:check_{data}",
        ),
        network=NETWORK,
        features=Part(make="harness.metrics.decoded_features:features", options=decoded),
        feature_space=pixels.feature_space,
        training=TRAINING,
        evaluation=EVALUATION,
        needs=pixels.needs,
    )
    large = small.model_copy(
        update={
            "name": f"{name}-latent-gpu-v1",
            "summary": f"{title} at 32×32 as 4×4×4 latents, DiT-S on 16 tokens; for one GPU",
            "network": GPU_NETWORK,
            "training": GPU_TRAINING,
            "evaluation": GPU_EVALUATION,
        }
    )
    return small, large


FASHION_LATENT, FASHION_LATENT_GPU = _tracks(FASHION, "Fashion-MNIST", "fashion_mnist", "fashion", FASHION_AUTOENCODER)
MNIST_LATENT, MNIST_LATENT_GPU = _tracks(MNIST, "MNIST", "mnist", "mnist", MNIST_AUTOENCODER)
