"""Transforms of densities, each a file: shift, scale, truncate, retime; and mixtures.

A transform is a function from a density and its parameters to a density. With its default parameters it changes
nothing, which is why a spec drops it then.
"""

from __future__ import annotations

from schedules.registry import Registry

TRANSFORMS = Registry("transform", builtins="schedules.transforms.builtin", context=("density",))
register = TRANSFORMS.register

__all__ = ["TRANSFORMS", "register"]
