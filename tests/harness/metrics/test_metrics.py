"""Metrics against closed forms and second implementations."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics.estimators.frechet import LARGE, Moments, frechet_distance
from harness.metrics.estimators.kernel import KernelDistance
from harness.metrics.estimators.neighbours import memorised, precision_recall
from harness.metrics.keys import Measured, parse


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TestFrechet:
    def test_gaussians_with_commuting_covariances(self):
        a = Moments(np.zeros(3), np.diag([1.0, 4.0, 9.0]))
        b = Moments(np.array([1.0, 2.0, 2.0]), np.diag([4.0, 4.0, 1.0]))
        assert frechet_distance(a, b) == pytest.approx(9 + 1 + 0 + 4, rel=1e-12)

    def test_agrees_with_torch_fidelity(self):
        from torch_fidelity.metric_fid import fid_statistics_to_metric

        a, b = normal(400, 16).double().numpy(), (1.3 * normal(300, 16, seed=1) + 0.2).double().numpy()
        ours = frechet_distance(Moments.of(a), Moments.of(b))
        theirs = fid_statistics_to_metric(
            {"mu": a.mean(0), "sigma": np.cov(a, rowvar=False)},
            {"mu": b.mean(0), "sigma": np.cov(b, rowvar=False)},
            verbose=False,
        )["frechet_inception_distance"]
        assert ours == pytest.approx(theirs, rel=1e-6)

    @given(seed=st.integers(0, 10_000), dimensions=st.integers(1, 6))
    @settings(max_examples=60)
    def test_is_symmetric_and_zero_only_for_equal_moments(self, seed, dimensions):
        rng = np.random.default_rng(seed)
        a, b = (Moments.of(rng.standard_normal((30, dimensions))) for _ in range(2))
        assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-8)
        assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
        assert frechet_distance(a, b) > 1e-6

    def test_singular_covariances_do_no_harm(self):
        flat = Moments(np.zeros(2), np.array([[1.0, 1.0], [1.0, 1.0]]))
        assert frechet_distance(flat, Moments(np.zeros(2), np.zeros((2, 2)))) == pytest.approx(2, rel=1e-12)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    @pytest.mark.parametrize("dimensions", [16, LARGE, 2 * LARGE])
    def test_on_a_gpu_is_what_it_is_on_a_cpu(self, dimensions):
        a, b = normal(1500, dimensions), 1.2 * normal(1500, dimensions, seed=1) + 0.1
        expected = frechet_distance(Moments.of_tensor(a), Moments.of_tensor(b))
        there = frechet_distance(Moments.of_tensor(a.cuda()), Moments.of_tensor(b.cuda()))
        assert there == pytest.approx(expected, rel=1e-8)


class TestKernel:
    def test_agrees_with_torchmetrics(self):
        from torchmetrics.image.kid import poly_mmd

        a, b = normal(300, 8), 1.2 * normal(300, 8, seed=1) + 0.1
        assert KernelDistance(a)(b)[0] == pytest.approx(float(poly_mmd(a, b)), rel=1e-4)

    @staticmethod
    def repeated(shift):
        pairs = [(normal(120, 4, seed=2 * i), normal(90, 4, seed=2 * i + 1) + shift) for i in range(300)]
        return np.array([KernelDistance(real)(fake) for real, fake in pairs]).T

    def test_is_unbiased_and_its_error_is_cautious_where_clouds_agree(self):
        values, errors = self.repeated(shift=0.0)
        assert abs(values.mean()) < 3 * values.std() / np.sqrt(len(values))
        assert values.std() < np.sqrt((errors**2).mean()) < 2 * values.std()

    def test_standard_error_is_the_spread_over_repetitions(self):
        values, errors = self.repeated(shift=0.7)
        assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(), rel=0.15)

    def test_grows_with_the_difference(self):
        reference = KernelDistance(normal(200, 4))
        near, far = (reference(normal(200, 4, seed=1) + shift)[0] for shift in (0.3, 1.0))
        assert 0 < near < far


class TestNeighbours:
    def test_copies_are_memorised_and_fresh_draws_are_not(self):
        train, held_out, fresh = (normal(800, 5, seed=seed) for seed in range(3))
        assert memorised(train + 1e-3, [train], held_out) == 1.0
        assert memorised(held_out + 1e-3, [train], held_out) == 0.0
        assert memorised(fresh, [train], held_out) == pytest.approx(0.5, abs=0.06)

    def test_memorised_averages_over_subsets(self):
        train, held_out = normal(100, 5), normal(100, 5, seed=1)
        assert memorised(train, [train, held_out], held_out) == pytest.approx(0.75)

    def test_precision_and_recall_of_half_a_distribution(self):
        """Two far clusters, samples from one only: every sample is real, half of the real is covered."""
        cluster, other = normal(300, 3), normal(300, 3, seed=1) + 100
        precision, recall = precision_recall(torch.cat([cluster, other]), normal(600, 3, seed=2))
        assert precision > 0.9
        assert recall == pytest.approx(0.5, abs=0.05)

    def test_precision_of_noise_is_zero(self):
        assert precision_recall(normal(200, 3), normal(200, 3, seed=1) + 50) == (0.0, 0.0)


@given(
    metric=st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    split=st.sampled_from(["val", "test"]),
    guidance=st.one_of(st.none(), st.sampled_from([1.0, 1.15, 2.0, 7.5])),
    mark=st.sampled_from([0.25, 0.5, 1.0]),
)
def test_metric_keys_round_trip(metric, split, guidance, mark):
    measured = Measured(metric, split, guidance, mark)
    assert parse(measured.mark_key) == measured


def test_other_keys_are_not_measurements():
    assert parse("train/loss") is None
    assert parse("seconds/training") is None
