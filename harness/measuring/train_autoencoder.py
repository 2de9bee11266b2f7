"""Trains the autoencoder of a latent track on its training images alone, and prints what it loses.

    python -P -m harness.measuring.train_autoencoder mnist

writes harness/data/weights/<name>.safetensors and prints the SHA-256 that the track declares. Committed files came
from this command, on one core; what their decoded 8-bit images lose, as share of the variance and as `fd` to the images
themselves in the committed classifier's feature space:

               training images     validation images   test images
    mnist      3.6 %   fd 0.038    3.6 %   fd 0.038    3.5 %   fd 0.039    (55,000 / 5,000 / 10,000 images)
    fashion    5.5 %   fd 0.255    5.5 %   fd 0.272    5.5 %   fd 0.250    (the same)
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable

import torch
from safetensors.torch import save_file
from torch import Tensor

from harness.data.autoencoder import WEIGHTS, Autoencoder
from harness.data.autoencoder_training import train
from harness.data.dataset import Dataset
from harness.data.own_autoencoder import lost
from harness.metrics.estimators.frechet import Moments, frechet_distance
from harness.tracks.fashion import FASHION
from harness.tracks.mnist import MNIST

TRACKS = {"mnist": MNIST, "fashion": FASHION}
SEED = 0


def main() -> None:
    """Train, save, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=TRACKS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    data: Dataset = TRACKS[options.data].data()
    autoencoder = Autoencoder()
    autoencoder.mean.fill_(data.mean)
    autoencoder.std.fill_(data.std)
    train(autoencoder, data.train.x, say=lambda line: print(line, flush=True))
    WEIGHTS.mkdir(exist_ok=True)
    path = WEIGHTS / f"{options.data}.safetensors"
    save_file(autoencoder.state_dict(), path)
    features = TRACKS[options.data].features(torch.device("cpu"))
    for name, x in (("training", data.train.x), ("validation", data.val.x), ("test", data.test.x)):
        fd = distance(autoencoder, x, features)
        print(f"{name} images: {lost(autoencoder, x):.4f} of the variance lost, fd {fd:.4f} to the images themselves")
    print(f"SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}, {path.stat().st_size} bytes")


def decoded(autoencoder: Autoencoder, x: Tensor) -> Tensor:
    """What 8-bit images become of scaled images x, scaled alike."""
    images = autoencoder.decode(autoencoder.encode(x * autoencoder.std + autoencoder.mean))
    return autoencoder.scaled(images.round().clamp(0, 255))


def distance(autoencoder: Autoencoder, x: Tensor, features: Callable[[Tensor], Tensor]) -> float:
    """Fréchet distance of decoded images to the scaled images x themselves."""
    clouds = (torch.cat([features(part) for part in images.split(500)]) for images in (decoded(autoencoder, x), x))
    return frechet_distance(*(Moments.of_tensor(cloud) for cloud in clouds))


if __name__ == "__main__":
    main()
