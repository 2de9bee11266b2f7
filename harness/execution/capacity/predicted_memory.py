"""Peak memory of a run, known before it starts.

A training step and a sampling step are traced on tensors without storage (torch's FakeTensorMode): what each operation
allocates is counted until it is freed, so that the peak of a step is known to the byte without a single product. With W
the size of the weights,

    peak = data + 4 W (weights, average, two moments of AdamW) + max(training, evaluation)
    training   = peak of forward and backward with the gradients they leave (W) + two blocks of examples and noise
    evaluation = peak of a sampler's step for a chunk with guidance + samples and their distances

In a process on a CPU what Python and the libraries hold comes on top, and on a GPU torch's context and its allocator's
waste; see `harness.execution.capacity.worker_count`. Workspaces of the libraries are not counted.

State and training predicted, and measured as the growth of resident memory over a few steps of batch 128 (one thread,
AMD EPYC, torch 2.14), as it is and where glibc gives freed blocks back at once (MALLOC_MMAP_THRESHOLD_=65536):

                                                     predicted    measured    ratio
    DiT of mnist-v1, 32×32                    fp32     283 MiB     298 MiB     0.95
                                              bf16     187         228         0.82
    U-Net "mnist", 32×32                      fp32     985        1228         0.80
                                              bf16     526         665         0.79
    ResidualMLP, width 1024, batch 256        fp32     203         208         0.98    given back at once
    DiT, depth 3, hidden 96                   fp32     216         210         1.03    given back at once
                                              bf16     144         152         0.95    given back at once
    U-Net, width 32, 16×16                    fp32     310         313         0.99    given back at once
"""

from __future__ import annotations

import argparse
import json
import math
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

MIB = 2**20
FLOAT = 4
SPLITS = ("train", "val", "test")
FACTOR = 1.5
"""Prediction and measurement are within this of each other; a test holds it."""


@dataclass(frozen=True)
class Footprint:
    """MiB by what holds them.

    state: weights, average and the optimiser's moments; the others as in the module's formula
    """

    data: float
    state: float
    training: float
    evaluation: float

    @property
    def peak(self) -> float:
        return self.data + self.state + max(self.training, self.evaluation)

    def __str__(self) -> str:
        step = f"a training step {gib(self.training)}, sampling {gib(self.evaluation)}"
        return f"data {gib(self.data)}, weights, average and optimiser {gib(self.state)}, {step}"

    @classmethod
    def read(cls, text: dict[str, Any] | None) -> Self | None:
        """From a card or a process's output; None where it is not there or not whole."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: float(text[name]) for name in names}) if text and names <= text.keys() else None


def gib(mib: float) -> str:
    """ "1.2 GiB", "340 MiB"."""
    return f"{mib / 1024:.1f} GiB" if mib >= 1000 else f"{mib:.0f} MiB"


def predict(track: Any, shape: tuple[int, ...], classes: int, sizes: dict[str, int]) -> Footprint:
    """The footprint of a run of the track. sizes: rows of each split; shape: of one of them."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    from harness.evaluation.drawing import SAMPLING_CHUNK
    from harness.training.precision import casting

    rules, values = track.training, math.prod(shape)
    cpu = torch.device("cpu")

    def given(rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return torch.empty(rows, *shape), torch.empty(rows), torch.zeros(rows, dtype=torch.int64)

    with FakeTensorMode():
        network = track.network(shape, classes)
        weights = sum(weight.nbytes for weight in network.parameters())

        def step() -> None:
            x, logsnr, label = given(rules.batch)
            with casting(rules.precision, cpu):
                output = network(x, logsnr, label)
            (output.float() - x).square().flatten(1).mean(dim=1).mean().backward()

        def sample() -> None:
            x, logsnr, label = given(min(2 * SAMPLING_CHUNK, 2 * track.evaluation.samples))
            with torch.no_grad(), casting(rules.precision, cpu):
                network.at_one_logsnr(x, logsnr[0], label)

        training, sampling = peak_of(step), peak_of(sample)
    rows = track.evaluation.samples
    block = rules.block * rules.batch * values * FLOAT
    return Footprint(
        data=sum(sizes.values()) * values * FLOAT / MIB,
        state=4 * weights / MIB,
        training=(training + 2 * 2 * block) / MIB,
        evaluation=(sampling + 3 * rows * values * FLOAT + 2 * rows * sizes["test"] * FLOAT) / MIB,
    )


def peak_of(work: Callable[[], None]) -> int:
    """The most bytes that tensors which came to be in `work` held at one time."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Counted(TorchDispatchMode):
        """Follows every storage from its first tensor to its end."""

        def __init__(self) -> None:
            super().__init__()
            self.open: set[int] = set()
            self.held = self.most = 0

        def __torch_dispatch__(
            self, function: Any, types: Any, arguments: tuple[Any, ...] = (), named: dict[str, Any] | None = None
        ) -> Any:
            before = {id(one.untyped_storage()) for one in _tensors((arguments, named))}
            found = function(*arguments, **(named or {}))
            for tensor in _tensors(found):
                storage = tensor.untyped_storage()
                if id(storage) not in self.open and id(storage) not in before:
                    self.open.add(id(storage))
                    self.held += storage.nbytes()
                    self.most = max(self.most, self.held)
                    weakref.finalize(storage, self.freed, id(storage), storage.nbytes())
            return found

        def freed(self, storage: int, size: int) -> None:
            self.open.discard(storage)
            self.held -= size

    def _tensors(value: Any) -> list[torch.Tensor]:
        return [leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]

    with Counted() as counted:
        work()
    return counted.most


def of_data(track: Any, data: Any) -> Footprint:
    """The footprint of a run of the track on its data."""
    return predict(track, data.shape, data.classes, {name: len(getattr(data, name)) for name in SPLITS})


def main() -> None:
    """Print the footprint of a track's run as JSON."""
    parser = argparse.ArgumentParser(description="Predict the peak memory of a run, in MiB.")
    parser.add_argument("track")
    parser.add_argument("--plugin", action="append", default=[])
    parser.add_argument("--track-plugin", action="append", default=[])
    parser.add_argument("--metric-plugin", action="append", default=[])
    options = parser.parse_args()
    from harness import tracks
    from harness.execution.plugins import load

    load(options.plugin, options.track_plugin, options.metric_plugin)
    track = tracks.get(options.track)
    print(json.dumps({name: round(value, 1) for name, value in asdict(of_data(track, track.data())).items()}))


if __name__ == "__main__":
    main()
