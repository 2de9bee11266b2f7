"""What training that is done once on this machine will take, told from its first steps: before anybody waits for it.

with rehearsal() as told:
    Bench(track, device)        # weights that are missing are trained for some steps, and not kept
told.seconds                    # what all of their training would take
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

Step = TypeVar("Step")

LONGEST = 2.0
"""Seconds of one training that are rehearsed, after its first step."""


@dataclass
class Rehearsal:
    """seconds: of all training that was missing, by the steps that were taken of it; spent: on these steps"""

    seconds: float = 0.0
    spent: float = 0.0


_current: ContextVar[Rehearsal | None] = ContextVar("rehearsal", default=None)


@contextmanager
def rehearsal() -> Iterator[Rehearsal]:
    """Training loops inside the block stop after some steps. What is made of their weights is to be thrown away."""
    told = Rehearsal()
    token = _current.set(told)
    try:
        yield told
    finally:
        _current.reset(token)


def rehearsing() -> bool:
    """Whether it is one."""
    return _current.get() is not None


def steps(every: Iterable[Step], count: int) -> Iterator[Step]:
    """The steps of a training: all of them, `count`; in a rehearsal some, by which it tells the seconds of all."""
    told, iterator = _current.get(), iter(every)
    if told is None:
        yield from iterator
        return
    began = time.perf_counter()
    yield from itertools.islice(iterator, 1)  # warms up
    before, done = time.perf_counter(), 0
    for step in iterator:
        yield step
        done += 1
        if time.perf_counter() - before > LONGEST:
            break
    told.seconds += count * (time.perf_counter() - before) / max(done, 1)
    told.spent += time.perf_counter() - began
