"""From a network to samples, and to their features.

Samples are drawn chunk by chunk, and several processes may share the chunks (`Share`): the noise of a sample depends on
the seed and its number alone, so it is the same for every entry and every guidance scale (protocol 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.data.dataset import Dataset
from harness.evaluation.pictures import MOST_SHOWN
from harness.evaluation.scores import NotFinite
from harness.metrics.feature_space import FeatureSpace
from harness.networks.network import Network
from harness.sampling.ddim import ddim
from harness.sampling.share import WHOLE, Share
from harness.streams import Streams
from harness.tracks.track import Evaluation
from harness.training.precision import sampling

SAMPLING_CHUNK = 512
AGAIN = "sampling again"
"""Stream of noise that is another one than every score's."""


def silent() -> None:
    """A pulse that nobody feels."""


@dataclass(frozen=True)
class Subject:
    """Whose samples are drawn.

    prediction: what the network predicts
    pulse:      called before every chunk of samples, so that an evaluation can be watched and stopped
    share:      this process's part of the samples
    """

    network: Network
    prediction: str
    seed: int
    pulse: Callable[[], None] = silent
    share: Share = WHOLE


@dataclass(frozen=True)
class Drawn:
    """Samples of one setting.

    x:        (K, *shape) the first of them, as many as are looked at one by one
    features: (N, d) of all; second: alike in the second feature space
    """

    x: Tensor
    features: Tensor
    second: Tensor | None = None


@dataclass(frozen=True)
class Drawing:
    """How a track's samples are drawn.

    precision: of the network's passes
    space:     the track's feature space; second: its second one
    """

    rules: Evaluation
    precision: str
    data: Dataset
    device: torch.device
    space: FeatureSpace
    second: FeatureSpace | None = None

    @property
    def chunks(self) -> int:
        """The smallest number of chunks that samples are drawn in."""
        return -(-self.rules.samples // self._chunk)

    @property
    def _chunk(self) -> int:
        return self.rules.sample_block or SAMPLING_CHUNK

    def __call__(
        self,
        subject: Subject,
        grid: np.ndarray,
        guidance: float = 1.0,
        count: int = 0,
        second: bool = False,
        noise: str = "sampling",
    ) -> Drawn:
        """Samples at the λ of `grid`.

        count:  how many; as many as the track's `samples` unless it is given
        second: whether the second feature space is wanted, where the track has one
        noise:  name of the stream of noise

        Raises NotFinite for samples that are no numbers.
        """
        count = count or self.rules.samples
        label = torch.arange(count, device=self.device) % max(1, self.data.classes)
        kept = max(self.rules.neighbours, MOST_SHOWN) if self.rules.neighbours else count
        sizes = [len(part) for part in label.split(self._chunk)]
        starts = np.cumsum([0, *sizes])
        denoiser = sampling(subject.network.sampler(), self.precision, self.device)
        parts: list[Drawn] = []
        for chunk, start in self._noise(subject, noise, count, sizes):
            subject.pulse()
            first = int(starts[chunk])
            labels = label[first : first + len(start)]
            x = ddim(denoiser, subject.prediction, start, labels, grid, guidance, no_label=self.data.classes)
            in_second = self.second.of(x) if second and self.second is not None else None
            parts.append(Drawn(x[: max(0, kept - first)], self.space.of_samples(x), in_second))
        for _ in range(subject.share.waits(len(sizes))):
            subject.pulse()  # what is asked there may be asked of all processes together
        kept_sizes = [max(0, min(size, kept - int(start))) for size, start in zip(sizes, starts, strict=False)]
        x = subject.share.together([part.x for part in parts], kept_sizes)
        features = subject.share.together([part.features for part in parts], sizes)
        if not torch.isfinite(features).all():  # of all processes, which so find the same
            raise NotFinite(f"samples at guidance {guidance:g} are not finite")
        others = [part.second for part in parts if part.second is not None]
        return Drawn(x, features, subject.share.together(others, sizes) if others else None)

    def _noise(self, subject: Subject, stream: str, count: int, sizes: list[int]) -> Iterable[tuple[int, Tensor]]:
        """This process's chunks, with their numbers."""
        mine, shape = subject.share.mine(len(sizes)), self.data.shape
        if self.rules.sample_block:
            for chunk in mine:
                block = Streams(subject.seed).normal(stream, chunk, shape=(self.rules.sample_block, *shape))
                yield chunk, block[: sizes[chunk]].to(self.device)
            return
        parts = Streams(subject.seed).normal(stream, shape=(count, *shape)).to(self.device).split(sizes)
        yield from ((chunk, parts[chunk]) for chunk in mine)
