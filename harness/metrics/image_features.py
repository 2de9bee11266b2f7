"""Feature spaces of images: data → 8-bit images → a published network, through torch-fidelity.

    features = extractor(images),  images = round(clip(x·std + mean, 0, 255))  or, for latents, round(clip(decoded))

Every extractor takes uint8 images (N, 3, side, side) and returns (N, d). Inception-v3's are those of FID (Heusel et al.
2017, arXiv:1706.08500), with the weights of its TensorFlow graph; DINOv2's as Stein et al. 2023 (arXiv:2306.04675).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from harness import downloads
from harness.data.dataset import Dataset, Split
from harness.data.images import VARIABLE, one_at_a_time, root, to_write
from harness.declared import imported
from harness.metrics.feature_space import FeatureSpace
from schedules.errors import UserError, text_of

INCEPTION, DINOV2 = "inception-v3", "dinov2"
INSTALL = 'pip install -e ".[image]" where snrbench was cloned'
IMAGES_AT_ONCE = 64


@dataclasses.dataclass(frozen=True)
class Source:
    """Where published weights are. sha256: how its hash begins; "" where the publisher states none."""

    file: str
    url: str
    sha256: str = ""


INCEPTION_WEIGHTS = Source(
    "weights-inception-2015-12-05-6726825d.pth",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    "6726825d",
)
DINOV2_NAME = "dinov2-vit-l-14"
DINOV2_CODE = "facebookresearch_dinov2_main"
DINOV2_WEIGHTS = Source(
    "dinov2_vitl14_pretrain.pth",
    "https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth",
)


class ImageFeatures(FeatureSpace):
    """Scaled data (N, *shape) → features (N, d).

    extractor: uint8 images → features
    decoder:   unscaled latents → images with values in [0, 255], where data are no images themselves
    at_once:   images that both take in one call
    """

    def __init__(
        self,
        extractor: Callable[[Tensor], Tensor],
        decoder: Callable[[Tensor], Tensor] | None = None,
        at_once: int = IMAGES_AT_ONCE,
    ) -> None:
        super().__init__()
        self.extractor, self.decoder, self.at_once = extractor, decoder, at_once
        self.mean, self.std = 0.0, 1.0

    def scaled_as(self, data: Dataset) -> Self:
        """The same, for data scaled by this data set's mean and standard deviation."""
        self.mean, self.std = data.mean, data.std
        return self

    @torch.inference_mode()
    def images(self, x: Tensor) -> Tensor:
        """(N, 3, side, side) uint8; grey ones three times over."""
        raw = x.float() * self.std + self.mean
        if self.decoder is not None:
            raw = self.decoder(raw)
        pixels = raw.round().clamp(0, 255).to(torch.uint8)
        return pixels.expand(-1, 3, -1, -1) if pixels.shape[1] == 1 else pixels

    @torch.inference_mode()
    def of_images(self, pixels: Tensor) -> Tensor:
        """Features of uint8 images."""
        return torch.cat([self.extractor(part).float() for part in pixels.split(self.at_once)])

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.of_images(self.images(part)) for part in x.split(self.at_once)])

    def of_split(self, split: Split, device: torch.device) -> Tensor:
        """Features of the images themselves, also where data are latents of them."""
        if split.pixels is None:
            return torch.cat([self(part.to(device)) for part in split.x.split(self.at_once)])
        return torch.cat([self.of_images(part.to(device)) for part in split.pixels.split(self.at_once)])

    def of_rows(self, split: Split, rows: Tensor, whole: Tensor) -> Tensor:
        """Those of the images themselves, too, which a subset of the split no longer has."""
        return whole[rows.to(whole.device)]

    def pictures(self, x: Tensor, like: Tensor) -> Tensor:
        """(N, 3, side, side): the images themselves."""
        return self.images(x).float() / 255


def features(device: torch.device, extractor: str, decoder: str = "", weights: str = "") -> ImageFeatures:
    """A track's feature space.

    extractor: "inception-v3", "dinov2", or "module:function" of a function that takes a device
    decoder:   name of prepared data whose VAE decodes its latents; "" where data are images
    weights:   SHA-256, or how it begins, of other Inception weights than the published ones
    """
    if ":" in extractor:
        extract: Callable[[Tensor], Tensor] = imported(extractor)(device)
    else:
        extract = {INCEPTION: inception, DINOV2: dinov2}[extractor](device, *([weights] if weights else []))
    if not decoder:
        return ImageFeatures(extract)
    from harness.data.encoders import decoder_of

    return ImageFeatures(extract, decoder_of(root() / decoder, device))


def check(extractor: str, decoder: str = "", weights: str = "") -> None:
    """Have the weights here, downloaded where they have to be. UserError: how to get what cannot be had."""
    if ":" in extractor:
        return
    _torch_fidelity()
    if extractor == INCEPTION:
        inception_file(weights or INCEPTION_WEIGHTS.sha256)
    elif extractor == DINOV2:
        dinov2_files()
    else:
        raise UserError(f"feature space {extractor!r}; expected {INCEPTION}, {DINOV2} or MODULE:FUNCTION")


def inception(device: torch.device, sha256: str = INCEPTION_WEIGHTS.sha256) -> Callable[[Tensor], Tensor]:
    """Inception-v3 up to its last pooled layer, (N, 2048)."""
    _torch_fidelity()
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    path = inception_file(sha256)
    network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path))
    return _first_of(network.to(device))


def dinov2(device: torch.device) -> Callable[[Tensor], Tensor]:
    """DINOv2 ViT-L/14's class token, (N, 1024)."""
    _torch_fidelity()
    from torch_fidelity.feature_extractor_dinov2 import FeatureExtractorDinoV2

    dinov2_files()
    return _first_of(FeatureExtractorDinoV2(DINOV2_NAME, ["dinov2"]).to(device))


def inception_file(sha256: str) -> Path:
    """The file of the weights, downloaded where it has to be. UserError: not to be had, or another file."""
    places = [place / INCEPTION_WEIGHTS.file for place in (root(), to_write(), _checkpoints())]
    path = next((place for place in places if place.is_file()), None) or _downloaded(
        INCEPTION_WEIGHTS,
        to_write() / INCEPTION_WEIGHTS.file,
        f"in {str(root())!r} (or the folder that {VARIABLE} names)",
    )
    digest = _sha256(path)
    if not digest.startswith(sha256):
        raise UserError(f"weights {str(path)!r} have SHA-256 {digest}; expected {sha256}…; delete the file")
    return path


def dinov2_files() -> None:
    """Have DINOv2's code and weights in torch's own cache. UserError: not to be had."""
    code, weights = Path(torch.hub.get_dir()) / DINOV2_CODE, _checkpoints() / DINOV2_WEIGHTS.file
    if not weights.is_file():
        _downloaded(DINOV2_WEIGHTS, weights, f"in {str(weights.parent)!r} (or `checkpoints` in $TORCH_HOME/hub)")
    if not (code / "hubconf.py").is_file():
        downloads.begin()
        try:
            torch.hub.list("facebookresearch/dinov2", trust_repo=True)
        except Exception as problem:  # whatever torch.hub raises without a network
            raise UserError(
                f"DINOv2's code cannot be had: {_line(problem)}. Where there is a network, "
                f"`git clone https://github.com/facebookresearch/dinov2` fetches it; put the folder at {str(code)!r}"
            ) from problem


def _downloaded(source: Source, path: Path, where: str) -> Path:
    downloads.begin()
    try:
        with one_at_a_time(path.name):
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                torch.hub.download_url_to_file(source.url, str(path), source.sha256 or None, progress=False)
    except Exception as problem:  # whatever urllib and the disk raise
        raise UserError(
            f"weights {source.file} cannot be had: {_line(problem)}. Where there is a network, "
            f"`curl -LO {source.url}` fetches them; put the file {where}"
        ) from problem
    return path


def _torch_fidelity() -> None:
    try:
        import torch_fidelity  # noqa: F401
    except ImportError as problem:
        raise UserError(f"FID needs torch-fidelity: {INSTALL}") from problem


def _first_of(network: nn.Module) -> Callable[[Tensor], Tensor]:
    def first(images: Tensor) -> Tensor:
        output: Tensor = network(images)[0]
        return output

    return first


def _checkpoints() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def _sha256(path: Path) -> str:
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _line(problem: BaseException) -> str:
    return text_of(problem)
