"""A widget for each parameter of a schedule, made from its Optuna search space."""

from __future__ import annotations

from math import floor, log10
from typing import cast

import streamlit as st
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from app.charts.frame import round_step
from app.style.plain_text import plain
from schedules.spaces import Value, describe, text

STEPS = 120
"""Positions of a linear slider, at most: finer than a picture shows."""


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
    """Every value of two digits in a logarithmic space, both ends, and the exact one."""
    kind: type[int] | type[float] = int if isinstance(space, IntDistribution) else float
    powers = range(floor(log10(space.low)) - 1, floor(log10(space.high)) + 1)
    values = [float(f"{digits}e{power}") for power in powers for digits in range(10, 100)]
    inside = {kind(value) for value in values if space.low <= kind(value) <= space.high and kind(value) == value}
    return sorted({*inside, kind(space.low), kind(space.high), kind(exact)})


def pitch(low: float, high: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides a range into about `STEPS`."""
    return round(round_step((high - low) / STEPS), 12)
