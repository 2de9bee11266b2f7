"""Feature spaces of the image tracks, as a track declares them."""

from __future__ import annotations

from harness.tracks.track import Part

INCEPTION = "Inception-v3, pooled"


def image_space(extractor: str, decoder: str = "") -> Part:
    """Features of an extractor, "inception-v3" or "dinov2".

    decoder: name of the prepared data whose VAE turns latents into images first; "" for data that are images
    """
    return Part(
        make="harness.metrics.image_features:features",
        options={"extractor": extractor, "decoder": decoder},
        check="harness.metrics.image_features:check",
    )
