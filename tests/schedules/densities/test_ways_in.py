"""Densities from time forms, tables and points, against densities known in closed form."""

import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import schedules
from schedules import UserError, from_alphas_cumprod, from_betas, from_points, from_time
from schedules.densities.inverse import invert
from schedules.transforms import TRANSFORMS

SHARES = np.concatenate([10.0 ** -np.arange(1.0, 13), np.linspace(0.01, 0.99, 99), 1 - 10.0 ** -np.arange(1.0, 10)])


def test_time_form_of_the_cosine_schedule_is_a_hyperbolic_secant():
    density = from_time(
        lambda t: -2 * np.log(np.tan(np.pi * t / 2)), complement=lambda r: 2 * np.log(np.tan(np.pi * r / 2))
    )
    truth = stats.hypsecant(0, 2)
    at = np.linspace(-50, 50, 401)
    np.testing.assert_allclose(density.pdf(at), truth.pdf(at), rtol=1e-8)
    np.testing.assert_allclose(density.cdf(at), truth.cdf(at), atol=1e-11)
    np.testing.assert_allclose(density.sf(at), truth.cdf(-at), rtol=1e-8)
    np.testing.assert_allclose(density.ppf(density.cdf(at[at < 0])), at[at < 0], atol=1e-8)


def test_time_form_with_a_kink():
    """λ falls by 2 per unit up to t = 0.3 and by 10 after it: uniform with two levels."""
    density = from_time(lambda t: np.where(t < 0.3, -2 * t, -0.6 - 10 * (t - 0.3)), breaks=[0.3])
    np.testing.assert_allclose(density.pdf(np.array([-0.3, -0.59999, -0.60001, -5.0])), [0.5, 0.5, 0.1, 0.1], rtol=1e-6)
    np.testing.assert_allclose(density.cdf(np.array([-0.6, -7.6, 0.1, -9.0])), [0.7, 0.0, 1.0, 0.0], atol=1e-9)


@pytest.mark.parametrize("form", [lambda t: t, lambda t: 0 * t, lambda t: -1 / (t - 0.5)])
def test_time_forms_that_do_not_fall_are_refused(form):
    with pytest.raises(UserError, match="time form"):
        from_time(form)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (lambda t: 3.0, r"returned one value for t of shape \(241,\); expected a λ for each t"),
        (lambda t: -math.log(t / (1 - t)), r"raised TypeError: .*np\.log, not math\.log"),
        (lambda t: np.zeros(3), r"returned shape \(3,\)"),
        (lambda t: None, "of type object"),
        (lambda t: np.log(t / (1 - t)), r"rises \(-5 at t=0.006693, 5 at t=0.9933\).*give λ\(1 − t\)"),
        (lambda t: (t - 0.5) ** 2, r"rises from .* falls from t = 0 \(clean\) to t = 1 \(noise\)"),
        (lambda t: 0 * t + 2, "is 2 for every t; expected λ that falls"),
        (lambda t: np.where(t > 0.5, np.nan, -t), "is nan at t=0.5.*finite"),
    ],
)
def test_a_time_form_that_cannot_be_says_what_was_expected(form, words):
    with pytest.raises(UserError, match=words) as caught:
        from_time(form)
    assert "\n" not in str(caught.value)


def test_the_other_end_of_a_time_form_is_looked_at_too():
    with pytest.raises(UserError, match=r"time form complement\(1 − t\) returned one value for 1 − t of shape"):
        from_time(lambda t: -t, complement=lambda rest: 0.0)


@given(st.integers(5, 400), st.floats(1e-5, 1e-3), st.floats(0.005, 0.2))
@settings(max_examples=40, deadline=None)
def test_a_table_is_exact_at_its_own_timesteps(steps, first, last):
    betas = np.linspace(first, last, steps)
    signal = np.cumprod(1 - betas)
    density = from_betas(betas)
    t = np.arange(1, steps + 1) / steps
    np.testing.assert_allclose(density.isf(t), np.log(signal / (1 - signal)), rtol=1e-9, atol=1e-9)
    inside = (np.arange(0, 64) + 0.5) / 64
    np.testing.assert_allclose(density.sf(density.isf(inside)), inside, atol=1e-10)


def test_a_table_integrates_to_one_piece_by_piece():
    density = from_alphas_cumprod([0.9, 0.5, 0.2, 0.0])
    edges = density.isf(np.array([0.999, 0.76, 0.75, 0.6, 0.5, 0.3, 0.25, 0.1, 1e-4]))
    for low, high in pairwise(edges):
        mass = integrate.quad(lambda x: float(density.pdf(np.array(x))), low, high, epsabs=1e-12)[0]
        assert mass == pytest.approx(float(density.cdf(high) - density.cdf(low)), abs=1e-9)
    assert density.isf(np.array(0.5)) == pytest.approx(0.0)
    assert np.all(np.isfinite(density.ppf(10.0 ** -np.arange(1.0, 13))))


@pytest.mark.parametrize("bad", [[0.5], [0.5, 0.6], [0.9, np.nan], [1.1, 0.5], [0.5, 0.0, 0.0], [[0.9, 0.5]]])
def test_tables_that_are_none_are_refused(bad):
    with pytest.raises(UserError):
        from_alphas_cumprod(bad)


def test_points_of_a_triangle_and_of_a_normal():
    at = np.linspace(-8, 8, 1601)
    density = from_points(at, 17.0 * stats.norm.pdf(at))
    np.testing.assert_allclose(density.pdf(at), stats.norm.pdf(at), atol=1e-6)
    inner = SHARES[(SHARES > 1e-9) & (SHARES < 1 - 1e-9)]
    np.testing.assert_allclose(density.ppf(inner), stats.norm.ppf(inner), atol=2e-3)
    np.testing.assert_allclose(density.cdf(density.ppf(inner)), inner, rtol=1e-6)
    assert density.ppf(np.array([0.0, 1.0])) == pytest.approx([-8, 8])


@pytest.mark.parametrize(
    ("x", "y"),
    [([0.0], [1.0]), ([0, 0], [1, 1]), ([0, 1], [-1, 1]), ([0, 1], [0, 0]), ([0, 1], [1, np.inf]), ([0, 1], [1])],
)
def test_points_that_are_no_density_are_refused(x, y):
    with pytest.raises(UserError, match="points"):
        from_points(x, y)


def test_inverse_meets_its_tolerance_between_the_nodes():
    inverse = invert(lambda x: (x + 0.9 * np.sin(x), 1 + 0.9 * np.cos(x)), np.linspace(-20, 20, 9), tolerance=1e-9)
    x = np.random.default_rng(0).uniform(-20, 20, 20_000)
    assert np.max(np.abs(inverse(x + 0.9 * np.sin(x)) - x)) < 2e-8
    assert np.all(np.diff(inverse(np.linspace(-20, 20, 100_001))) >= 0)


def test_the_ways_that_the_rooms_page_shows_are_densities_and_all_there_are(capsys):
    page = (Path(__file__).parents[3] / "schedules" / "README.md").read_text(encoding="utf8")
    words, in_python = (
        page.split("## Ways to build a density")[1].split("## A schedule of your own")[0].split("**In Python**")
    )
    (block,) = re.findall(r"```python\n(.*?)```", in_python, re.DOTALL)
    imports, ways = block.split("\n\n")
    place: dict = {}
    exec(imports, place)
    for way in ways.splitlines():
        density = eval(way, place)
        np.testing.assert_allclose(density.cdf(density.ppf(SHARES[12:111])), SHARES[12:111], atol=1e-9, err_msg=way)
    faces = {name for name in schedules.__all__ if name.startswith("from_")}
    assert set(re.findall(r"schedules\.(from_\w+)", in_python)) == faces
    named = {name for text in re.findall(r"`([^`]+)`", words) for name in re.findall(r"(?:^|\|)(\w+)(?::|$)", text)}
    assert set(TRANSFORMS.names()) <= named
    specs = [text.replace("\\|", "|") for text in re.findall(r"\| `((?:laplace|preset|mixture)[^`]*)`", words)]
    specs += re.findall(r"`(cosine[^`]*)`", words.replace("\\|", "|"))
    assert len(specs) == 6
    for spec in specs:
        assert schedules.parse(spec.replace("@tuned", "")).spec
