"""Weightings against their published formulas, and the objectives they are known to make equal."""

import hashlib
import pickle

import numpy as np
import pytest
from scipy import integrate

import schedules
from schedules import UserError, weightings

AT = np.linspace(-20, 20, 401)
SNR = np.exp(AT)
T = 1 / (1 + np.exp(AT / 2))
COSINE = schedules.create("cosine")
P = 1 / (2 * np.pi * np.cosh(AT / 2))
FLOW = 1 / (1 - T) ** 2

# Each published as a weight on some error; the factor in front turns that error into the ε-error.
PUBLISHED = {
    "eps": np.ones_like(AT),
    "x0": 1 / SNR,
    "v": (SNR + 1) / SNR,
    "flow": FLOW,
    "min_snr": (1 / SNR) * np.minimum(SNR, 5),
    "min_snr:gamma=1": (1 / SNR) * np.minimum(SNR, 1),
    "soft_min_snr": (1 / SNR) * (SNR * 5 / (SNR + 5)),
    "truncated_snr": (1 / SNR) * np.maximum(SNR, 1),
    "p2": 1 / (1 + SNR),
    "p2:k=2,gamma=0.5": 1 / np.sqrt(2 + SNR),
    "edm": (1 / SNR) * (np.exp(-AT) + 1) / np.exp(-AT),
    "sech": 1 / np.cosh(AT / 2),
    "debiased": 1 / np.sqrt(np.minimum(SNR, 1000)),
    "sigmoid": 1 / (1 + np.exp(AT - 2)) / P,
    "sigmoid_bare:k=1": 1 / (1 + np.exp(AT - 1)),
    "elbo": 1 / P,
    "sigma_sqrt": FLOW * T**-2.0,
    "cosmap_weight": FLOW * 2 / (np.pi * (1 - 2 * T + 2 * T**2)),
    "flow_sigma": FLOW * T,
    "flow_linear": FLOW * (1 + 3 * T),
    "flow_cosine": FLOW * np.cos(1.57 * T),
    "jit": FLOW * (T / np.maximum(T, 0.05)) ** 2,
    "imm": 1 / (1 + np.exp(AT - 4)) / P * (1 - T) / ((1 - T) ** 2 + T**2),
}


@pytest.mark.parametrize("spec", PUBLISHED)
def test_published_formula(spec):
    inner = slice(None) if spec not in ("sigma_sqrt", "jit", "flow_cosine") else np.abs(AT) < 18
    ours = weightings.parse(spec)(AT, "v", COSINE)
    np.testing.assert_allclose(ours[inner], PUBLISHED[spec][inner], rtol=1e-6)


def test_every_weighting_is_tested():
    elsewhere = {"native", "bell", "half_bell", "uncertainty", "loss_average"}
    assert set(weightings.names()) == {spec.partition(":")[0] for spec in PUBLISHED} | elsewhere


def test_bell_is_the_mean_normalised_table_of_diffsynth():
    steps = np.arange(100_000) / 100_000
    y = np.exp(-2 * (steps - 0.5) ** 2)
    y = y - y.min()
    expected = y / y.mean()
    t = steps[1:]
    at = 2 * np.log((1 - t) / t)
    ours = weightings.create("bell")(at, "flow", COSINE) * (1 - t) ** 2
    np.testing.assert_allclose(ours, expected[1:], rtol=2e-5, atol=1e-9)


@pytest.mark.parametrize("target", weightings.TARGETS)
def test_native_is_the_plain_error_of_each_target(target):
    """Against the definitions of the targets, from one x₀, ε and a wrong ε̂ at the same x_λ."""
    x0, eps, wrong = 0.7, -1.3, -0.9
    alpha, sigma = np.sqrt(SNR / (1 + SNR)), np.sqrt(1 / (1 + SNR))
    x = alpha * x0 + sigma * eps
    guess = (x - sigma * wrong) / alpha
    of = {
        "eps": (eps, wrong),
        "x0": (x0, guess),
        "v": (alpha * eps - sigma * x0, alpha * wrong - sigma * guess),
        "flow": (eps - x0, wrong - guess),
        "edm": (sigma * x0 - alpha * eps, sigma * guess - alpha * wrong),
    }
    # Where signal is lost, x₀ follows from a difference of near numbers.
    inner = np.abs(AT) < 10
    expected = ((of[target][0] - of[target][1]) / (eps - wrong)) ** 2 * np.ones_like(AT)
    np.testing.assert_allclose(weightings.create("native")(AT, target, COSINE)[inner], expected[inner], rtol=1e-9)


def test_weighting_uniform_flow_by_cosmap_is_sampling_cosine():
    flow = schedules.create("flow_uniform")
    weighted = flow.pdf(AT) * weightings.create("cosmap_weight")(AT, "flow", flow)
    sampled = COSINE.pdf(AT) * weightings.create("native")(AT, "flow", COSINE)
    np.testing.assert_allclose(weighted, sampled, rtol=1e-12)


@pytest.mark.parametrize("name", ["elbo", "sigmoid", "imm"])
def test_likelihood_weightings_forget_what_is_sampled(name):
    weighting = weightings.create(name)
    totals = []
    for spec in ("cosine", "edm", "laplace:scale=2"):
        schedule = schedules.parse(spec)
        at = np.linspace(-6, 6, 2001)
        totals.append(integrate.simpson(schedule.pdf(at) * weighting(at, "eps", schedule), x=at))
    np.testing.assert_allclose(totals, totals[0], rtol=1e-9)


def test_likelihood_weightings_stay_finite_off_the_support():
    narrow = schedules.parse("uniform_logsnr:low=-1,high=1")
    assert np.array_equal(weightings.create("elbo")([-5.0, 0.0, 5.0], "eps", narrow), [0, 2, 0])


def test_spec_identity_and_pickle():
    assert weightings.parse("min_snr:gamma=5.0").spec == "min_snr"
    weighting = weightings.create("min_snr", gamma=3)
    assert weightings.parse(weighting.spec) == weighting == pickle.loads(pickle.dumps(weighting))
    assert weightings.create("edm").fingerprint == weightings.create("v").fingerprint
    assert weighting.fingerprint != weightings.create("min_snr").fingerprint


@pytest.mark.parametrize("name", weightings.names())
def test_conforms_everywhere(name):
    assert weightings.check(name) == []


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("min_snrr", "column 1.*did you mean"),
        ("min_snr:gama=1", "column 9.*did you mean gamma"),
        ("min_snr:gamma=-1", r"column 15.*a number in \[0.1, 50\]"),
        ("min_snr|shift:a=2", "without '|'"),
        ("mixture(eps@1)", "without"),
        ("min_snr@tuned", "without"),
    ],
)
def test_mistakes(spec, problem):
    with pytest.raises(UserError, match=problem):
        weightings.parse(spec)


def test_unknown_target():
    with pytest.raises(UserError, match="did you mean eps"):
        weightings.create("native")(AT, "epss", COSINE)


@pytest.mark.parametrize(
    ("value", "problem"),
    [(lambda at: np.zeros(3), "shape"), (lambda at: at, "negative"), (lambda at: at * np.nan, "not a number")],
)
def test_a_bad_weighting_is_one_line(value, problem):
    def bad(logsnr):
        return value(logsnr)

    weightings.register("bad_weighting")(bad)
    try:
        assert any(problem in line for line in weightings.check("bad_weighting"))
    finally:
        weightings.WEIGHTINGS.remove("bad_weighting")


@pytest.mark.parametrize("name", [name for name in weightings.names() if not weightings.create(name).learns])
def test_a_fingerprint_covers_the_four_errors_and_no_later_target(name):
    """Published run keys hold it: a target that shares another's error must not move it."""
    weighting, at = weightings.create(name), np.linspace(-20.0, 20.0, 41)
    digits = " ".join(
        f"{value:.9g}" for target in ("eps", "x0", "v", "flow") for value in weighting(at, target, COSINE)
    )
    assert weighting.fingerprint == hashlib.sha256(digits.encode()).hexdigest()[:16]


def test_a_weighting_is_told_edm_as_v():
    targets = []

    @weightings.register("spy_on_targets", space={})
    def spy(logsnr, target):
        targets.append(target)
        return np.ones_like(logsnr)

    weightings.create("spy_on_targets")(AT, "edm", COSINE)
    assert targets == ["v"]
