"""Does it learn as training asks it to? What schedules and weightings that learn are put through before any training.

Training tells them λ and the squared ε-error of some thousand samples after each block of steps, asks for importance
weights of whole blocks, stores their state as plain arrays in each checkpoint, and goes on from there in another
process. Here the same is done with made-up errors, each call by itself, so that a failure names the method.
"""

from __future__ import annotations

import functools
import io
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array
from schedules.errors import named

PROPERTY = "learns as training asks it to"
LIMIT = 20.0
"""|λ| to which training clips what is drawn."""
STEPS, BATCH, BLOCKS = 20, 64, 4


class Learner(Protocol):
    """The part of `Schedule` and `Weighting` that learning goes through."""

    def update(self, logsnr: Array, loss: Array, /) -> None:
        """Learn from λ and squared ε-errors, (n,) each."""

    def state_dict(self) -> dict[str, Any]:
        """What was learned."""

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Put it back."""


class LearningError(Exception):
    """What a learner does wrong, in words."""


L = TypeVar("L", bound=Learner)
T = TypeVar("T")


def problem(
    make: Callable[[], L],
    draw: Callable[[L, Array], Array],
    outputs: Mapping[str, Callable[[L], Array]],
    also: Callable[[L], str | None] = lambda learner: None,
) -> str | None:
    """What goes wrong when it learns, is saved, loaded and learns on; None where nothing does.

    make:    a fresh learner
    draw:    learner, uniforms (steps, B) in (0, 1) → the λ that training would draw
    outputs: method → what training asks of the learner
    also:    what is wrong with one that has learned, where something else must hold
    """
    try:
        return _learn(make, draw, outputs, also)
    except LearningError as error:
        return str(error)


def _learn(
    make: Callable[[], L],
    draw: Callable[[L, Array], Array],
    outputs: Mapping[str, Callable[[L], Array]],
    also: Callable[[L], str | None],
) -> str | None:
    learner, rng = _called("it", make), np.random.default_rng(0)
    for _ in range(BLOCKS):
        _update(learner, draw, rng)
    for method, ask in outputs.items():
        _usable(method, _called(method, functools.partial(ask, learner)))
    if wrong := also(learner):
        return wrong
    copy = _called("it", make)
    state = _stored(_called("state_dict", learner.state_dict))
    _called("load_state_dict", lambda: copy.load_state_dict(state))
    _equal(learner, copy, outputs, "what load_state_dict puts back is not what state_dict returned")
    again = rng.bit_generator.state
    for rule in (learner, copy):
        rng.bit_generator.state = again
        _update(rule, draw, rng)
    _equal(learner, copy, outputs, "state_dict is not all of it: after load_state_dict it learns something else")
    return None


def _update(learner: L, draw: Callable[[L, Array], Array], rng: np.random.Generator) -> None:
    """One block of steps, with an ε-error as of a network that has learned something."""
    u = (rng.permuted(np.tile(np.arange(BATCH), (STEPS, 1)), axis=1) + rng.random((STEPS, BATCH))) / BATCH
    # Training hands on single precision.
    logsnr = np.clip(draw(learner, u), -LIMIT, LIMIT).astype(np.float32).astype(np.float64).ravel()
    loss = expit(-logsnr) * rng.gamma(4.0, 0.25, logsnr.size)
    _called("update", lambda: learner.update(logsnr, loss))


def _stored(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The state as it comes out of a checkpoint."""
    arrays = {name: np.asarray(value) for name, value in state.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            kind = type(state[name]).__name__
            raise LearningError(f"state_dict: {name!r} is a {kind}; expected an array of numbers, or a number")
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in arrays}


def _usable(method: str, value: Array) -> None:
    if not np.all(np.isfinite(value)):
        raise LearningError(f"after update, {method} is {value[~np.isfinite(value)].flat[0]}; expected finite numbers")


def _equal(learner: L, copy: L, outputs: Mapping[str, Callable[[L], Array]], otherwise: str) -> None:
    for method, ask in outputs.items():
        first, second = (_called(method, functools.partial(ask, of)) for of in (learner, copy))
        if not np.array_equal(first, second):
            raise LearningError(f"{otherwise} ({method} differs by {np.max(np.abs(first - second)):.3g})")


def _called(method: str, function: Callable[[], T]) -> T:
    """function(), its failure with the method's name and the place."""
    try:
        return function()
    except LearningError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.name}, {Path(place.filename).name} line {place.lineno}"
        raise LearningError(f"{method} raised {named(error)} (in {where})") from error
