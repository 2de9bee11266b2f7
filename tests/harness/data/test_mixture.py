"""gmm-v1 knows its optimum: the closed form is checked by autograd, and everything downstream by the closed form."""

import numpy as np
import pytest
import torch

import schedules
from harness.data.mixture import clustered, load, unit_variance
from harness.metrics.estimators import error_curve as curves
from harness.metrics.estimators.frechet import Moments, frechet_distance
from harness.sampling.ddim import ddim, logsnr_grid
from harness.targets import TARGETS, target

MIXTURE, _, _ = unit_variance(clustered(dimensions=3, components=5, spread=0.3, seed=1))


def scales(logsnr):
    return torch.sigmoid(logsnr).sqrt(), torch.sigmoid(-logsnr).sqrt()


class Optimal(torch.nn.Module):
    """The optimal denoiser as a network of any prediction target."""

    def __init__(self, mixture, prediction):
        super().__init__()
        self.mixture, self.prediction = mixture, prediction

    def forward(self, x, logsnr, label):
        logsnr = logsnr.expand(len(x)).double()
        alpha, sigma = (scale[:, None] for scale in scales(logsnr))
        eps = self.mixture.eps(x, logsnr)
        return target(self.prediction, (x.double() - sigma * eps) / alpha, eps, alpha, sigma)


@pytest.mark.parametrize("logsnr", [-6.0, 0.0, 5.0])
def test_optimal_eps_is_minus_sigma_times_the_score(logsnr):
    level = torch.tensor(logsnr, dtype=torch.float64)
    alpha, sigma = scales(level)
    x = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    covariance = alpha**2 * MIXTURE.covariances + sigma**2 * torch.eye(3, dtype=torch.float64)
    noised = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(MIXTURE.weights),
        torch.distributions.MultivariateNormal(alpha * MIXTURE.means, covariance),
    )
    (score,) = torch.autograd.grad(noised.log_prob(x).sum(), x)
    torch.testing.assert_close(MIXTURE.eps(x.detach(), level.expand(20)), -sigma * score, rtol=1e-8, atol=1e-10)


def test_data_has_zero_mean_and_unit_variance_by_one_number():
    data = load()
    pooled = data.train.x.double()
    assert pooled.mean().abs() < 0.02
    assert pooled.std() == pytest.approx(1, abs=0.02)
    means, variances = MIXTURE.means, torch.diagonal(MIXTURE.covariances, dim1=1, dim2=2)
    second = (MIXTURE.weights[:, None] * (variances + means**2)).sum(dim=0).mean()
    assert float(second) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("prediction", TARGETS)
def test_optimal_denoiser_scores_zero_excess_risk(prediction):
    data = load(train=16, held_out=256)
    curve = curves.error_curve(
        Optimal(data.truth, prediction), prediction, data.test, np.linspace(-8, 8, 17), 0, data.truth
    )
    assert curve.excess_risk() == pytest.approx(0, abs=1e-8)


def test_a_wrong_denoiser_scores_its_known_excess():
    """ε̂ = ε* + c has excess c²·d at every λ, so ½ ∫ over a range of 16 nats is 8 c² d."""
    data = load(train=16, held_out=64)

    class Off(Optimal):
        def forward(self, x, logsnr, label):
            return super().forward(x, logsnr, label) + 0.1

    curve = curves.error_curve(Off(data.truth, "eps"), "eps", data.test, np.linspace(-8, 8, 33), 0, data.truth)
    assert curve.excess_risk() == pytest.approx(8 * 0.01 * 4, rel=1e-6)


def test_bound_of_the_optimal_denoiser_is_the_entropy():
    """The variational bound is tight for the true denoiser: nll is the differential entropy in bits per dimension."""
    data = load(train=16, held_out=8192)
    low, high = -12.0, 10.0
    curve = curves.error_curve(Optimal(data.truth, "eps"), "eps", data.test, np.linspace(low, high, 89), 0, data.truth)
    nll = curve.nll(curves.prior_nats(data.test, low), curves.decoder_nats(data.test, high, None, 0))
    entropy = -float(data.truth.log_density(data.test.x).mean()) / 4 / np.log(2)
    assert nll == pytest.approx(entropy, abs=0.03)


def test_sampling_with_the_optimal_denoiser_reproduces_the_mixture():
    samples, held_out = 4000, MIXTURE.sample(4000, np.random.default_rng(0))[0]
    noise = torch.randn(samples, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    grid = logsnr_grid(schedules.create("cosine"), 60, (-9.0, 9.0))
    label = torch.zeros(samples, dtype=torch.int64)
    drawn = ddim(Optimal(MIXTURE, "v"), "v", noise, label, grid)
    again = MIXTURE.sample(samples, np.random.default_rng(2))[0]
    floor = frechet_distance(Moments.of(again.numpy()), Moments.of(held_out.numpy()))
    assert frechet_distance(Moments.of(drawn.numpy()), Moments.of(held_out.numpy())) < 3 * floor + 0.003
    assert float(MIXTURE.log_density(drawn).mean()) == pytest.approx(
        float(MIXTURE.log_density(held_out).mean()), abs=0.1
    )


def test_splits_are_disjoint_draws_and_reproducible():
    first, second = load(train=32, held_out=32), load(train=32, held_out=32)
    assert torch.equal(first.train.x, second.train.x)
    assert not torch.equal(first.val.x, first.test.x)
