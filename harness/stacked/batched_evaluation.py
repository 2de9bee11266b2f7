"""Tasks that ask networks of one architecture alike, answered together.

Each task, such as the evaluation of one run, is written for one network and knows of no other. It gets a stand-in,
which hands what it is asked to the rendezvous; when every task has asked (or ended), the stacked network answers all at
once, those whose inputs have the same shapes in one call. So whatever an evaluation does, its sampling loop and its
curves, runs over the members at once, and every score is computed by the code that scores a single run.

Tasks are threads, of which exactly one runs at a time, in the order of the members: nothing depends on timing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from harness.networks.network import Network
from harness.stacked.training import StackedNetwork

T = TypeVar("T")


class Cancelled(BaseException):
    """Ends a task whose rendezvous is over. Not an Exception, so that no task takes it for one of its own."""


def together(
    network: StackedNetwork,
    weights: dict[str, Tensor],
    tasks: Sequence[Callable[[Network], T]],
    pulse: Callable[[], None] = lambda: None,
) -> list[T]:
    """What each task returns for the network whose weights are that row of `weights`, (members, *shape) each.

    pulse: called before every answer
    Whatever a task or `pulse` raises ends all of them and is raised here.
    """
    members = [_Member(row, task) for row, task in enumerate(tasks)]
    try:
        for member in members:
            member.resume()
        while asking := [member for member in members if member.question is not None]:
            pulse()
            for group in _alike(asking):
                _answer(network, weights, group, len(members))
            for member in asking:
                member.resume()
    finally:
        for member in members:
            member.cancel()
    return [member.result for member in members]


@dataclass
class _Question:
    """A call of the network. precision: the autocast of the thread that asks, (on, dtype)."""

    method: str
    inputs: tuple[Tensor, ...]
    precision: tuple[bool, torch.dtype]

    @property
    def kind(self) -> tuple[Any, ...]:
        return self.method, self.precision, *((tensor.shape, tensor.dtype) for tensor in self.inputs)


@dataclass
class _Member(Generic[T]):
    """One task and its thread."""

    row: int
    task: Callable[[Network], T]
    question: _Question | None = None
    answer: Tensor | None = None
    _result: list[T] = field(default_factory=list)
    _error: BaseException | None = None
    _cancelled: bool = False
    _thread: threading.Thread | None = None
    _turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _given_back: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def result(self) -> T:
        return self._result[0]

    def resume(self) -> None:
        """Let the task work until it asks again or ends. Raises what it raised."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"member {self.row}", daemon=True)
            self._thread.start()
        self.question = None
        self._turn.release()
        self._given_back.acquire()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def ask(self, question: _Question) -> Tensor:
        """From the task's thread: wait for the answer."""
        self.question = question
        self._given_back.release()
        self._turn.acquire()
        if self._cancelled:
            raise Cancelled
        answer, self.answer = self.answer, None
        if answer is None:
            raise RuntimeError("a task was let go on without an answer")
        return answer

    def cancel(self) -> None:
        """End the thread if it still waits."""
        self._cancelled = True
        if self._thread is not None:
            self._turn.release()
            self._thread.join()

    def _work(self) -> None:
        self._turn.acquire()
        try:
            if not self._cancelled:
                self._result.append(self.task(_StandIn(self)))
        except Cancelled:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self._given_back.release()


class _StandIn(Network):
    """Takes the place of one member's network in its task."""

    def __init__(self, member: _Member[Any]) -> None:
        super().__init__()
        self._ask = member.ask

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        return self._ask(_Question("forward", (x, logsnr, label), _precision(x.device.type)))

    def at_one_logsnr(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        return self._ask(_Question("at_one_logsnr", (x, logsnr, label), _precision(x.device.type)))


def _precision(device: str) -> tuple[bool, torch.dtype]:
    return torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)


def _alike(asking: Sequence[_Member[Any]]) -> list[list[_Member[Any]]]:
    """Members whose questions can be answered in one call."""
    groups: dict[tuple[Any, ...], list[_Member[Any]]] = {}
    for member in asking:
        if member.question is not None:
            groups.setdefault(member.question.kind, []).append(member)
    return list(groups.values())


@torch.no_grad()
def _answer(network: StackedNetwork, weights: dict[str, Tensor], group: Sequence[_Member[Any]], members: int) -> None:
    questions = [member.question for member in group if member.question is not None]
    first = questions[0]
    if len(group) < members:
        rows = torch.tensor([member.row for member in group], device=first.inputs[0].device)
        weights = {name: value[rows] for name, value in weights.items()}
    inputs = [torch.stack(same) for same in zip(*(question.inputs for question in questions), strict=True)]
    on, dtype = first.precision
    with torch.autocast(first.inputs[0].device.type, dtype=dtype, enabled=on):
        outputs = network(weights, first.method, *inputs)
    for member, output in zip(group, outputs, strict=True):
        member.answer = output
