"""scikit-learn's handwritten digits, each in all nine one-pixel positions on a 10×10 canvas.

An image's nine copies stay in one split. Splits are fixed, by image, with equal class shares: 1,197 images train,
300 validate, 300 test. Raw values are the integers 0…16.

Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998; the test part, which scikit-learn
ships.
"""

from __future__ import annotations

import numpy as np
import torch

from harness.data.dataset import Dataset, Split

SIDE = 10
POSITIONS = 9
VAL_IMAGES = TEST_IMAGES = 300
LEVELS = 17
SPLIT_SEED = 0


def load() -> Dataset:
    """The three splits; x has shape (N, 1, 10, 10)."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    everyone = np.arange(len(images))
    rest, test = train_test_split(everyone, test_size=TEST_IMAGES, stratify=labels, random_state=SPLIT_SEED)
    train, val = train_test_split(rest, test_size=VAL_IMAGES, stratify=labels[rest], random_state=SPLIT_SEED)

    canvas = nine_positions(images.reshape(-1, 8, 8))
    mean, std = float(canvas[train].mean()), float(canvas[train].std())
    scaled = torch.from_numpy(((canvas - mean) / std).astype(np.float32))

    def split(rows: np.ndarray) -> Split:
        rows = np.sort(rows)
        return Split(
            x=scaled[rows].reshape(-1, 1, SIDE, SIDE),
            labels=torch.from_numpy(labels[rows].repeat(POSITIONS).astype(np.int64)),
            group=torch.from_numpy(rows.repeat(POSITIONS)),
        )

    levels = torch.from_numpy((np.arange(LEVELS) - mean) / std)
    return Dataset(split(train), split(val), split(test), classes=10, mean=mean, std=std, levels=levels)


def nine_positions(images: np.ndarray) -> np.ndarray:
    """(N, 8, 8) → (N, 9, 10, 10): each image at every offset of a zero canvas that is two pixels larger."""
    side = images.shape[1]
    canvas = np.zeros((len(images), POSITIONS, side + 2, side + 2))
    for position, (row, column) in enumerate((r, c) for r in range(3) for c in range(3)):
        canvas[:, position, row : row + side, column : column + side] = images
    return canvas
