"""The training loop: protocol 1 and 2, divergence, averages, determinism."""

import numpy as np
import pytest
import torch
from torch import nn

import schedules
from harness.runs.run import Bench, bench, execute
from harness.specs import Entry, RunSpec
from harness.tracks.track import Training
from harness.training import rates
from harness.training.ema import EMA
from harness.training.loop import Diverged

CPU = torch.device("cpu")


def spec(track="digits-v1", schedule="cosine", target="v", seed=0, **entry):
    return RunSpec(track=track, target=target, entry=Entry.of(schedule, **entry), seed=seed)


def watch(trainer, steps):
    """Everything that the steps of a trainer saw."""
    batches = []
    step = trainer.step

    def spy(batch):
        batches.append(batch)
        return step(batch)

    trainer.step = spy
    trainer.run(steps)
    return batches


def test_schedules_of_one_seed_see_the_same_data_noise_labels_and_u(quick_digits):
    """Protocol 1: same everything but the schedule."""
    first = watch(Bench(quick_digits, CPU).trainer(spec(schedule="cosine")), 50)
    second = watch(Bench(quick_digits, CPU).trainer(spec(schedule="laplace")), 50)
    cosine, laplace = schedules.create("cosine"), schedules.create("laplace")
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a.x0, b.x0)
        assert torch.equal(a.eps, b.eps)
        assert torch.equal(a.label, b.label)
        assert not torch.equal(a.logsnr, b.logsnr)
        np.testing.assert_allclose(cosine.cdf(a.logsnr.numpy()), laplace.cdf(b.logsnr.numpy()), atol=1e-6)


def test_initial_weights_depend_on_the_seed_alone(quick_digits):
    """Protocol 1: initial weights."""
    place = Bench(quick_digits, CPU)
    torch.manual_seed(123)
    first = place.network(0).state_dict()
    torch.manual_seed(456)
    again, other = place.network(0).state_dict(), place.network(1).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_labels_are_dropped_at_the_declared_rate(quick_digits):
    labels = torch.cat([batch.label for batch in watch(Bench(quick_digits, CPU).trainer(spec()), 100)])
    assert (labels == 10).double().mean() == pytest.approx(0.1, abs=0.01)


def test_the_network_sees_logsnr_through_a_fixed_embedding(quick_digits):
    """Protocol 2: the embedding has no parameter and is one to one over the track's range."""
    network = Bench(quick_digits, CPU).network(0)
    assert not list(network.logsnr.parameters())
    low, high = quick_digits.training.logsnr_range
    embedded = network.logsnr(torch.linspace(low, high, 401))
    distances = torch.cdist(embedded, embedded) + torch.eye(401) * 10
    assert distances.min() > 0.05


@pytest.mark.parametrize("target", ["eps", "x0", "v", "flow"])
def test_same_seed_gives_bit_identical_metrics(quick_gmm, target):
    runs = [execute(spec("gmm-v1", "laplace", target), CPU) for _ in range(2)]
    assert runs[0].values == runs[1].values
    assert runs[0].losses == runs[1].losses
    assert all(torch.equal(runs[0].weights[key], runs[1].weights[key]) for key in runs[0].weights)


@pytest.mark.parametrize("schedule", ["laplace", "loss_second_moment"])
def test_edm_is_v_with_the_sign_of_the_output_turned(quick_gmm, schedule):
    """Bit for bit, as the output layer and the skip start at zero; so the scores are the same."""
    v, edm = (execute(spec("gmm-v1", schedule, target), CPU) for target in ("v", "edm"))
    assert edm.values == v.values
    assert edm.losses == v.losses
    for name, value in v.weights.items():
        sign = -1 if name.startswith(("out.", "skip.")) else 1
        assert torch.equal(edm.weights[name], sign * value), name


def test_training_lowers_the_loss_and_the_excess_risk(quick_gmm):
    """A real run: the excess risk over the exact optimum falls along the budget."""
    result = execute(spec("gmm-v1", "cosine", "v"), CPU)
    excess = {measured.mark: value for measured, value in result.values.items() if measured.metric == "excess"}
    assert excess[1.0] < 0.8 * excess[0.25]
    assert result.losses[-1][1] < 0.9 * result.losses[0][1]
    assert excess[1.0] > 0


def test_divergence_is_a_result_with_its_step(quick_gmm):
    place = bench("gmm-v1", CPU)
    trainer = place.trainer(spec("gmm-v1"))
    factor = trainer.levels.factor
    calls = []

    def poisoned(logsnr):
        calls.append(0)
        values = factor(logsnr)
        if len(calls) == 2:
            values.reshape(25, -1)[7] = np.nan  # step 8 of the second block of 25
        return values

    object.__setattr__(trainer.levels, "factor", poisoned)
    with pytest.raises(Diverged) as diverged:
        trainer.run(100)
    assert diverged.value.step == 33


def test_a_diverged_run_is_recorded_not_raised(quick_gmm, monkeypatch):
    rules = quick_gmm.training.model_copy(update={"learning_rate": 1e30})
    place = bench("gmm-v1", CPU)
    monkeypatch.setattr(place, "track", quick_gmm.model_copy(update={"training": rules}))
    result = execute(spec("gmm-v1"), CPU)
    assert result.outcome == "diverged"
    assert result.step is not None
    assert result.step <= 50
    assert "finite" in result.reason
    assert not result.weights


@pytest.mark.parametrize("tuning", [{}, {"study": "s", "trial": 0}], ids=["scored", "tuned"])
def test_a_run_that_blows_up_with_finite_losses_is_diverged_in_scoring_and_validation(quick_digits, tuning):
    """A learning rate of 1000: the losses of the first mark are numbers, what its average draws is not."""
    entry = Entry.of("cosine").model_copy(update={"learning_rate": 1000 / quick_digits.training.learning_rate})
    result = execute(RunSpec(track="digits-v1", target="v", entry=entry, seed=0, **tuning), CPU)
    assert (result.outcome, result.step) == ("diverged", 25)
    assert result.reason == "samples at guidance 1 are not finite"
    assert len(result.losses) > 0
    assert result.scores is None
    assert not result.values
    assert not result.weights


def test_samples_that_are_no_numbers_are_found_also_where_their_features_look_like_some(quick_digits, monkeypatch):
    """An image of 8 bits has no NaN: it would be black, and its features like those of any other."""
    place = bench("digits-v1", CPU)
    space = place.evaluator.references.space
    features = space.forward
    monkeypatch.setattr(space, "forward", lambda x: features(x.nan_to_num(0.0)))
    trainer = place.trainer(spec())
    with torch.no_grad():
        next(iter(trainer.ema.average.parameters())).fill_(torch.nan)
    with pytest.raises(Diverged, match="samples at guidance 1"):
        place.score(trainer, spec(), 1.0)


def test_ema_is_the_weighted_sum_of_past_weights():
    network = nn.Linear(1, 1, bias=False)
    rules = Training(steps=7, batch=1, learning_rate=1.0, warmup_steps=0, ema_decay=0.6)
    ema, expected = EMA(network), network.weight.item()
    for step, value in enumerate([1.0, -2.0, 5.0, 3.0, 0.5, 0.25, 8.0]):
        network.weight.data.fill_(value)
        ema.update(rates.decay(rules, step))
        rate = min(0.6, (1 + step) / (10 + step))
        expected = rate * expected + (1 - rate) * value
    assert ema.average.weight.item() == pytest.approx(expected, rel=1e-6)
    assert not ema.average.weight.requires_grad


def test_learning_rate_is_constant_after_the_warm_up(quick_gmm):
    """Protocol 4: so that each mark is what that budget gives."""
    trainer = bench("gmm-v1", CPU).trainer(spec("gmm-v1"))
    rates, step = [], trainer.step

    def spy(batch):
        rates.append(trainer.optimiser.param_groups[0]["lr"])
        return step(batch)

    trainer.step = spy
    trainer.run(100)
    rate = quick_gmm.training.learning_rate
    np.testing.assert_allclose(rates[:10], rate * np.arange(1, 11) / 10)
    assert set(rates[10:]) == {rate}


def test_a_constant_factor_of_the_weighting_changes_nothing(quick_gmm):
    """ω and 3 ω are the same training, to rounding: normalised before gradients are clipped."""
    first = bench("gmm-v1", CPU).trainer(spec("gmm-v1", weighting="soft_min_snr"))
    second = bench("gmm-v1", CPU).trainer(spec("gmm-v1", weighting="soft_min_snr"))
    original = second.levels.weighting
    object.__setattr__(second.levels, "weighting", Tripled(original))
    first.run(50)
    second.run(50)
    torch.testing.assert_close(first.losses[:50], second.losses[:50], rtol=1e-4, atol=1e-6)


class Tripled:
    """ω → 3 ω."""

    def __init__(self, weighting):
        self.weighting, self.name, self.learns = weighting, weighting.name, False

    def __call__(self, *arguments):
        return 3 * self.weighting(*arguments)


@pytest.mark.parametrize("schedule", ["loss_second_moment", "infonoise"])
def test_a_schedule_that_learns_moves_and_is_deterministic(quick_gmm, schedule):
    first, second = (execute(spec("gmm-v1", schedule, "v"), CPU) for _ in range(2))
    assert first.values == second.values
    logsnr, density = first.learned
    assert np.trapezoid(density, logsnr) == pytest.approx(1, abs=0.05)
    fresh = schedules.create(schedule)
    assert np.trapezoid(np.abs(density - fresh.pdf(logsnr)), logsnr) > 0.05
    prefix = "schedule."
    fresh.load_state_dict({key.removeprefix(prefix): value for key, value in first.learned_state.items()})
    np.testing.assert_array_equal(fresh.pdf(logsnr), density)


def test_a_schedule_that_learns_is_told_eps_errors_whatever_the_target(quick_gmm, monkeypatch):
    """update() gets λ and the error converted to ε-space, so that one schedule serves every target."""
    from harness.training import noise_levels
    from schedules.weightings import target_factor

    errors = {}
    for target in ("eps", "x0"):
        trainer = bench("gmm-v1", CPU).trainer(spec("gmm-v1", "loss_second_moment", target))
        trainer.levels.schedule.update = lambda logsnr, loss, target=target: errors.setdefault(target, (logsnr, loss))
        trainer.run(25)
    (logsnr, eps_loss), (again, x0_loss) = errors["eps"], errors["x0"]
    np.testing.assert_array_equal(logsnr, again)
    assert noise_levels.target_factor is target_factor
    # At the noisy end the untrained eps network errs by about 1, and an untrained x0 network by e^λ in ε-space.
    noisy = (logsnr < -4) & (np.arange(len(logsnr)) < 5 * 128)
    assert np.median(x0_loss[noisy] / np.exp(logsnr[noisy])) == pytest.approx(1, abs=0.5)
    assert np.median(eps_loss[noisy]) > 10 * np.median(x0_loss[noisy])


@pytest.mark.parametrize("schedule", ["edm2"])
def test_gradients_by_sample_and_by_weight_agree_on_average(quick_gmm, schedule):
    """Protocol 7: the mean gradient over many batches is the same, drawn from p or from the baseline with weights."""
    place, sums = bench("gmm-v1", CPU), []
    for apply in ("sample", "weight"):
        trainer = place.trainer(spec("gmm-v1", schedule, apply=apply))
        torch.manual_seed(0)
        for parameter in trainer.parameters:
            parameter.data += 0.05 * torch.randn_like(parameter)
        trainer.optimiser.step = trainer.optimiser.zero_grad = lambda **_: None
        trainer.rules = trainer.rules.model_copy(update={"clip_norm": 1e9, "steps": 2000})
        trainer.losses = torch.zeros(2000)
        trainer.run(200)
        sums.append(torch.cat([parameter.grad.flatten() for parameter in trainer.parameters]) / 200)
    sampled, weighted = sums
    assert torch.nn.functional.cosine_similarity(sampled, weighted, dim=0) > 0.999
    assert float(weighted.norm() / sampled.norm()) == pytest.approx(1, abs=0.02)


def test_a_weighting_that_learns_is_told_and_changes_the_loss(quick_gmm):
    logsnr, losses = np.linspace(-5, 5, 11), []
    for _ in range(2):
        trainer = bench("gmm-v1", CPU).trainer(spec("gmm-v1", "cosine", weighting="uncertainty"))
        before = trainer.levels.factor(logsnr)
        trainer.run(100)
        after = trainer.levels.factor(logsnr)
        assert np.max(np.abs(np.log(after / before))) > 0.05
        losses.append(trainer.losses[:100])
    assert torch.equal(*losses)
