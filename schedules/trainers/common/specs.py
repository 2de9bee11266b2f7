"""Specs of what trainers draw, also where a family's own parameters do not reach."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schedules.schedule import info
from schedules.spaces import text


def call(name: str, **params: float) -> str:
    """`name:key=value,…`."""
    return f"{name}:{','.join(f'{key}={text(value)}' for key, value in params.items())}" if params else name


def logit_normal(m: float, s: float) -> str:
    """logit t ~ N(m, s²), λ ~ N(−2m, (2s)²), for any m and s > 0."""
    ranges = info("logit_normal").ranges
    inner = {key: value for key, value in (("m", m), ("s", s)) if ranges[key].low <= value <= ranges[key].high}
    inner = {key: value for key, value in inner.items() if value != info("logit_normal").params[key]}
    steps = [call("logit_normal", **inner)]
    if not ranges["s"].low <= s <= ranges["s"].high:
        steps = ["logit_normal", call("scale", by=s)]
        inner = {}
    if m != 0 and "m" not in inner:
        steps.append(call("flux_shift", mu=m))
    return "|".join(steps)


def edm(name: str, p_mean: float, p_std: float, sigma_data: float) -> str:
    """ln σ ~ N(P_mean, P_std²) for data of standard deviation σ_d, by EDM's or EDM2's own parameters if they reach."""
    ranges = info(name).ranges
    params = {"p_mean": p_mean, "p_std": p_std, "sigma_data": sigma_data}
    if all(ranges[key].low <= value <= ranges[key].high for key, value in params.items()):
        defaults = info(name).params
        return call(name, **{key: value for key, value in params.items() if value != defaults[key]})
    return logit_normal(p_mean - math.log(sigma_data), p_std)


def beta(a: float, b: float) -> str:
    """Flow time t ~ Beta(a, b), a > b nearer to noise."""
    ranges = info("flow_beta").ranges
    if (a, b) == (1, 1):
        return "flow_uniform"
    if ranges["a"].low <= a <= ranges["a"].high and ranges["b"].low <= b <= ranges["b"].high:
        return call("flow_beta", a=a, b=b, s=1.0)
    return f"flow_uniform|{call('retime', a=a, b=b)}"


def shifted(spec: str, a: float) -> str:
    """A spec with t' = at/(1 + (a − 1)t) after it."""
    return spec if a == 1 else f"{spec}|{call('shift', a=a)}"


def by_mu(spec: str, mu: float) -> str:
    """A spec with the same shift by μ = ln a after it."""
    return spec if mu == 0 else f"{spec}|{call('flux_shift', mu=mu)}"


def window(spec: str, low: float, high: float) -> str:
    """A spec of flow time squeezed: t' = low + (high − low)·t after it."""
    return spec if (low, high) == (0, 1) else f"{spec}|{call('flow_window', low=low, high=high)}"


def within(spec: str, low: float, high: float) -> str:
    """A spec with the flow times outside [low, high] drawn again."""
    ends = {} if high == 1 else {"low": 2.0 * math.log((1.0 - high) / high)}
    ends |= {} if low == 0 else {"high": 2.0 * math.log((1.0 - low) / low)}
    return f"{spec}|{call('truncate', **ends)}" if ends else spec


@dataclass(frozen=True)
class Line:
    """μ on the line through (start, first) and (end, last), in tokens; FLUX.1's where nothing is said."""

    first: float = 0.5
    last: float = 1.15
    start: int = 256
    end: int = 4096

    def mu(self, tokens: float) -> float:
        """μ at a number of tokens, to twelve digits, so that it reads as it was meant."""
        return round(self.first + (self.last - self.first) * (tokens - self.start) / (self.end - self.start), 12)
