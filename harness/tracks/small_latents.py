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

The tracks for one GPU are the same data under a network of the paper's kind, a DiT on the 16 tokens, trained for 20
epochs. Their numbers were chosen by the baseline's scores on Fashion-MNIST alone, too (v, seed 0, bf16, a captured and
compiled step on an NVIDIA H200; 5,000 samples × 25 steps, floor 0.078; hidden 384, 6 heads; `memorised` 0.51 to 0.52):

    depth   steps × batch   learning rate   training, evaluation    fd at scale 1, 1.25    at 25, 50 % of the budget
    12      4,400 × 256         2e-4          24.9 s, 8.3 s          0.127   0.237          0.208   0.153
    12      1,100 × 1,024       4e-4          15.0 s, 8.8 s          0.140   0.255          0.276   0.171
    6       2,200 × 512         3e-4          10.2 s, 4.8 s          0.156   0.223          0.277   0.192
    6       1,100 × 1,024       4e-4           7.9 s, 3.6 s          0.164   0.246          0.347   0.222
    6       1,100 × 1,024       8e-4           8.3 s, 5.0 s          0.149   0.248          0.294   0.190
    4       1,100 × 1,024       8e-4           5.8 s, 3.3 s          0.163   0.247          0.353   0.213

- The last one: two floors leave room to tell schedules apart, and a board of 75 runs fits into a borrowed quarter of an
  hour. Fewer steps of a larger batch use the card better: a step of 256 is 450 kernels of a few microseconds.
- Scales: the baseline is best without guidance for every one of these networks, at the lower end of the grid, which has
  nothing below it that is guidance. The grid is the small tracks'.
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

GPU_NETWORK = Part(make="harness.networks.dit:DiT", options={"depth": 4, "hidden": 384, "heads": 6, "patch": 1})
GPU_TRAINING = Training(steps=1100, batch=1024, learning_rate=8e-4, warmup_steps=100, ema_decay=0.997, precision="bf16")
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
            "summary": f"{title} at 32×32 as 4×4×4 latents, DiT of 11 M parameters on 16 tokens; for one GPU",
            "network": GPU_NETWORK,
            "training": GPU_TRAINING,
            "evaluation": GPU_EVALUATION,
        }
    )
    return small, large


FASHION_LATENT, FASHION_LATENT_GPU = _tracks(FASHION, "Fashion-MNIST", "fashion_mnist", "fashion", FASHION_AUTOENCODER)
MNIST_LATENT, MNIST_LATENT_GPU = _tracks(MNIST, "MNIST", "mnist", "mnist", MNIST_AUTOENCODER)
