"""Distances between schedules against closed forms, and the known kin."""

import numpy as np
import pytest
from scipy import stats

import schedules
from schedules.relatives import similarity
from schedules.schedule import SCHEDULES


def test_total_variation_of_two_normals():
    """TV(N(0, 1), N(d, 1)) = 2Φ(d/2) − 1; here in units of standard deviation 2."""
    one, other = schedules.parse("logit_normal"), schedules.parse("logit_normal:m=0.5")
    assert similarity.total_variation(one, other) == pytest.approx(2 * stats.norm.cdf(0.25) - 1, abs=1e-4)
    assert similarity.total_variation(one, one) == 0


def test_disjoint_densities_are_one_apart():
    upper = schedules.parse("laplace|truncate:low=0")
    assert similarity.total_variation(upper, schedules.parse("laplace|truncate:high=0")) == pytest.approx(1, abs=1e-6)


def test_wasserstein_of_a_shift_is_the_shift():
    one, other = schedules.parse("laplace"), schedules.parse("laplace|offset:by=1.5")
    assert similarity.wasserstein(one, other) == pytest.approx(1.5, abs=1e-5)


@pytest.mark.parametrize(
    ("spec", "kin"),
    [
        ("cosine", {"cosmap", "cosine_power", "cosine_scaled", "cosine_shifted"}),
        ("uniform_gamma", {"loglogistic"}),
        ("preset/pi0", {"flow_beta"}),
        ("preset/trellis", set()),
        ("flow_uniform|shift:a=1", set()),
        ("logit_normal:m=-1.2,s=1.2", {"edm", "split_lognormal", "preset/flow-matching-image"}),
        ("edm:p_mean=0,p_std=1", {"logit_normal", "diffusers_logit_normal", "preset/cosmos-image"}),
    ],
)
def test_same_density_under_other_names(spec, kin):
    schedule = schedules.parse(spec)
    assert {name for name in similarity.same_density(schedule) if name in schedules.names()} >= kin
    assert {relative.name for relative in similarity.nearest(schedule) if relative.same} == {
        name for name in similarity.same_density(schedule) if name in schedules.names()
    }


@pytest.mark.parametrize("spec", ["laplace", "cosine", "edm:p_std=1.21", "preset/pi0", "adaptive_elbo"])
def test_near_is_what_is_nearest_of_all(spec):
    """Which schedules are compared at all is decided by a few points; none that is near may be missed."""
    schedule = schedules.parse(spec)
    assert similarity.nearest(schedule, within=similarity.NEAR) == [
        kin for kin in similarity.nearest(schedule) if kin.tv < similarity.NEAR
    ]


def test_a_schedule_that_was_registered_since_is_seen():
    laplace = schedules.create("laplace", scale=0.777)
    assert not any(kin.same for kin in similarity.nearest(laplace))
    schedules.register("newcomer")(lambda: stats.laplace(0, 0.777))
    try:
        assert [kin.name for kin in similarity.nearest(laplace) if kin.same] == ["newcomer"]
    finally:
        SCHEDULES.remove("newcomer")
    assert not any(kin.same for kin in similarity.nearest(laplace))


@pytest.mark.parametrize("spec", ["cosine", "logit_normal:m=-1.2,s=1.2", "preset/pi0"])
def test_of_those_that_come_with_snrbench_no_likeness_is_told(spec):
    assert similarity.near(schedules.parse(spec))
    assert similarity.likeness(schedules.parse(spec)) == ""


def test_near_but_not_the_same():
    first = similarity.nearest(schedules.create("vp_sde"), 1)[0]
    assert first.name == "ddpm_linear"
    assert not first.same
    assert 0 < first.tv < 0.01
    assert np.isfinite(first.w1)


def test_same_objective_by_another_way():
    """SD3's cosmap weighting on uniform flow time trains for what sampling the cosine schedule trains for."""
    assert "flow_uniform + cosmap_weight" in similarity.same_objective(schedules.create("cosine"), "flow")
    assert similarity.same_objective(schedules.create("laplace"), "v") == []
