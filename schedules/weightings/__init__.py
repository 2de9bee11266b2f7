"""Loss weightings ω(λ): the factor on the ε-space squared error, registered by name like schedules.

A weighting is a function of `logsnr` (λ, float64 array) and its parameters; it may also ask for `target` (the
prediction target whose error it is: `edm` is told as `v`, which has the same) or `schedule` (the density that λ is
drawn from). One that learns while training is a function of its parameters alone that returns a `LearnedWeighting`.

    w = weightings.create("min_snr", gamma=5)          # or weightings.parse("min_snr:gamma=5")
    w(λ, target="v", schedule=s)                       # float64, the shape of λ
"""

from __future__ import annotations

from schedules.weightings.conformance import check, validate
from schedules.weightings.targets import ERRORS, TARGETS, error_of, target_factor
from schedules.weightings.weighting import WEIGHTINGS, LearnedWeighting, Weighting, create, info, names, parse, register

__all__ = [
    "ERRORS",
    "TARGETS",
    "WEIGHTINGS",
    "LearnedWeighting",
    "Weighting",
    "check",
    "create",
    "error_of",
    "info",
    "names",
    "parse",
    "register",
    "target_factor",
    "validate",
]
