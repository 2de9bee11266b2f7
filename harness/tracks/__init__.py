"""The tracks: frozen, versioned tasks that every schedule is measured on."""

from __future__ import annotations

import re
from typing import Any

from harness.tracks import shortened
from harness.tracks.cifar10 import CIFAR10
from harness.tracks.digits import DIGITS
from harness.tracks.fashion import FASHION
from harness.tracks.gmm import GMM
from harness.tracks.imagenet import IMAGENET64, IMAGENET256, IMAGENET512
from harness.tracks.mnist import MNIST
from harness.tracks.small_latents import FASHION_LATENT, FASHION_LATENT_GPU, MNIST_LATENT, MNIST_LATENT_GPU
from harness.tracks.standing import TARGET, Standing
from harness.tracks.standing import standing as standing_of
from harness.tracks.track import Track, read_card
from schedules.errors import UserError, unknown

NAME = re.compile(r"\w[\w.-]*")
"""Folders, files and experiments are called by it; what follows "@" is a share of the budget."""
TRAINED = frozenset(
    {
        "fingerprint",
        "command",
        "board_targets",
        "seconds_a_run_on_one_cpu_core",
        "cost",
        "baseline_unguided",
        "baseline_best",
    }
)
"""What a card says of the full budget alone."""
_shortened: dict[str, tuple[Track, Track]] = {}
_SMALL = (DIGITS, GMM, FASHION_LATENT, MNIST_LATENT, MNIST, FASHION)
_FOR_GPUS = (FASHION_LATENT_GPU, MNIST_LATENT_GPU, CIFAR10, IMAGENET64, IMAGENET256, IMAGENET512)
_OWN_PARTS = [
    (name, part.model_copy(deep=True)) for track in (*_SMALL, *_FOR_GPUS) for name, part in track.parts().items()
]
"""As they are before anybody's file is imported."""
TRACKS = {track.name: track for track in (*_SMALL, *_FOR_GPUS)}


def check_options(name: str) -> None:
    """UserError where a part of the track has a misspelt option, one of another type, or lacks one.

    A part that a track of this package has, too, is right, and is not imported: that takes torch.
    """
    get(name).check_options(_OWN_PARTS)


def check(name: str) -> None:
    """UserError where a run of the track could not be made: wrong options, data or weights that are not there."""
    get(name).check(_OWN_PARTS)


def names() -> list[str]:
    """Names of all tracks."""
    return list(TRACKS)


def get(name: str) -> Track:
    """The track of that name, shortened where a share of the budget follows it (`digits-v1@0.2`).

    UserError with the nearest names when there is none.
    """
    if not isinstance(name, str):
        raise unknown("track", name, TRACKS)
    if name in TRACKS:
        return TRACKS[name]
    if (short := shortened.parse(name)) is None:
        raise unknown("track", name, TRACKS)
    full = get(short[0])
    cached = _shortened.get(name)
    if cached is None or cached[0] is not full:
        cached = _shortened[name] = full, shortened.shortened(full, short[1])
    return cached[1]


def add(track: Track) -> None:
    """Make a track known by its name. UserError when another one has it, or for a name or value that cannot be."""
    if not isinstance(track.name, str) or not NAME.fullmatch(track.name):
        raise UserError(f"track name {track.name!r}: expected letters, digits, '_', '-' and '.', no mark first")
    track.check_values()
    if TRACKS.setdefault(track.name, track) != track:
        raise UserError(f"track {track.name!r} is there already; choose another name")


def card(name: str) -> dict[str, Any]:
    """Measured facts of the track: floors, cost, noise over seeds; of a shortened one, those before any training."""
    get(name)
    if (short := shortened.parse(name)) is None:
        return read_card(name)
    return {key: value for key, value in read_card(short[0]).items() if key not in TRAINED}


def board_targets(name: str) -> list[str]:
    """What to run so that an entry stands in the published table over all targets; v where there is no such table."""
    return list(card(name).get("board_targets", [TARGET]))


def standing(name: str) -> Standing:
    """Whether the track's board stands among the rankings, by its card."""
    return standing_of(get(name), card(name))
