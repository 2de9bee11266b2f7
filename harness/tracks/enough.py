"""Whether a track has samples and held-out images enough for its distances; said at `prepare`, on its card and boards.

A Fréchet distance compares covariances, (d, d). One of n ≤ d points is singular: then the distance is mostly the bias
of few points, which is the same for every entry, and what is left is noise.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from harness import tracks
from harness.tracks.track import Part, Track
from schedules.errors import UserError


def cautions(track: Track, sizes: Mapping[str, int], dimensions: int, floors: bool = False) -> tuple[str, ...]:
    """What is too few, a sentence each; () where all is enough.

    sizes:      rows of each split
    dimensions: of the feature space
    floors:     whether the track has floors, which are real training images in the place of samples
    """
    rules = track.evaluation
    counted = {"samples": rules.samples, "held-out images": sizes["test"], "validation images": sizes["val"]}
    sentences = [
        f"{count} {noun} in {dimensions} dimensions of the feature space: too few for a covariance, so that "
        f"distances are mostly bias and noise; expected several times {dimensions}"
        for noun, count in counted.items()
        if count <= dimensions
    ]
    if floors and sizes["train"] < (count := max((rules.samples, *rules.fid))):
        sentences.append(
            f"floors are of {sizes['train']} training images, scores of {count} samples: floors lie too high"
        )
    return tuple(sentences)


def hopeless(sentences: Iterable[str]) -> list[str]:
    """Those of `cautions` that leave a distance without a meaning."""
    return [sentence for sentence in sentences if "too few" in sentence]


def known_cautions(name: str) -> tuple[str, ...]:
    """The same of a track by its name, without loading its data; () where its sizes are not known here."""
    track = tracks.get(name)
    return _card_cautions(name, track.fingerprint)


@functools.lru_cache(maxsize=16)
def _card_cautions(name: str, fingerprint: str) -> tuple[str, ...]:
    track, card = tracks.get(name), tracks.card(name)
    try:
        sizes = card.get("sizes") or _told(track.data, "sizes", 0)
        dimensions = card.get("feature_dimensions") or _told(track.features, "dimensions", 1)
    except UserError:  # its data are not on this machine, or it is misspelt
        return ()
    if not sizes or not dimensions:
        return ()
    return cautions(track, sizes, dimensions, floors=bool(card.get("floors")))


def _told(part: Part, attribute: str, positional: int) -> Any:
    """What the module of a part says without making it: `sizes` of data, `dimensions` of features, if it says so."""
    part.check_options(positional)
    function = getattr(importlib.import_module(part.make.partition(":")[0]), attribute, None)
    return function(**part.options) if callable(function) else None
