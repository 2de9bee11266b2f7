"""The known metrics: a file of `harness.metrics.builtin` registers its own by being there."""

from __future__ import annotations

import importlib
import pkgutil

from harness.metrics import builtin
from harness.metrics.metric import METRICS

__all__ = ["METRICS"]

for _file in sorted(module.name for module in pkgutil.iter_modules(builtin.__path__)):
    importlib.import_module(f"{builtin.__name__}.{_file}")
