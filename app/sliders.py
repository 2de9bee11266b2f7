"""A widget for each parameter of a schedule, made from its Optuna search space."""

from __future__ import annotations

from math import floor, log10
from typing import Any, cast

import numpy as np
import streamlit as st
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from app.text import plain
from schedules.spaces import Value, describe, text

STEPS = 120
"""Positions of a slider, about: finer than a picture shows."""


def parameter(name: str, space: BaseDistribution, key: str, exact: Value) -> Value:
    """Draw the widget and return the value that it stands at.

    exact: a value that must be among the positions, such as one that came with a link; `key` is set to it beforehand
    """
    label, about = plain(name), plain(describe(space))
    if isinstance(space, CategoricalDistribution):
        return cast(Value, st.selectbox(label, list(space.choices), key=key, help=about))
    if not isinstance(space, FloatDistribution | IntDistribution):
        st.markdown(f"{label} = {plain(text(exact))}")
        return exact
    if space.log:
        stop: Value = st.select_slider(label, positions(space, exact), format_func=text, key=key, help=about)
        return stop
    step = space.step or pitch(space.low, space.high)
    if isinstance(space, IntDistribution):
        return int(st.slider(label, space.low, space.high, step=max(1, round(step)), key=key, help=about))
    decimals = max(0, -floor(log10(step)))
    value = float(st.slider(label, space.low, space.high, step=step, format=f"%.{decimals}f", key=key, help=about))
    return value if value == exact else round(value, decimals)


def positions(space: FloatDistribution | IntDistribution, exact: Value) -> list[Value]:
    """Values of equal ratio over a logarithmic space, to three digits; both ends and the exact one among them."""
    spread = np.geomspace(space.low, space.high, STEPS)
    inside = {_three_digits(value) for value in spread}
    kind: Any = int if isinstance(space, IntDistribution) else float
    values = {kind(value) for value in inside if space.low <= kind(value) <= space.high}
    return sorted({*values, kind(space.low), kind(space.high), kind(exact)})


def pitch(low: float, high: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides a range into about `STEPS`."""
    raw = (high - low) / STEPS
    power = 10.0 ** floor(log10(raw))
    nearest = min((1, 2, 5, 10), key=lambda factor: abs(log10(factor * power / raw)))
    return round(nearest * power, 12)


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
