"""The window of flow time against the density that follows from it, and against truncation, which it is not."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

import schedules
from schedules import UserError


def test_of_uniform_time_it_is_uniform_between():
    """t' uniform on [low, high]: the same as cutting a uniform time."""
    squeezed = schedules.parse("flow_uniform|flow_window:low=0.2,high=0.9")
    low, high = 2 * math.log(0.1 / 0.9), 2 * math.log(0.8 / 0.2)
    cut = schedules.parse(f"flow_uniform|truncate:low={low!r},high={high!r}")
    shares = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(squeezed.ppf(shares), cut.ppf(shares), atol=1e-9)


@pytest.mark.parametrize("window", ["low=0.1,high=0.8", "high=0.5", "low=0.3"])
def test_change_of_variables(window):
    density = schedules.parse(f"logit_normal:m=0.5,s=0.8|flow_window:{window}")
    assert schedules.check(density) == []
    ends = dict(part.split("=") for part in window.split(","))
    low, high = float(ends.get("low", 0)), float(ends.get("high", 1))
    logit_t = stats.norm(0.5, 0.8)
    for t in (0.31, 0.4, 0.49):
        inner = (t - low) / (high - low)
        if 0 < inner < 1:
            at = 2 * np.log((1 - t) / t)
            of_t = logit_t.pdf(np.log(inner / (1 - inner))) / (inner * (1 - inner)) / (high - low)
            assert density.pdf(at) == pytest.approx(0.5 * t * (1 - t) * of_t, rel=1e-12)
            assert density.time(at) == pytest.approx(logit_t.cdf(np.log(inner / (1 - inner))), rel=1e-12)
    whole, _ = integrate.quad(lambda x: float(density.pdf(x)), -30, 30, points=[-4, 0, 4], limit=200)
    assert whole == pytest.approx(1, abs=1e-7)


def test_nothing_by_default_and_no_empty_window():
    assert schedules.parse("laplace|flow_window").spec == "laplace"
    with pytest.raises(UserError, match="low below high"):
        schedules.parse("laplace|flow_window:low=0.5,high=0.5")
