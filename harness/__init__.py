"""Trains and evaluates diffusion models under one frozen protocol.

    run = harness.train("gmm-v1", "laplace", target="v", seed=0, steps=100)
    run.scores, run.curve, run.samples, run.weights

`train` is a run in this process, recorded nowhere; `snrbench run` runs many and records them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.runs.train import Trained, train

__all__ = ["Trained", "train"]


def __getattr__(name: str) -> Any:
    # torch takes seconds, and the command line imports this package for every command.
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    from harness.runs import train

    return getattr(train, name)


def __dir__() -> list[str]:
    return sorted(__all__)
