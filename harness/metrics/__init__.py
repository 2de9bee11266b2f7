"""Metrics: one file each in `builtin`, found there; `metric` says what one is, `plugins` loads those of others."""

from harness.metrics.metric import Metric, register
from harness.metrics.registry import METRICS

__all__ = ["METRICS", "Metric", "register"]
