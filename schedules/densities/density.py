"""What a schedule's function returns: a continuous distribution over λ.

SciPy's frozen distributions satisfy `Density` as they are. `Continuous` is the base of our own: a subclass writes
`pdf`, `cdf` and `ppf`, and overrides the upper-tail pair where 1 − cdf would lose digits.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@runtime_checkable
class Density(Protocol):
    """A continuous distribution over λ; each method maps float64 arrays of any shape to arrays of that shape.

    What a schedule's function returns, `sf`, `isf` and `logpdf` beside these three where it has them. SciPy's frozen
    continuous distributions are such.

        >>> from scipy import stats
        >>> from schedules import Density
        >>> isinstance(stats.laplace(0, 0.5), Density)
        True
    """

    def pdf(self, x: Any, /) -> Any:
        """p(x), per nat of log SNR."""

    def cdf(self, x: Any, /) -> Any:
        """P(λ ≤ x)."""

    def ppf(self, q: Any, /) -> Any:
        """Q(q), the λ below which a share q of the mass lies."""


class Continuous:
    """Base of the densities defined here: upper tails and logarithm follow from pdf, cdf and ppf."""

    def pdf(self, x: Array) -> Array:
        """p(x), per nat of log SNR."""
        raise NotImplementedError

    def cdf(self, x: Array) -> Array:
        """P(λ ≤ x)."""
        raise NotImplementedError

    def ppf(self, q: Array) -> Array:
        """Q(q), the λ below which a share q of the mass lies."""
        raise NotImplementedError

    def sf(self, x: Array) -> Array:
        """P(λ > x) = 1 − cdf(x)."""
        return 1.0 - self.cdf(x)

    def isf(self, q: Array) -> Array:
        """The λ above which a share q of the mass lies: Q(1 − q)."""
        return self.ppf(1.0 - np.asarray(q))

    def logpdf(self, x: Array) -> Array:
        """ln p(x); −∞ outside the support."""
        with np.errstate(divide="ignore"):
            return np.log(self.pdf(x))


def survival(density: Density, x: Array) -> Array:
    """P(λ > x), through the density's own `sf` where it has one."""
    own = getattr(density, "sf", None)
    return np.asarray(own(x) if own else 1.0 - np.asarray(density.cdf(x)), dtype=np.float64)


def upper_quantile(density: Density, q: Array) -> Array:
    """Q(1 − q), through the density's own `isf` where it has one."""
    own = getattr(density, "isf", None)
    return np.asarray(own(q) if own else density.ppf(1.0 - np.asarray(q)), dtype=np.float64)


def log_density(density: Density, x: Array) -> Array:
    """ln p(x), through the density's own `logpdf` where it has one."""
    own = getattr(density, "logpdf", None)
    with np.errstate(divide="ignore"):
        return np.asarray(own(x) if own else np.log(density.pdf(x)), dtype=np.float64)
