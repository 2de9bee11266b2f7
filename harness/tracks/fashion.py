"""fashion-v1: mnist-v1 on pictures of clothing (Xiao et al. 2017, arXiv:1708.07747).

Data set and feature space are its own; network, budget and evaluation are mnist-v1's, number for number, so that the
two differ by their data alone.
"""

from __future__ import annotations

from harness.tracks.mnist import MNIST
from harness.tracks.track import Part

FASHION = MNIST.model_copy(
    update={
        "name": "fashion-v1",
        "summary": "Fashion-MNIST at 32×32, DiT of 0.7 M parameters on patches of 8 pixels",
        "data": Part(make="harness.data.images:fashion_mnist", check="harness.data.images:check_fashion_mnist"),
        "features": Part(
            make="harness.metrics.classifiers:fashion_features",
            options={"sha256": "2071c210fda52168031a197a534437f62e4a4a88a88b1ef79dab39e536fd5f46"},
        ),
        "feature_space": "fashion-classifier-64",
        "needs": "Fashion-MNIST, 31 MB to download",
    }
)
