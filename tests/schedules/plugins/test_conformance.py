"""Bad plugins of each kind fail, and are told why and where."""

import threading
import time

import numpy as np
import pytest
from optuna.distributions import FloatDistribution as Float
from scipy import stats

import schedules
from schedules import UserError, register
from schedules.densities.density import Continuous
from schedules.plugins import conformance
from schedules.schedule import SCHEDULES
from schedules.user_code import time_limit


class Changed(Continuous):
    """A standard normal with some methods replaced."""

    def __init__(self, **methods):
        self._methods = methods

    def __getattribute__(self, name):
        methods = object.__getattribute__(self, "_methods") if name != "_methods" else {}
        return methods.get(name) or object.__getattribute__(self, name)

    def pdf(self, x):
        return stats.norm.pdf(x)

    def cdf(self, x):
        return stats.norm.cdf(x)

    def ppf(self, q):
        return stats.norm.ppf(q)


def spin(q):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def noisy(q):
    return stats.norm.ppf(q) + 1e-7 * np.random.default_rng().normal()


BAD = {
    "integrates to 1": {"pdf": lambda x: 2 * stats.norm.pdf(x)},
    "ppf is monotone": {"ppf": lambda q: stats.norm.ppf(1 - np.asarray(q))},
    "ppf is finite": {"ppf": lambda q: np.where(np.asarray(q) > 1e-9, stats.norm.ppf(q), np.nan)},
    "pdf is a density": {"pdf": lambda x: np.where(np.abs(x) > 50, -1.0, stats.norm.pdf(x))},
    "cdf inverts ppf": {"cdf": lambda x: stats.norm.cdf(x, 0.01)},
    "time inverts logsnr": {"isf": lambda q: stats.norm.isf(q, 0.01)},
    "shapes": {"pdf": lambda x: np.float64(0.4)},
    "deterministic": {"ppf": noisy},
}


@pytest.fixture
def plugin():
    def make(**methods):
        register("bad_one")(lambda: Changed(**methods))
        return "bad_one"

    yield make
    SCHEDULES.remove("bad_one")


def test_nothing_but_nan_passes_nothing_that_is_about_numbers(plugin):
    nothing = {name: (lambda x: np.full(np.shape(x), np.nan)) for name in ("pdf", "cdf", "ppf", "sf", "isf")}
    failed = " ".join(schedules.check(plugin(**nothing)))
    for check in ("integrates to 1", "ppf is finite", "pdf is a density"):
        assert f": {check}: " in failed


def test_the_unchanged_density_passes(plugin):
    assert schedules.check(plugin()) == []


@pytest.mark.parametrize(
    ("spec", "learns"), [("mixture(laplace@0.7, cosine|shift:a=2@0.3)", False), ("adaptive_elbo", True)]
)
def test_a_plugin_may_return_another_schedule_and_learns_if_that_does(plugin, spec, learns):
    name = plugin()
    SCHEDULES.remove(name)
    register(name)(lambda: schedules.parse(spec))
    assert schedules.create(name).learns == learns
    assert schedules.check(name) == []


@pytest.mark.parametrize("name", BAD)
def test_each_kind_of_bad_density_fails_its_property(plugin, name):
    failures = schedules.check(plugin(**BAD[name]))
    assert any(line.startswith(f"bad_one: {name}: ") for line in failures)
    with pytest.raises(UserError, match="bad_one") as caught:
        schedules.validate(schedules.create("bad_one"))
    assert "\n" not in str(caught.value)


def test_a_pdf_that_lacks_a_sliver_of_its_mass_is_found(plugin):
    failures = schedules.check(
        plugin(pdf=lambda x: stats.norm.pdf(x) * np.where(np.abs(np.asarray(x) - 1) < 0.03, 0.9, 1))
    )
    assert len(failures) == 1
    assert "integrates to 1" in failures[0]
    assert "λ=" in failures[0]


def test_an_infinite_loop_is_stopped(plugin, monkeypatch):
    monkeypatch.setattr(conformance, "SECONDS", 0.1)
    name = plugin(ppf=spin)
    start = time.monotonic()
    failures = schedules.check(name)
    assert time.monotonic() - start < 10
    assert any("no answer within 0.1 s" in line for line in failures)
    with pytest.raises(UserError, match="no answer"):
        schedules.validate(schedules.create(name))


def test_an_infinite_loop_in_the_making_is_stopped(monkeypatch):
    monkeypatch.setattr(time_limit, "SECONDS", 0.1)

    @register("loops_at_corner", space={"scale": Float(0.0, 2.0)})
    def loops_at_corner(scale: float = 1.0):
        return stats.norm() if scale < 2 else spin(scale)

    try:
        assert any("loops_at_corner gave no answer within 0.1 s" in line for line in schedules.check("loops_at_corner"))
        with pytest.raises(UserError, match=r"loops_at_corner gave no answer within 0\.1 s"):
            schedules.check("loops_at_corner:scale=2")
    finally:
        SCHEDULES.remove("loops_at_corner")


def test_a_limit_inside_another_leaves_that_one_running():
    def limited_then_spinning():
        with time_limit.time_limit(0.1):
            pass
        spin(0)

    with pytest.raises(time_limit.TimeLimit), time_limit.time_limit(0.2):
        limited_then_spinning()


def test_a_corner_that_breaks_is_named_with_its_parameters():
    @register("breaks_at_corner", space={"scale": Float(0.0, 2.0)})
    def breaks_at_corner(scale: float = 1.0):
        return stats.norm(0.0, scale)

    try:
        assert any(line.startswith("breaks_at_corner:scale=0: ") for line in schedules.check("breaks_at_corner"))
        schedules.validate(schedules.create("breaks_at_corner"))
    finally:
        SCHEDULES.remove("breaks_at_corner")


def test_a_method_that_raises_is_a_failure(plugin):
    def refuse(x):
        raise RuntimeError("two\nlines")

    assert any("raised RuntimeError: two lines" in line for line in schedules.check(plugin(cdf=refuse)))


def test_checking_works_outside_the_main_thread():
    failures = []
    thread = threading.Thread(target=lambda: failures.extend(schedules.check("laplace") or ["none"]))
    thread.start()
    thread.join()
    assert failures == ["none"]
