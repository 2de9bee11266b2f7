"""A weighting with its name, parameters and canonical spec; and the registry that makes it.

A weighting that learns is registered as a function of its parameters alone, without `logsnr`, that returns a
`LearnedWeighting`; each `Weighting` has one of its own.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from schedules import grammar
from schedules.densities.density import Array
from schedules.errors import UserError
from schedules.grammar import Argument, Call, Mixture
from schedules.registry import Info, Registry
from schedules.schedule import Schedule
from schedules.schedule import create as create_schedule
from schedules.spaces import Value
from schedules.user_code.guarded_calls import foreign_values, made_by
from schedules.user_code.source_files import behind
from schedules.weightings.targets import ERRORS, error_of

WEIGHTINGS = Registry("weighting", builtins="schedules.weightings.builtin", context=("logsnr", "target", "schedule"))
register = WEIGHTINGS.register


@runtime_checkable
class LearnedWeighting(Protocol):
    """A weighting that changes while training; a schedule that learns has the same three methods.

    >>> from schedules import weightings
    >>> weightings.parse("loss_average").learns
    True
    """

    def __call__(self, logsnr: Array, target: str, schedule: Schedule, /) -> Array:
        """ω(λ) as learned so far, the shape of λ."""

    def update(self, logsnr: Array, loss: Array, /) -> None:
        """Learn from draws λ and their squared ε-errors, both (n,), in the order in which they were drawn."""

    def state_dict(self) -> dict[str, Any]:
        """What was learned, as arrays and numbers."""

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Put back what `state_dict` returned."""


class Weighting:
    """A weighting ω(λ) on the ε-space squared error; immutable, unless it learns.

    >>> import schedules
    >>> from schedules import weightings
    >>> min_snr = weightings.parse("min_snr:gamma=5")
    >>> min_snr([2.0, -2.0], "v", schedules.parse("cosine")).round(3)  # min(e^λ, γ) / e^λ
    array([0.677, 1.   ])
    """

    def __init__(self, info: Info, params: Mapping[str, Value]) -> None:
        self.info = info
        self._learned = None if "logsnr" in info.context else _learned(info, params)
        self.params = dict(params)
        changed = (Argument(key, value) for key, value in params.items() if value != info.params[key])
        self.spec = grammar.write(grammar.Spec(Call(info.name, tuple(changed))))

    @property
    def name(self) -> str:
        """The registered name."""
        return self.info.name

    @property
    def source_hash(self) -> str:
        """SHA-256 of the file that defines the weighting."""
        return self.info.source_hash

    def __call__(self, logsnr: ArrayLike, target: str, schedule: Schedule) -> Array:
        """ω(λ).

        logsnr:   λ, any shape
        target:   prediction target, one of eps, x0, v, flow, edm
        schedule: what λ is drawn from
        UserError: unknown target; the weighting returned another shape, a negative number or NaN
        """
        target = error_of(target)
        at = np.asarray(logsnr, dtype=np.float64)
        available = {"logsnr": at, "target": target, "schedule": schedule}
        if self._learned is not None:
            with foreign_values():
                value = np.asarray(self._learned(at, target, schedule), dtype=np.float64)
        else:
            context = {key: available[key] for key in self.info.context}
            with foreign_values():
                value = np.asarray(self.info.function(**context, **self.params), dtype=np.float64)
        if value.shape != at.shape:
            raise UserError(f"weighting {self.spec!r}: expected shape {at.shape}, got {value.shape}")
        if np.any(np.isnan(value)) or np.any(value < 0):
            worst = float(at[np.isnan(value) | (value < 0)].flat[0])
            raise UserError(f"weighting {self.spec!r}: is negative or not a number at λ={worst:g}")
        return value

    @property
    def learns(self) -> bool:
        """Whether ω changes while training, through `update`."""
        return self._learned is not None

    def update(self, logsnr: ArrayLike, loss: ArrayLike) -> None:
        """Tell a weighting that learns what was measured since the last call.

        logsnr: λ drawn, shape (n,)
        loss:   squared ε-error of each sample, mean over its elements, shape (n,), without any weight
        UserError: the weighting doesn't learn.
        """
        if self._learned is None:
            raise UserError(f"weighting {self.spec!r} does not learn")
        self._learned.update(np.asarray(logsnr, dtype=np.float64), np.asarray(loss, dtype=np.float64))

    def state_dict(self) -> dict[str, Any]:
        """What a weighting that learns has learned, as arrays and numbers; empty for the others."""
        return {} if self._learned is None else dict(self._learned.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put a state back that `state_dict` returned."""
        if self._learned is not None:
            self._learned.load_state_dict(state)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Short hash of ω itself, for every error, at 41 λ in [−20, 20] to 9 digits; `cosine` stands in for p.

        A weighting that learns has no one ω and goes by spec and the source of its rule.
        """
        if self._learned is not None:
            text = f"{self.spec} {self.source_hash} {behind(self._learned)}"
            return hashlib.sha256(text.encode()).hexdigest()[:16]
        at = np.linspace(-20.0, 20.0, 41)
        cosine = create_schedule("cosine")
        digits = " ".join(f"{value:.9g}" for target in ERRORS for value in self(at, target, cosine))
        return hashlib.sha256(digits.encode()).hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Weighting) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash(self.spec)

    def __reduce__(self) -> tuple[Callable[[str], Weighting], tuple[str]]:
        return parse, (self.spec,)

    def __repr__(self) -> str:
        return f"Weighting({self.spec!r})"


def _learned(info: Info, params: Mapping[str, Value]) -> LearnedWeighting:
    if info.context:
        raise UserError(f"weighting {info.name!r} takes {', '.join(info.context)} but not logsnr")
    rule = made_by(f"weighting {info.name!r}", lambda: info.function(**params))
    if not isinstance(rule, LearnedWeighting):
        raise UserError(
            f"weighting {info.name!r} takes no logsnr, so it must return an object that learns (callable, with update, "
            f"state_dict and load_state_dict); got {type(rule).__name__}"
        )
    return rule


def create(name: str, **params: Any) -> Weighting:
    """The weighting of a registered name. UserError: unknown name or parameter, value out of its space.

    >>> from schedules import weightings
    >>> weightings.create("min_snr", gamma=3).spec
    'min_snr:gamma=3'
    """
    return Weighting(WEIGHTINGS.info(name), WEIGHTINGS.bind(name, params))


def parse(spec: str) -> Weighting:
    """The weighting of a spec `name:key=value,…`. UserError names what is wrong and the column.

    >>> from schedules import weightings
    >>> weightings.parse("min_snr:gamma=3").params
    {'gamma': 3.0}
    """
    tree = grammar.read(spec)
    if isinstance(tree.source, Mixture) or tree.transforms or tree.tuned:
        raise UserError(f"weighting {spec!r}: expected name:parameter=value,… without '|', '@' or mixture")
    bound = WEIGHTINGS.bind_call(tree.source, spec)
    return Weighting(WEIGHTINGS.info(tree.source.name), bound)


def names() -> list[str]:
    """Every registered weighting, sorted.

    >>> from schedules import weightings
    >>> "min_snr" in weightings.names()
    True
    """
    return WEIGHTINGS.names()


def info(name: str) -> Info:
    """What is known of a weighting. UserError: unknown name.

    >>> from schedules import weightings
    >>> weightings.info("min_snr").paper
    'arXiv:2303.09556'
    """
    return WEIGHTINGS.info(name)
