"""What a plugin may register, and the one line it gets when it may not."""

import math

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from scipy import stats

import schedules
from schedules import UserError, register
from schedules.registry import Registry
from schedules.schedule import SCHEDULES

Float = FloatDistribution


def normal():
    return stats.norm()


@pytest.fixture(autouse=True)
def _clean_registry():
    before = set(SCHEDULES.names())
    yield
    for name in set(SCHEDULES.names()) - before:
        SCHEDULES.remove(name)


def test_a_plugin_is_one_function():
    @register("wide_normal", space={"loc": Float(-3, 3), "steps": IntDistribution(1, 9)}, paper="arXiv:0000.00000")
    def wide_normal(loc: float = 0.0, steps: int = 4):
        """N(loc, steps²).

        More words.
        """
        return stats.norm(loc, steps)

    schedule = schedules.create("wide_normal", steps=2)
    assert schedule.params == {"loc": 0.0, "steps": 2}
    assert schedule.spec == "wide_normal:steps=2"
    assert schedule.ppf(0.5) == 0
    info = schedules.info("wide_normal")
    assert (info.summary, info.paper, info.origin) == ("N(loc, steps²).", "arXiv:0000.00000", "python")
    assert len(info.source_hash) == 64
    assert schedules.check("wide_normal") == []
    with pytest.raises(UserError, match="an integer in"):
        schedules.create("wide_normal", steps=2.5)


def test_categorical_parameters_are_words():
    @register("sided", space={"side": CategoricalDistribution(["left", "right"])})
    def sided(side: str = "left"):
        return stats.norm(-1 if side == "left" else 1)

    assert schedules.parse("sided:side=right").params == {"side": "right"}
    with pytest.raises(UserError, match="one of left, right"):
        schedules.parse("sided:side=top")


@pytest.mark.parametrize("name", ["Laplace", "1st", "läplace", "a b", "a|b", "../x", "", "a\n", "x" * 65, "a-b", 7])
def test_hostile_names_are_refused(name):
    with pytest.raises(UserError, match="expected small ASCII letters"):
        register(name)(normal)


def test_duplicates_name_who_was_first():
    with pytest.raises(UserError, match=r"'cosine' is registered already \(builtin\)"):
        register("cosine")(normal)


@pytest.mark.parametrize(
    ("function", "space", "problem"),
    [
        (lambda loc: None, {"loc": Float(-1, 1)}, "'loc' has no default"),
        (lambda loc=5.0: stats.norm(loc), {"loc": Float(-1, 1)}, "default loc=5.0 is out of its space"),
        (lambda loc=math.nan: None, {"loc": Float(-1, 1)}, "default loc=nan is out of its space"),
        (lambda loc=0.0: stats.norm(loc), {}, "'loc' has no search space"),
        (normal, {"loc": Float(-1, 1)}, "names 'loc', which is no parameter"),
        (lambda *loc: stats.norm(), {}, "plain named parameter"),
        (lambda ö=0.0: stats.norm(), {"ö": Float(-1, 1)}, "not ASCII"),
    ],
)
def test_parameters_that_cannot_be(function, space, problem):
    with pytest.raises(UserError, match=problem):
        register("bad_plugin", space=space)(function)
    assert "bad_plugin" not in schedules.names()


def test_a_parameter_is_searched_or_given_and_not_both():
    @register("in_units", space={"loc": Float(-3, 3)}, given={"unit": Float(0.5, 2)})
    def in_units(loc: float = 0.0, unit: float = 1.0):
        """N(loc + 2 ln unit, 1)."""
        return stats.norm(loc + 2 * math.log(unit))

    info = schedules.info("in_units")
    assert (list(info.space), list(info.domain), info.given) == (["loc"], ["loc", "unit"], ("unit",))
    assert schedules.parse("in_units:unit=2").ppf(0.5) == pytest.approx(2 * math.log(2))
    assert schedules.check("in_units") == []
    both = {"loc": Float(-3, 3)}
    with pytest.raises(UserError, match="'loc' is both searched"):
        register("twice", space=both, given=both)(lambda loc=0.0: stats.norm(loc))
    with pytest.raises(UserError, match="its given is 3; expected a dict"):
        register("twice", given=3)(normal)
    with pytest.raises(UserError, match="'loc', which is no parameter"):
        register("twice", given=both)(normal)


@pytest.mark.parametrize("value", [None, 3.0, "norm", stats.norm.pdf])
def test_a_wrong_return_type_is_named(value):
    register("wrong_type")(lambda: value)
    with pytest.raises(UserError, match="must return a distribution"):
        schedules.create("wrong_type")


def test_a_plugin_that_raises_is_named():
    @register("raises_at_once")
    def raises_at_once():
        raise ZeroDivisionError("oh")

    with pytest.raises(UserError, match="raises_at_once raised ZeroDivisionError: oh"):
        schedules.create("raises_at_once")


def test_registries_are_separate():
    own = Registry("thing", builtins="")
    own.register("cosine")(lambda: 1)
    assert own.names() == ["cosine"]
