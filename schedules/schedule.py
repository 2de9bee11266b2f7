"""A schedule: a density over λ with its name, parameters and canonical spec; and the registry that makes it.

Two ways of writing the same entry give the same canonical spec: parameters that equal their default are left out, the
rest stand in the order of the function's signature, transforms that change nothing are dropped, and the parts of a
mixture are sorted, merged and weighted to sum 1. Equality, hash and pickle go by the canonical spec.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from schedules import grammar
from schedules.densities.density import Array, Density, log_density, survival, upper_quantile
from schedules.errors import UserError, unknown, whole_number
from schedules.grammar import Argument, Call, Mixture, Spec
from schedules.presets import PRESETS
from schedules.registry import Info, Registry
from schedules.spaces import Value
from schedules.transforms import TRANSFORMS
from schedules.user_code.guarded_calls import foreign_values, made_by
from schedules.user_code.source_files import behind

SCHEDULES = Registry("schedule", builtins="schedules.builtin")
register = SCHEDULES.register

LEAST_SHARE = 1e-9  # of a part in a mixture; the canonical text has twelve decimals


class Schedule:
    """An immutable noise schedule: the density p(λ), with its name, its parameters and the spec that makes it again.

    λ = ln(α²/σ²) in nats, of data with unit variance; t in [0, 1], 0 clean and 1 noise. Every method takes numbers or
    arrays of any shape and returns float64 of that shape. `create` and `parse` make one.

        >>> import schedules
        >>> laplace = schedules.parse("laplace:scale=0.5|shift:a=2")
        >>> laplace.spec, laplace.params
        ('laplace|shift:a=2', {'loc': 0.0, 'scale': 0.5})
        >>> laplace.logsnr([0.25, 0.5, 0.75]).round(3).tolist()
        [-1.04, -1.386, -1.733]
        >>> laplace.time(laplace.logsnr([0.25, 0.5])).round(12).tolist()
        [0.25, 0.5]
    """

    def __init__(self, spec: Spec, density: Density, info: Info, sources: tuple[str, ...]) -> None:
        self._tree = spec
        self._density = density
        self._sources = sources
        self.info = info
        self.spec = grammar.write(spec)

    @property
    def name(self) -> str:
        """The registered name of the family, without parameters and transforms; "mixture" for a mixture."""
        return self.info.name

    @property
    def density(self) -> Density:
        """The distribution itself, as the plugin made it and transforms changed it."""
        return self._density

    @property
    def params(self) -> dict[str, Value]:
        """All parameters of the family, defaults included; empty for presets and mixtures."""
        source = self._tree.source
        arguments = {argument.key: argument.value for argument in source.arguments} if isinstance(source, Call) else {}
        return {key: arguments.get(key, default) for key, default in self.info.params.items()}

    def pdf(self, logsnr: ArrayLike) -> Array:
        """p(λ), per nat."""
        with foreign_values():
            return np.asarray(self._density.pdf(_float64(logsnr)), dtype=np.float64)

    def logpdf(self, logsnr: ArrayLike) -> Array:
        """ln p(λ); −∞ outside the support."""
        with foreign_values():
            return log_density(self._density, _float64(logsnr))

    def cdf(self, logsnr: ArrayLike) -> Array:
        """P(λ' ≤ λ)."""
        with foreign_values():
            return np.asarray(self._density.cdf(_float64(logsnr)), dtype=np.float64)

    def ppf(self, q: ArrayLike) -> Array:
        """Q(q): λ at a share q in [0, 1] of the mass from below."""
        with foreign_values():
            return np.asarray(self._density.ppf(_float64(q)), dtype=np.float64)

    def logsnr(self, t: ArrayLike) -> Array:
        """λ(t) = Q(1 − t): t = 0 clean, t = 1 noise."""
        with foreign_values():
            return upper_quantile(self._density, _float64(t))

    def time(self, logsnr: ArrayLike) -> Array:
        """t(λ) = 1 − cdf(λ), the inverse of `logsnr`."""
        with foreign_values():
            return survival(self._density, _float64(logsnr))

    def sample(self, n: int, seed: int | np.random.Generator | None = None) -> Array:
        """Draw λ as training does, one in each of n equal shares of probability: λᵢ = Q((i + uᵢ)/n), uᵢ ~ U(0, 1).

        n:    number of draws, at least 0
        seed: of the draws, or a NumPy generator; None draws anew each time

        Returns (n,) float64 in nats of log SNR, in random order. UserError for what is no number of draws, or no seed.

            >>> import schedules
            >>> schedules.create("laplace").sample(4, seed=0).shape
            (4,)
        """
        n = whole_number("n", n)
        if not isinstance(seed, np.random.Generator | None):
            seed = whole_number("seed", seed)
        rng = np.random.default_rng(seed)
        return self.ppf((rng.permutation(n) + rng.random(n)) / max(n, 1))

    @property
    def learns(self) -> bool:
        """Whether the density changes while training, through `update`."""
        # A plugin may return another Schedule, such as a mixture, which has `update` whether it learns or not.
        return callable(getattr(self._density, "update", None)) and bool(getattr(self._density, "learns", True))

    def update(self, logsnr: ArrayLike, loss: ArrayLike) -> None:
        """Tell a schedule that learns what was measured since the last call.

        logsnr: λ drawn, shape (n,)
        loss:   squared ε-error of each sample, mean over its elements, shape (n,)
        UserError: the schedule doesn't learn.
        """
        if not self.learns:
            raise UserError(f"schedule {self.spec!r} does not learn")
        self._density.update(_float64(logsnr), _float64(loss))  # type: ignore[attr-defined]

    def importance(self, logsnr: ArrayLike) -> Array:
        """Factor on the loss that a schedule which learns asks for, to keep the objective it started with; else 1."""
        own = getattr(self._density, "importance", None)
        at = _float64(logsnr)
        return np.asarray(own(at), dtype=np.float64) if own else np.ones(at.shape)

    def state_dict(self) -> dict[str, Any]:
        """What a schedule that learns has learned, as arrays and numbers; empty for the others."""
        return dict(self._density.state_dict()) if self.learns else {}  # type: ignore[attr-defined]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put a state back that `state_dict` returned."""
        if self.learns:
            self._density.load_state_dict(state)  # type: ignore[attr-defined]

    @functools.cached_property
    def source_hash(self) -> str:
        """SHA-256 over the source files that define the schedule; one file's own hash for a plain entry."""
        if len(self._sources) == 1:
            return self._sources[0]
        return hashlib.sha256("".join(self._sources).encode()).hexdigest()

    @functools.cached_property
    def fingerprint(self) -> str:
        """Short hash of the density itself, whatever its name: Q at 33 shares, to 9 digits.

        Comments and refactoring leave it alone. A schedule that learns has no one density and goes by spec and the
        source of its rule.
        """
        if self.learns:
            return hashlib.sha256(f"{self.spec} {self.source_hash} {behind(self._density)}".encode()).hexdigest()[:16]
        shares = 1.0 / (1.0 + np.exp(-np.linspace(-14.0, 14.0, 33)))
        digits = " ".join(f"{value:.9g}" for value in np.round(self.ppf(shares), 9) + 0.0)
        return hashlib.sha256(digits.encode()).hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash(self.spec)

    def __reduce__(self) -> tuple[Callable[[str], Schedule], tuple[str]]:
        return parse, (self.spec,)

    def __repr__(self) -> str:
        return f"Schedule({self.spec!r})"


def create(name: str, **params: Any) -> Schedule:
    """The schedule of a registered name or preset, with the given parameters and the defaults of the others.

    name:   one of `names()`
    params: in the units that the family's documentation says; `info(name).ranges` has where they may lie
    UserError: unknown name or parameter, value out of its space, bad plugin.

        >>> import schedules
        >>> schedules.create("laplace", scale=0.7)
        Schedule('laplace:scale=0.7')
    """
    if name not in PRESETS and name not in SCHEDULES:
        if isinstance(name, str) and any(mark in name for mark in ":|@("):
            raise UserError(f"create takes a name and parameters; parse() reads the spec {name!r}")
        raise unknown("schedule", str(name), names())
    if name in PRESETS and params:
        raise UserError(f"preset {name!r} has no parameters; it stands for {PRESETS[name].spec!r}")
    bound = {} if name in PRESETS else SCHEDULES.bind(name, params)
    return _build(Spec(Call(name, tuple(Argument(key, value) for key, value in bound.items()))), name)


def parse(spec: str) -> Schedule:
    """The schedule of a spec: a name with parameters, or a mixture, then transforms; grammar in `schedules.grammar`.

    UserError names what is wrong and the column.

        >>> import schedules
        >>> schedules.parse("laplace:scale=0.5,loc=1 | shift:a=3")  # equal specs are written alike
        Schedule('laplace:loc=1|shift:a=3')
    """
    return _build(grammar.read(spec), spec)


def names() -> list[str]:
    """Every registered schedule and preset, sorted.

    >>> import schedules
    >>> {"cosine", "laplace", "preset/edm2-img512"} <= set(schedules.names())
    True
    """
    return sorted([*SCHEDULES.names(), *PRESETS])


def info(name: str) -> Info:
    """What is known of a schedule or preset. UserError: unknown name.

    >>> import schedules
    >>> schedules.info("preset/edm2-img512").spec
    'edm2:sigma_data=0.5'
    """
    if name in PRESETS:
        return PRESETS[name]
    if name in SCHEDULES:
        return SCHEDULES.info(name)
    raise unknown("schedule", name, names())


def _build(tree: Spec, source: str) -> Schedule:
    """Tree → schedule with its canonical tree; `source` is the text that a mistake is reported in."""
    if tree.tuned:
        raise UserError(f"spec {source!r}: no tuned parameters are known; give the parameters themselves")
    if isinstance(tree.source, Mixture):
        base = _build_mixture(tree.source, source)
    else:
        base = _build_entry(tree.source, source)
    density, sources = base._density, base._sources
    transforms = list(base._tree.transforms)
    for call in tree.transforms:
        bound = TRANSFORMS.bind_call(call, source)
        canonical = _canonical(call.name, bound, TRANSFORMS.info(call.name))
        changes = bool(canonical.arguments) or not bound  # one without parameters has no default that is the identity
        if changes and base.learns:
            raise grammar.error(source, call.column, f"{base.spec} learns while training; it takes no transforms")
        if changes:
            density = _at(source, call.column, TRANSFORMS.info(call.name).function, density, **bound)
            sources = (*sources, TRANSFORMS.info(call.name).source_hash)
            transforms.append(canonical)
    return Schedule(replace(base._tree, transforms=tuple(transforms)), density, base.info, sources)


def _build_entry(call: Call, source: str) -> Schedule:
    if call.name in PRESETS:
        preset = PRESETS[call.name]
        if call.arguments:
            problem = f"preset {call.name} has no parameters; it stands for {preset.spec!r}"
            raise grammar.error(source, call.arguments[0].column, problem)
        stood_for = parse(preset.spec)
        return Schedule(Spec(Call(call.name)), stood_for._density, preset, stood_for._sources)
    if call.name not in SCHEDULES:
        if call.name in TRANSFORMS:
            problem = f"{call.name} is a transform; it goes after a schedule and a '|'"
            raise grammar.error(source, call.column, problem)
        raise grammar.error(source, call.column, str(unknown("schedule", call.name, names())))
    family = SCHEDULES.info(call.name)
    bound = SCHEDULES.bind_call(call, source)
    density = _at(source, call.column, family.function, **bound)
    if not isinstance(density, Density):
        raise UserError(
            f"schedule {call.name!r} must return a distribution with pdf, cdf and ppf; got {type(density).__name__}"
        )
    return Schedule(Spec(_canonical(call.name, bound, family)), density, family, (family.source_hash,))


def _build_mixture(tree: Mixture, source: str) -> Schedule:
    from schedules.transforms.mixture import mixture

    weights: dict[str, float] = {}
    parts: dict[str, Schedule] = {}
    for part, weight in tree.parts:
        schedule = _build(part, source)
        if schedule.learns:
            raise UserError(f"spec {source!r}: {schedule.spec} learns while training and can't be part of a mixture")
        parts[schedule.spec] = schedule
        weights[schedule.spec] = weights.get(schedule.spec, 0.0) + weight
    if len(parts) == 1:
        return next(iter(parts.values()))
    total = sum(weights.values())
    lost = [key for key, weight in weights.items() if weight / total < LEAST_SHARE]
    if lost or not math.isfinite(total):
        which = f"the weight of {lost[0]!r} is" if math.isfinite(total) else "a weight is"
        raise UserError(f"spec {source!r}: {which} out of proportion; expected shares of at least {LEAST_SHARE:g}")
    # Rounded so that reading the canonical text again doesn't move the last digit of a weight.
    exact = abs(total - 1.0) < 1e-9
    ordered = [(parts[key], weights[key] if exact else round(weights[key] / total, 12)) for key in sorted(parts)]
    density = mixture([(schedule._density, weight) for schedule, weight in ordered])
    family = Info(grammar.MIXTURE, mixture, {}, {}, doc="Mixture of schedules.", origin="builtin")
    sources = tuple(digest for schedule, _ in ordered for digest in schedule._sources)
    return Schedule(
        Spec(Mixture(tuple((schedule._tree, weight) for schedule, weight in ordered))), density, family, sources
    )


def _canonical(name: str, bound: Mapping[str, Value], family: Info) -> Call:
    return Call(name, tuple(Argument(key, value) for key, value in bound.items() if value != family.params[key]))


def _at(source: str, column: int, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """function(…), its failure reported as a mistake in the spec: a plugin's own exceptions included."""

    def make() -> Any:
        try:
            return function(*args, **kwargs)
        except UserError as problem:
            raise grammar.error(source, column, str(problem)) if column else problem from None

    return made_by(f"spec {source!r}: {getattr(function, '__name__', 'function')}", make)


def _float64(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64)
