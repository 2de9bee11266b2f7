"""What tuning searches, for every registered schedule and for what can be written around one."""

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

import schedules
from harness.specs import Entry
from harness.tuning.sampling import ask
from harness.tuning.space import Space
from schedules import UserError
from schedules.plugins import redundancy
from schedules.presets import PRESETS
from schedules.schedule import SCHEDULES


@pytest.mark.parametrize("name", schedules.names())
def test_trial_0_of_every_schedule_is_exactly_what_was_published_and_a_presets_space_has_full_rank(name):
    """The rank through the same function, asked for all of the space's parameters once more, in the other order."""
    entry = Entry.of(name)
    space = Space.of(entry)
    assert space.entry_of(space.published) == entry
    drawn = next(iter(ask([], [], [1], space.distributions, space.rounded)))
    assert drawn.keys() == space.published.keys()
    assert {"learning_rate", "ema"} <= space.published.keys()
    if name not in PRESETS or name == "preset/cosmos-video":
        return
    own = dict(reversed([item for item in space.distributions.items() if item[0] not in ("learning_rate", "ema")]))

    def quantiles(values):
        return schedules.parse(space.entry_of({**space.published, **values}).schedule).ppf(redundancy.SHARES)

    assert redundancy.redundant(quantiles, {key: space.published[key] for key in own}, own) == []


def test_the_baseline_and_parameter_free_schedules_search_the_multipliers():
    space = Space.of(Entry.of("cosine"))
    assert space.published == {"learning_rate": 1.0, "ema": 1.0}
    for distribution in space.distributions.values():
        assert distribution == FloatDistribution(0.25, 4, log=True)
    entry = space.entry_of({"learning_rate": 2.0, "ema": 0.5})
    assert (entry.schedule, entry.learning_rate, entry.ema) == ("cosine", 2.0, 0.5)


def test_a_schedule_is_searched_where_its_registry_says_from_what_the_spec_says():
    space = Space.of(Entry.of("laplace:scale=0.7"))
    assert space.published == {"learning_rate": 1, "ema": 1, "loc": 0, "scale": 0.7}
    assert space.distributions["scale"] == FloatDistribution(0.1, 3, log=True)
    assert space.entry_of(space.published | {"loc": 1.5}).schedule == "laplace:loc=1.5,scale=0.7"


def test_a_preset_is_searched_in_the_space_of_its_family_and_begins_as_itself():
    space = Space.of(Entry.of("preset/sd3"))
    assert space.published.keys() == {"learning_rate", "ema", "m", "s"}, "shift moves λ as m does"
    assert space.entry_of(space.published).schedule == "preset/sd3"
    moved = space.entry_of(space.published | {"m": 0.5})
    assert moved.schedule == "logit_normal:m=0.5|shift:a=3"


def test_a_transform_is_searched_around_what_is_written():
    space = Space.of(Entry.of("cosine|truncate:low=-5|shift:a=3|truncate:high=4"))
    assert space.distributions["shift.a"] == FloatDistribution(0.75, 12, log=True)
    assert space.distributions["truncate.low"] == FloatDistribution(-8, -2)
    assert space.distributions["truncate2.high"] == FloatDistribution(1, 7)
    assert "truncate.high" not in space.published, "what is not cut off is not searched"
    entry = space.entry_of(space.published | {"shift.a": 4.0, "truncate.low": -6.0})
    assert entry.schedule == "cosine|truncate:low=-6|shift:a=4|truncate:high=4"


@pytest.mark.parametrize(
    ("spec", "searched"),
    [
        ("edm", {"p_mean", "p_std"}),
        ("preset/edm2-img64", {"p_mean", "p_std"}),
        ("laplace|shift:a=3", {"loc", "scale"}),
        ("cosine|shift:a=2|offset:by=1", {"shift.a"}),
        ("laplace|scale:by=2|truncate:low=-5", {"loc", "scale", "truncate.low"}),
        ("flow_uniform|dimension:m=196608", {"dimension.m"}),
        ("mixture(edm|shift:a=2@0.5, cosine|shift:a=2@0.5)", {"1.shift.a", "2.p_mean", "2.p_std", "2.weight"}),
        ("zero_terminal_snr:snr_shift=3", {"base", "snr_shift"}),
    ],
)
def test_what_is_given_or_says_what_another_parameter_says_is_not_searched(spec, searched):
    space = Space.of(Entry.of(spec))
    assert space.published.keys() == {"learning_rate", "ema"} | searched
    moved = space.entry_of({**space.published, "learning_rate": 2.0})
    assert moved.fingerprint != space.entry.fingerprint
    assert schedules.parse(moved.schedule).fingerprint == schedules.parse(spec).fingerprint


def test_parts_of_a_mixture_and_their_weights_are_searched():
    space = Space.of(Entry.of("mixture(laplace@0.75, logit_normal@0.25)"))
    assert {"1.loc", "1.scale", "2.m", "2.s", "2.weight"} <= space.published.keys()
    entry = space.entry_of(space.published | {"1.loc": 1.0, "2.weight": 0.75})
    assert entry.schedule == "mixture(laplace:loc=1@0.5, logit_normal@0.5)"


def test_parameters_of_a_weighting_are_searched_with_the_schedules():
    space = Space.of(Entry.of("laplace", "min_snr"))
    assert space.published["weighting.gamma"] == 5.0
    entry = space.entry_of(space.published | {"weighting.gamma": 2.0, "loc": 1.0})
    assert (entry.schedule, entry.weighting) == ("laplace:loc=1", "min_snr:gamma=2")


def test_what_is_suggested_can_be_written_down_and_stays_inside():
    space = Space.of(Entry.of("piecewise"))
    for drawn in ask([], [], range(1, 30), space.distributions, space.rounded):
        for name, value in drawn.items():
            assert float(f"{value:.4g}") == value
            assert space.distributions[name].low <= value <= space.distributions[name].high


@pytest.fixture
def odd():
    """A plugin whose default lies between the steps of its range, with a parameter of the multiplier's name."""
    from scipy import stats

    def odd(loc: float = 0.5, count: int = 3, learning_rate: float = 0.1, cut: float | None = None):
        if loc > 2:
            raise UserError("loc is too far")
        return stats.norm(loc, count)

    space = {
        "loc": FloatDistribution(-3, 3, step=0.3),
        "count": IntDistribution(1, 5),
        "learning_rate": FloatDistribution(0.01, 1),
        "cut": FloatDistribution(0, 1),
    }
    schedules.register("odd", space=space)(odd)
    yield Entry.of("odd")
    SCHEDULES.remove("odd")


def test_a_default_that_its_own_range_lacks_is_trial_0_all_the_same(odd):
    space = Space.of(odd)
    assert space.published == {"learning_rate": 1, "ema": 1, "loc": 0.5, "count": 3, "schedule.learning_rate": 0.1}
    assert space.distributions["loc"] == FloatDistribution(-3, 3)
    entry = space.entry_of(space.published | {"learning_rate": 2.0, "schedule.learning_rate": 0.2})
    assert (entry.schedule, entry.learning_rate) == ("odd:learning_rate=0.2", 2.0)


def test_parameters_that_cannot_be_are_refused(odd):
    space = Space.of(odd)
    with pytest.raises(UserError, match="too far"):
        space.entry_of(space.published | {"loc": 2.5})
