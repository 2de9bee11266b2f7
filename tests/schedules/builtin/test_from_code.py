"""Densities that only code defines, against draws of the same rule written once more, 10⁵ of each."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

import schedules
from schedules import weightings
from schedules.relatives import similarity

N = 100_000
COSINE = schedules.create("cosine")


def rng():
    return np.random.default_rng(7)


def of_flow(t):
    return 2 * np.log((1 - t) / t)


def agrees(drawn, spec):
    """Kolmogorov and Smirnov's test; a density that is off by 1 % of its mass somewhere fails by far."""
    return stats.kstest(drawn, schedules.parse(spec).cdf).pvalue > 1e-3


def test_sqrt():
    """Diffusion-LM and gdf: ᾱ = 1 − √(t + 1e-4); what goes beyond ᾱ = 0 is held there, and has no density."""
    t = rng().random(N)
    signal = 1 - np.sqrt(t[t < 1 - 1e-4] + 1e-4)
    assert agrees(logit(signal), "sqrt")
    at = np.linspace(-12, 12, 97)
    np.testing.assert_allclose(schedules.parse("sqrt:s=0").pdf(at), stats.genlogistic(2).pdf(-at), rtol=1e-12)
    np.testing.assert_allclose(schedules.parse("sqrt").ppf([0.01, 0.5, 0.99]), [-5.29, -0.88, 2.19], atol=6e-3)


def test_polynomial_is_the_table_of_its_code():
    """en_diffusion.py: x from 0 to T + 1 in T + 1 steps, the ratio of two levels clipped, then squeezed by s."""
    T, s, power = 1000, 1e-5, 2.0
    x = np.linspace(0, T + 1, T + 1)
    signal = (1 - np.power(x / (T + 1), power)) ** 2
    steps = np.clip(np.concatenate([[1.0], signal])[1:] / np.concatenate([[1.0], signal])[:-1], 0.001, 1.0)
    signal = (1 - 2 * s) * np.cumprod(steps) + s
    np.testing.assert_allclose(schedules.create("polynomial").logsnr(np.arange(T + 1) / T), logit(signal), atol=2e-3)


def test_cosine_time():
    """CosyVoice draws data time 1 − cos(πu/2)."""
    data = 1 - np.cos(rng().random(N) * 0.5 * np.pi)
    assert agrees(of_flow(1 - data), "cosine_time")
    sine = schedules.parse("flow_uniform|sine:n=1")
    assert similarity.total_variation(sine, schedules.create("cosine_time")) < 1e-8


def test_simplefold():
    data = 0.98 * expit(0.8 + 1.7 * rng().standard_normal(N)) + 0.02 * np.random.default_rng(8).random(N)
    assert agrees(of_flow(1 - data), "simplefold")
    from scipy import integrate

    schedule = schedules.create("simplefold")
    F = stats.norm(-0.8, 1.7).cdf
    for t in (0.004, 0.05, 0.5, 0.95, 0.997):
        v = np.clip((t - 0.02 * np.linspace(0, 1, 20_001)) / 0.98, 1e-300, 1 - 1e-16)
        below = integrate.simpson(F(np.log(v) - np.log1p(-v)), x=np.linspace(0, 1, 20_001))
        assert float(schedule.time(of_flow(t))) == pytest.approx(below, abs=2e-6)


def speed_draws(k=5.0):
    """SpeeD's t_sample: multinomial steps, then as many mirrored at the first meaningless one."""
    signal = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    growth = np.gradient(np.sqrt(1 - signal))
    meaningful = np.argmax(growth < 1e-4) + 1
    p = np.where(growth > 1e-4, k, 1.0)
    steps = rng().choice(1000, size=N // 2, p=p / p.sum())
    dual = np.where(steps < meaningful, meaningful - steps, steps - meaningful)
    return meaningful, np.concatenate([steps, dual])


def test_speed_with_its_mirrored_half():
    meaningful, steps = speed_draws()
    assert meaningful == 642
    t = np.clip(steps + np.random.default_rng(8).random(N), 0.5, 999.5) / 1000
    drawn = schedules.create("ddpm_linear").logsnr(t)
    schedule = schedules.create("preset/speed")
    shares = np.linspace(0.02, 0.98, 49)
    # A mirrored step lies half a step off, on 1000.
    np.testing.assert_allclose(schedule.cdf(np.quantile(drawn, shares)), shares, atol=4e-3)
    assert float(schedule.ppf(0.5)) == pytest.approx(-0.67, abs=0.02)
    assert np.abs(schedules.parse("speed:tau=642").cdf(np.quantile(drawn, shares)) - shares).max() > 0.03


def test_speed_as_published_here_has_no_mirrored_half():
    plain, spelled = schedules.create("speed"), schedules.parse("speed:mirror=0")
    assert plain.spec == spelled.spec == "speed"
    assert (
        similarity.total_variation(plain, schedules.parse("bias_range:start=0,share=0.7,m=5,base=ddpm_linear")) < 1e-9
    )
    for tau in (300, 500, 700):
        almost = schedules.parse(f"speed:tau={tau},mirror=1e-9")
        assert similarity.total_variation(schedules.parse(f"speed:tau={tau}"), almost) < 1e-6


@pytest.mark.parametrize(
    ("spec", "chosen"),
    [
        ("bias_range:m=3", slice(750, 1000)),
        ("bias_range:start=0,share=0.25,m=3", slice(0, 250)),
        ("bias_range:start=0.2,share=0.375,m=0.5", slice(200, 500)),
        ("bias_range:start=0.6,share=0.5,m=3", slice(600, 800)),
    ],
)
def test_bias_range(spec, chosen):
    """diffusers' generate_timestep_weights."""
    weights = np.ones(1000)
    weights[chosen] *= schedules.parse(spec).params["m"]
    steps = rng().choice(1000, size=N, p=weights / weights.sum())
    t = (steps + np.random.default_rng(8).random(N)) / 1000
    assert agrees(schedules.create("scaled_linear").logsnr(t), spec)


def ltx_draws(mu, std=1.0, eps=1e-3, uniform_prob=0.1):
    """ShiftedLogitNormalTimestepSampler, and which of its draws were clamped to t = 1."""
    source = rng()
    low, high = expit(mu + std * np.array([-2.5758, 3.0902]))
    t = (expit(mu + std * source.standard_normal(N)) - low) / (high - low)
    t = np.where(t >= eps, t, 2 * eps - t)
    clamped = t >= 1
    uniform = (1 - eps) * source.random(N) + eps
    fallback = source.random(N) <= uniform_prob
    return np.where(fallback, uniform, np.clip(t, 0, 1)), clamped & ~fallback


def test_ltx2_but_for_its_point_mass():
    t, clamped = ltx_draws(2.05)
    assert clamped.mean() == pytest.approx(0.9 * 0.001, abs=4e-4)
    assert agrees(of_flow(t[~clamped]), "preset/ltx2")
    t, clamped = ltx_draws(0.5, uniform_prob=0.0)
    assert agrees(of_flow(t[~clamped]), "reflected_logit_normal:m=0.5")


def test_nemo_automodel_over_many_batches():
    """Its sample_timesteps with the defaults: one way of drawing for a whole batch, the shift after either."""
    source = np.random.default_rng(12)
    uniform = source.random(N) < 0.1
    u = np.where(uniform, source.random(N), 1 / (1 + np.exp(-source.standard_normal(N))))
    assert agrees(of_flow(3.0 / (3.0 + (1 / u - 1))), "preset/nemo-automodel")


def test_terminal_is_the_limit_of_its_table():
    """DiffSynth's set_timesteps_qwen_image, with ever more steps: the last one lies at τ."""
    mu, terminal, steps = 0.8, 0.02, 200_000
    sigmas = np.linspace(1.0, 0.0, steps + 1)[:-1]
    sigmas = math.exp(mu) / (math.exp(mu) + (1 / sigmas - 1))
    alphas = 1 - sigmas
    sigmas = np.minimum(1 - alphas / (alphas[-1] / (1 - terminal)), 1 - 1e-12)
    schedule = schedules.parse("flow_uniform|flux_shift:mu=0.8|terminal:tau=0.02")
    t = (np.arange(steps) + 1) / steps
    inner = slice(steps // 100, None, 997)
    np.testing.assert_allclose(schedule.logsnr(t)[inner], of_flow(sigmas[::-1])[inner], atol=2e-3)
    assert float(schedule.ppf(1.0)) == pytest.approx(of_flow(0.02))
    assert float(schedule.pdf(of_flow(0.019))) == 0


def test_sine_after_the_shift():
    """stable-audio-tools' DistributionShift with use_sine, at its base shift 0.5."""
    t, mu = rng().random(N), -0.5
    t = 1 - math.exp(mu) / (math.exp(mu) + (1 / (1 - t) - 1))
    assert agrees(of_flow(np.sin(t * math.pi / 2)), "flow_uniform|flux_shift:mu=0.5|sine:n=1")


@pytest.mark.parametrize("c", [0.5, 2.0])
def test_scaler_of_wuerstchen(c):
    t = rng().random(N)
    t = 1 - (1 - t) ** c if c > 1 else t**c
    signal = np.cos((t + 0.008) / 1.008 * np.pi * 0.5) ** 2 / np.cos(0.008 / 1.008 * np.pi * 0.5) ** 2
    held = np.clip(signal, 0.0001, 0.9999)
    drawn = logit(held[held == signal])
    schedule = schedules.parse(f"iddpm_cosine|scaler:c={c}")
    shares = np.linspace(0.02, 0.98, 49) * held[held == signal].size / N
    missing = np.mean(signal <= 0.0001)
    at = np.quantile(drawn, np.linspace(0.02, 0.98, 49))
    np.testing.assert_allclose(schedule.cdf(at), missing + shares, atol=6e-3)


def test_cascade_adaptive_follows_its_code():
    """AdaptiveTrainSchedule.update_buckets, batch by batch: of several losses in a bucket the last one is written."""
    schedule = schedules.parse("cascade_adaptive:bins=20,batch=50")
    probabilities, edges = np.ones(20), np.linspace(-10, 10, 21)
    source = rng()
    for _ in range(30):
        at = schedule.ppf(source.random(400))
        loss = expit(-at) * source.gamma(4.0, 0.25, 400)
        for start in range(0, 400, 50):
            bucket = np.clip(np.searchsorted(edges, at[start : start + 50], side="right") - 1, 0, 19)
            probabilities[bucket] = probabilities[bucket] * 0.99 + loss[start : start + 50] * 0.01
        schedule.update(at, loss)
    middles = 0.5 * (edges[1:] + edges[:-1])
    np.testing.assert_allclose(schedule.pdf(middles), probabilities / probabilities.sum() / 1.0, rtol=1e-9)


def test_loss_average_follows_its_code():
    """AdaptiveLossWeight, batch by batch."""
    weighting = weightings.parse("loss_average:bins=30,batch=50,beta=0.9")
    edges, losses, source = np.linspace(-10, 10, 29), np.ones(30), rng()
    for _ in range(10):
        at = COSINE.ppf(source.random(400))
        loss = expit(-at) * source.gamma(4.0, 0.25, 400)
        for start in range(0, 400, 50):
            bucket = np.searchsorted(edges, at[start : start + 50])
            losses[bucket] = losses[bucket] * 0.9 + loss[start : start + 50] * 0.1
        weighting.update(at, loss)
    at = np.linspace(-12, 12, 101)
    expected = np.clip(1 / losses[np.searchsorted(edges, at)], 1e-7, 1e7)
    for target in ("eps", "v"):
        np.testing.assert_allclose(weighting(at, target, COSINE), expected, rtol=1e-12)


def test_half_bell_is_the_table_of_ai_toolkit():
    steps = 100_000
    x = np.arange(steps, dtype=np.float64)
    y = np.exp(-2 * ((x - steps / 2) / steps) ** 2)
    shifted = y - y.min()
    expected = shifted * (steps / shifted.sum())
    expected[steps // 2 :] = expected[steps // 2 :].max()
    t = np.linspace(steps, 1, steps) / steps  # its timesteps fall
    inner = slice(1, None, 97)
    at = of_flow(t[inner])
    ours = weightings.create("half_bell")(at, "flow", COSINE) * (1 - t[inner]) ** 2
    np.testing.assert_allclose(ours, expected[inner], rtol=1e-4, atol=1e-6)


IDENTITIES = {
    "preset/hunyuanvideo-1.5": "preset/sd3",
    "preset/pixnerd-256": "preset/wan-480p",
    "preset/rae-2025-10": "flow_uniform|snr_shift:s=48",
    "preset/ucgm-sdvae": "flow_beta:a=2.4,b=2.4,s=1",
    "cosine|scaler:c=3": "cosine|retime:b=0.333333333333333",
    "cosine|scaler:c=0.5": "cosine|retime:a=2",
    "flow_uniform|terminal:tau=0": "flow_uniform",
}


@pytest.mark.parametrize("spec", IDENTITIES)
def test_two_names_of_one_density(spec):
    assert similarity.total_variation(schedules.parse(spec), schedules.parse(IDENTITIES[spec])) < 1e-8
    if IDENTITIES[spec] in schedules.names() and schedules.parse(spec).spec != IDENTITIES[spec]:
        assert IDENTITIES[spec] in similarity.same_density(schedules.parse(spec))


def test_other_names_of_registered_tables():
    """diffusers' jsd (β = 1/T … 1) is uniform_gamma, its const is vp_exp."""
    t = np.arange(1, 1000) / 1000
    jsd = np.cumprod(1 - 1 / np.linspace(1000, 1, 1000))[:-1]
    np.testing.assert_allclose(schedules.create("uniform_gamma").logsnr(t), logit(jsd), atol=1e-9)
    rate = -1000 * math.log(1 - 0.012)
    const = np.cumprod(np.full(999, 1 - 0.012))
    np.testing.assert_allclose(schedules.parse(f"vp_exp:rate={rate}").logsnr(t), logit(const), rtol=1e-9, atol=1e-9)
