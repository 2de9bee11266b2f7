"""From a network to samples, and to their features.

Samples are drawn chunk by chunk, and several processes may share the chunks (`Share`): the noise of a sample depends on
the seed and its number alone, so it is the same for every entry and every guidance scale (protocol 3).
"""

from __future__ import annotations

import math
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
from harness.sampling.captured_ddim import CapturedDDIM
from harness.sampling.ddim import DDIM
from harness.sampling.share import WHOLE, Share
from harness.streams import Streams
from harness.tracks.track import Evaluation
from harness.training.precision import sampling

SAMPLING_CHUNK = 512
CAPTURED_CHUNK, CAPTURED_VALUES = 4096, 2**19
"""Most samples, and most values of samples, that one graph draws: a GPU is slow where it has little to do."""
MOST_KEPT = 2**24
"""Values of noise that are kept for the next set of samples: those of a seed are the same at every mark and scale."""
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

    def is_like(self, other: Subject) -> bool:
        """Whether the same network is asked for the same."""
        return self.network is other.network and self.prediction == other.prediction


@dataclass(frozen=True)
class Drawn:
    """Samples of one setting.

    x:        (K, *shape) the first of them, as many as are looked at one by one
    features: (N, d) of all; second: alike in the second feature space
    """

    x: Tensor
    features: Tensor
    second: Tensor | None = None


class Drawing:
    """How a track's samples are drawn.

    precision: of the network's passes
    space:     the track's feature space; second: its second one
    captured:  whether a chunk is drawn by one CUDA graph, which is kept for the next run of the same network
    notes:     what a user should be told
    """

    def __init__(
        self,
        rules: Evaluation,
        precision: str,
        data: Dataset,
        device: torch.device,
        space: FeatureSpace,
        second: FeatureSpace | None = None,
        captured: bool = False,
    ) -> None:
        self.rules, self.precision, self.data, self.device = rules, precision, data, device
        self.space, self.second, self.captured = space, second, captured
        self.notes: list[str] = []
        self._sampler: tuple[Subject, CapturedDDIM] | None = None
        self._seed_noise: tuple[tuple[int, str, int], Tensor] | None = None

    @property
    def chunks(self) -> int:
        """The smallest number of chunks that samples are drawn in by several processes."""
        return -(-self.rules.samples // (self.rules.sample_block or SAMPLING_CHUNK))

    def _sizes(self, count: int, share: Share) -> list[int]:
        """Samples in each chunk."""
        chunk = self.rules.sample_block or SAMPLING_CHUNK
        if self.captured and share.world == 1 and not self.rules.sample_block:
            most = min(CAPTURED_CHUNK, max(SAMPLING_CHUNK, CAPTURED_VALUES // math.prod(self.data.shape)))
            chunk = -(-count // -(-count // most))  # alike, as each size is a graph
        return [min(chunk, count - start) for start in range(0, count, chunk)]

    def _sampler_of(self, subject: Subject, rows: int) -> DDIM | CapturedDDIM:
        sampler = DDIM(
            sampling(subject.network.sampler(), self.precision, self.device), subject.prediction, self.data.classes
        )
        if not self.captured:
            return sampler
        if self._sampler is None or not self._sampler[0].is_like(subject) or self._sampler[1].rows < rows:
            self._sampler = None  # its memory, before the next one takes its own
            self._sampler = subject, CapturedDDIM(sampler, rows, self.notes)
        return self._sampler[1]

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
        retained = max(self.rules.neighbours, MOST_SHOWN) if self.rules.neighbours else count
        sizes = self._sizes(count, subject.share)
        starts = np.cumsum([0, *sizes])
        sampler = self._sampler_of(subject, sizes[0])
        parts: list[Drawn] = []
        for chunk, start in self._noise(subject, noise, count, sizes):
            subject.pulse()
            first = int(starts[chunk])
            labels = label[first : first + len(start)]
            x = sampler(start, labels, grid, guidance)
            in_second = self.second.of(x) if second and self.second is not None else None
            parts.append(Drawn(x[: max(0, retained - first)], self.space.of_samples(x), in_second))
        for _ in range(subject.share.waits(len(sizes))):
            subject.pulse()  # what is asked there may be asked of all processes together
        retained_sizes = [max(0, min(size, retained - int(start))) for size, start in zip(sizes, starts, strict=False)]
        x = subject.share.together([part.x for part in parts], retained_sizes)
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
        parts = self._of_seed(subject.seed, stream, count).split(sizes)
        yield from ((chunk, parts[chunk]) for chunk in mine)

    def _of_seed(self, seed: int, stream: str, count: int) -> Tensor:
        """Noise of all samples; the last is kept where it is small, as it is asked for at every mark and scale."""
        key = (seed, stream, count)
        if self._seed_noise is not None and self._seed_noise[0] == key:
            return self._seed_noise[1]
        noise = Streams(seed).normal(stream, shape=(count, *self.data.shape)).to(self.device)
        self._seed_noise = (key, noise) if noise.numel() <= MOST_KEPT else None
        return noise
