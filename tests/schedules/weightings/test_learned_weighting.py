"""The weighting that learns: it makes the weighted error the same at every λ, and its state is all of it."""

import pickle

import numpy as np
import pytest

import schedules
from schedules import UserError, weightings

AT = np.linspace(-6, 6, 25)
COSINE = schedules.create("cosine")


def error(at):
    """ε-error of the best denoiser of N(0, 1), and a bump."""
    return 1 / (1 + np.exp(-at)) + 0.5 * np.exp(-((at - 2) ** 2))


def train(weighting, rounds=100, n=6400, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        at = COSINE.ppf(rng.random(n))
        weighting.update(at, error(at) * rng.gamma(4.0, 0.25, n))


def test_starts_as_its_base():
    np.testing.assert_array_equal(
        weightings.create("uncertainty")(AT, "eps", COSINE), weightings.create("edm")(AT, "eps", COSINE)
    )
    eps = weightings.create("uncertainty", base="eps")
    np.testing.assert_array_equal(eps(AT, "flow", COSINE), np.ones_like(AT))


@pytest.mark.parametrize("base", ["edm", "eps"])
def test_the_weighted_error_becomes_one_everywhere(base):
    """e^u = E[ω L | λ] minimises E[ω e^{−u} L + u]."""
    weighting = weightings.create("uncertainty", base=base)
    before = weightings.create(base)(AT, "v", COSINE) * error(AT)
    train(weighting)
    after = weighting(AT, "v", COSINE) * error(AT)
    assert np.std(np.log(after)) < 0.12
    assert abs(np.mean(np.log(after))) < 0.1
    assert np.std(np.log(before)) > 2 * np.std(np.log(after))


def test_state_is_everything():
    trained, other = weightings.create("uncertainty"), weightings.create("uncertainty")
    train(trained, rounds=3)
    other.load_state_dict(trained.state_dict())
    train(trained, rounds=2, seed=1)
    train(other, rounds=2, seed=1)
    np.testing.assert_array_equal(trained(AT, "v", COSINE), other(AT, "v", COSINE))


def test_each_weighting_learns_for_itself():
    trained, other = weightings.parse("uncertainty"), weightings.parse("uncertainty")
    train(trained, rounds=2)
    assert trained == other
    assert not np.array_equal(trained(AT, "v", COSINE), other(AT, "v", COSINE))
    assert trained.fingerprint == other.fingerprint == pickle.loads(pickle.dumps(trained)).fingerprint
    assert trained.fingerprint != weightings.create("uncertainty", rate=0.02).fingerprint


def test_losses_that_are_not_finite_are_left_out():
    weighting = weightings.create("uncertainty")
    weighting.update([0.0, 1.0], [np.nan, np.inf])
    assert np.all(np.isfinite(weighting(AT, "v", COSINE)))


def test_a_huge_loss_does_not_overflow():
    weighting = weightings.create("uncertainty", base="x0")
    weighting.update(np.full(1000, -20.0), np.full(1000, 1e6))
    assert np.all(np.isfinite(weighting(AT, "v", COSINE)))


def test_static_weightings_do_not_learn():
    edm = weightings.create("edm")
    assert not edm.learns
    assert edm.state_dict() == {}
    with pytest.raises(UserError, match="does not learn"):
        edm.update([0.0], [1.0])


def test_a_function_without_logsnr_must_return_what_learns():
    weightings.register("bad_learner")(lambda: 3.0)
    try:
        with pytest.raises(UserError, match=r"must return an object that learns.*got float"):
            weightings.create("bad_learner")
    finally:
        weightings.WEIGHTINGS.remove("bad_learner")
