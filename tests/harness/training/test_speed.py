"""Precision, compilation, graphs and prefetching change how fast a run is, and its numbers by rounding alone.

How far two runs are apart after 50 steps: the rounding of one step is carried on, and multiplied, by those after it.
float32 rounds at 6e-8, and losses of the whole curve are to agree to 1e-4; TF32 and bf16 have 10 and 8 bits of
mantissa, which is 4e-3 a product at most, averaged over thousands of them: 3 % of a loss, single steps included.
"""

import copy
import functools
import shutil

import pytest
import torch

from harness import tracks
from harness.cli import main
from harness.data.dataset import Split
from harness.execution.executors.parts.assignments import assignment
from harness.execution.job import Job, Settings
from harness.networks.dit import DiT
from harness.networks.mlp import ResidualMLP
from harness.networks.unet import UNet
from harness.results.store import Store
from harness.runs.run import Bench, execute
from harness.specs import Entry, RunSpec
from harness.tracks.shortened import name_of, whole_blocks
from harness.tracks.track import Training
from harness.training.batches import draw
from harness.training.compilation import COMPILERS, OFF, Compilation, compilation, compiled
from harness.training.loop import Trainer
from harness.training.noise_levels import NoiseLevelSource
from harness.training.precision import sampling
from schedules.errors import UserError

CPU = torch.device("cpu")
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
TRACED, GRAPHED = Compilation("aot_eager"), Compilation(graph=True)
STEPS, CLASSES = 50, 10
FP32 = {"rtol": 1e-4, "atol": 1e-5}
LOOSE = {"rtol": 0.03, "atol": 0.003}

NETWORKS = {
    "mlp": ((1, 10, 10), lambda shape: ResidualMLP(shape, CLASSES, width=32, blocks=2, condition=16)),
    "small": ((1, 4, 4), lambda shape: ResidualMLP(shape, CLASSES, width=8, blocks=1, condition=8)),
    "dit": ((2, 8, 8), lambda shape: DiT(shape, CLASSES, depth=2, hidden=32, heads=2, patch=2)),
    "unet": ((1, 8, 8), lambda shape: UNet(shape, CLASSES, 8, (1, 1), 1, (4,))),
}
NAMES = ("mlp", "dit", "unet")


def smooth_images(shape, rows=256):
    """Something to learn: each row is a few waves of its own."""
    drawn = torch.Generator().manual_seed(0)
    place = torch.arange(shape[-1]) / shape[-1]
    phase = torch.rand(rows, shape[0], 1, 1, generator=drawn) * 6
    wave = torch.sin(phase + 6 * place[:, None]) + torch.cos(phase * 2 + 6 * place)
    return Split(wave / wave.std(), torch.arange(rows) % CLASSES, torch.arange(rows))


def trainer(name="mlp", how=OFF, device=CPU, seed=0, precision="fp32", data=None, schedule="laplace", **rules):
    shape, make = NETWORKS[name]
    torch.manual_seed(seed)
    declared = {"steps": STEPS, "batch": 32, "learning_rate": 1e-3, "warmup_steps": 10, "ema_decay": 0.9, **rules}
    training = Training(precision=precision, **declared)
    density, weighting = Entry.of(schedule).make()
    levels = NoiseLevelSource(density, weighting, "v", training.logsnr_range)
    data = smooth_images(shape).to(device) if data is None else data
    return Trainer(make(shape).to(device), training, data, CLASSES, "v", levels, seed, how)


@functools.cache
def losses(*arguments, **named):
    learner = trainer(*arguments, **named)
    learner.run(STEPS)
    return learner.losses.cpu()


def learned(curve):
    """A comparison of runs that learn nothing would hold for any of them."""
    return curve[-10:].mean() < 0.8 * curve[:10].mean()


@pytest.mark.parametrize("name", NAMES)
def test_compiled_and_uncompiled_losses_agree(name):
    plain = losses(name)
    assert learned(plain)
    torch.testing.assert_close(losses(name, TRACED), plain, **FP32)


@pytest.mark.external
@pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="no C++ compiler")
def test_losses_of_generated_code_agree():
    torch.testing.assert_close(losses("small", Compilation("inductor")), losses("small"), **FP32)


@pytest.mark.parametrize(("name", "how"), [*((name, OFF) for name in NAMES), ("mlp", TRACED), ("dit", TRACED)], ids=str)
def test_bf16_losses_agree_with_fp32(name, how):
    half, plain = losses(name, how, precision="bf16"), losses(name)
    torch.testing.assert_close(half, plain, **LOOSE)
    assert not torch.equal(half, plain), "bf16 was not used"


@CUDA
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
@pytest.mark.parametrize("how", [OFF, Compilation("inductor"), GRAPHED, Compilation("inductor", graph=True)], ids=str)
def test_losses_on_cuda_agree_with_the_cpus(name, precision, how):
    on_cuda = losses(name, how, torch.device("cuda"), precision=precision)
    torch.testing.assert_close(on_cuda, losses(name), **(FP32 if precision == "fp32" else LOOSE))


@CUDA
def test_a_captured_step_is_replayed():
    learner = trainer(how=GRAPHED, device=torch.device("cuda"))
    assert learner.compilation == GRAPHED, learner.notes


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_state_is_float32_whatever_the_precision(precision):
    learner = trainer("dit", precision=precision)
    dtypes = []
    learner.network.logsnr.register_forward_hook(lambda module, inputs, embedded: dtypes.append(embedded.dtype))
    learner.run(25)
    assert {value.dtype for value in learner.state().values()} == {torch.float32}
    assert set(dtypes) == {torch.float32}
    assert learner.losses.dtype == torch.float32


def test_samples_are_drawn_in_the_declared_precision_and_returned_in_float32():
    x, level, label = torch.randn(4, 2, 8, 8), torch.tensor(0.5), torch.arange(4)
    plain, half = trainer("dit"), trainer("dit", precision="bf16")
    for learner in (plain, half):
        learner.run(25)
        learner.ema.average.load_state_dict(plain.ema.average.state_dict())
    with torch.inference_mode():
        exact, coarse = (
            sampling(learner.ema.average.at_one_logsnr, learner.rules.precision, learner.device)(x, level, label)
            for learner in (plain, half)
        )
        unsampled = half.ema.average(x, level.expand(4), label)
    assert coarse.dtype == torch.float32
    assert not torch.equal(exact, coarse)
    torch.testing.assert_close(coarse, exact, rtol=0.05, atol=0.05)
    torch.testing.assert_close(unsampled, exact)


def test_precision_at_its_default_leaves_a_track_as_it_was(quick_gmm):
    half = quick_gmm.model_copy(update={"training": quick_gmm.training.model_copy(update={"precision": "bf16"})})
    assert "precision" in quick_gmm.training.unchanged()
    assert half.fingerprint != quick_gmm.fingerprint


def test_a_process_compiles_once_for_every_run_of_a_cell(quick_digits):
    """Another schedule, seed and learning rate, the averaged copy and its sampling: nothing is compiled again."""
    graphs, counts = [], []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    torch.compiler.reset()
    place = Bench(quick_digits, CPU, Compilation(backend, graph=True))
    entries = (Entry.of("cosine"), Entry(schedule="laplace", learning_rate=2.0, ema=0.5))
    for seed, entry in enumerate(entries):
        spec = RunSpec(track="digits-v1", target="v", entry=entry, seed=seed)
        learner = place.trainer(spec)
        learner.run(50)
        place.score(learner, spec, 1.0)
        counts.append(len(graphs))
    assert counts[0] >= 2, "the forward pass and the sampler's"
    assert counts[1] == counts[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_compiled_network_samples_what_it_did_and_no_method_of_it_is_replaced(name):
    """An MLP's way of sampling is compiled as a whole; a DiT's and a U-Net's calls parts that are compiled."""
    shape, make = NETWORKS[name]
    network, graphs = make(shape), []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    for weight in network.parameters():
        weight.data.normal_(0, 0.1)
    inputs = torch.randn(4, *shape), torch.tensor(0.5), torch.arange(4)
    with torch.inference_mode():
        plain = network.sampler()(*inputs)
        assert torch.equal(plain, network.at_one_logsnr(*inputs))
        compiled(network, backend)
        torch.testing.assert_close(network.sampler()(*inputs), plain)
        assert graphs
    assert "at_one_logsnr" not in vars(network)


@pytest.mark.parametrize("name", ["mlp", "dit"])
def test_the_step_that_a_graph_captures_is_the_step(name):
    """Learning rate, average and rows of a block are read from the device; capturing moves no weight."""
    plain, graphed = trainer(name), trainer(name, GRAPHED)
    for first, second in ((plain.network, graphed.network), (plain.ema.average, graphed.ema.average)):
        assert all(torch.equal(first.state_dict()[key], value) for key, value in second.state_dict().items())
    for learner in (plain, graphed):
        learner.run(STEPS)
    torch.testing.assert_close(graphed.losses, plain.losses, **FP32)
    for key, value in plain.ema.average.state_dict().items():
        torch.testing.assert_close(graphed.ema.average.state_dict()[key], value, rtol=1e-3, atol=1e-4)


def test_a_graph_serves_the_next_run_from_its_beginning():
    fresh = trainer(how=GRAPHED, seed=1, learning_rate=3e-3, ema_decay=0.5)
    other = trainer(how=GRAPHED, seed=0)
    other.run(STEPS)
    addresses = [weight.data_ptr() for weight in other.parameters]
    other.restart(copy.deepcopy(fresh.network.state_dict()), fresh.rules, fresh.levels, seed=1)
    for learner in (fresh, other):
        learner.run(STEPS)
    assert [weight.data_ptr() for weight in other.parameters] == addresses
    first, second = fresh.state(), other.state()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("how", [TRACED, GRAPHED], ids=str)
def test_a_run_goes_on_from_its_state(how):
    whole, half, rest = (trainer(how=how) for _ in range(3))
    whole.run(STEPS)
    half.run(25)
    rest.load({name: value.clone() for name, value in half.state().items()})
    rest.run(STEPS)
    assert all(torch.equal(whole.state()[key], value) for key, value in rest.state().items())


@pytest.mark.parametrize("resident", [True, False])
def test_a_feed_gives_the_steps_that_are_drawn(resident):
    """Whether a block was announced or not, and wherever the examples are: rows, labels, noise and λ of that block."""
    learner = trainer()
    learner.feed.resident = resident
    for index, announced in ((0, 0), (1, 1), (3, 3), (7, 4)):
        learner.feed.ahead(announced)
        block, levels = learner.feed.take(index)
        drawn = draw(learner.streams, index, learner.rules, learner.data)
        alpha, sigma = (value.sqrt().float() for value in (levels.logsnr.sigmoid(), (-levels.logsnr).sigmoid()))
        for step, batch in enumerate(block):
            assert torch.equal(batch.x0, learner.data.x[drawn.rows[step]])
            assert torch.equal(batch.eps, drawn.eps[step])
            labels = torch.where(drawn.dropped[step], CLASSES, learner.data.labels[drawn.rows[step]])
            assert torch.equal(batch.label, labels)
            assert torch.equal(batch.logsnr, levels.logsnr[step])
            torch.testing.assert_close(batch.alpha.flatten(), alpha[step])
            torch.testing.assert_close(batch.sigma.flatten(), sigma[step])
            assert torch.equal(batch.factor, levels.factor[step])
        assert step + 1 == len(block) == learner.rules.block


def test_a_schedule_that_learns_is_not_drawn_ahead():
    plain, graphed = trainer(schedule="infonoise"), trainer(schedule="infonoise", how=GRAPHED)
    for learner in (plain, graphed):
        learner.run(STEPS)
    torch.testing.assert_close(graphed.losses, plain.losses, **FP32)


@CUDA
def test_data_in_the_memory_of_the_host_train_the_same_run():
    device = torch.device("cuda")
    on_host = smooth_images((1, 10, 10))
    for how in (OFF, GRAPHED):
        learner = trainer(how=how, device=device, data=on_host)
        learner.run(STEPS)
        torch.testing.assert_close(learner.losses.cpu(), losses("mlp"), **FP32)


def test_a_compiled_run_says_so_and_scores_alike(quick_gmm):
    spec = RunSpec(track="gmm-v1", target="v", entry=Entry.of("cosine"), seed=0)
    plain, traced = execute(spec, CPU), execute(spec, CPU, compilation=TRACED)
    assert (plain.compiled, traced.compiled) == ("off", "aot_eager")
    for measured, value in plain.values.items():
        if measured.metric in ("excess", "nll", "eps_error"):
            assert traced.values[measured] == pytest.approx(value, rel=1e-3), measured


@CUDA
@pytest.mark.parametrize("name", ["gmm-v1", "digits-v1"])
def test_a_captured_sampler_scores_run_after_run_as_the_plain_one(name):
    device, scale = torch.device("cuda"), 0.1
    short = tracks.get(name_of(tracks.get(name), whole_blocks(tracks.get(name), scale)))
    plain, captured = Bench(short, device), Bench(short, device, GRAPHED)
    for seed, schedule in enumerate(("cosine", "laplace", "edm")):
        spec = RunSpec(track=short.name, target="v", entry=Entry.of(schedule), seed=seed)
        expected = execute(spec, device, place=plain)
        scores = execute(spec, device, place=captured)
        assert scores.notes == []
        assert scores.values.keys() == expected.values.keys()
        for measured, value in expected.values.items():
            if measured.metric in ("excess", "nll", "eps_error", "fd", "fd_own_grid", "fd_resampled"):
                assert scores.values[measured] == pytest.approx(value, rel=0.02), (spec.entry.label, measured)


@pytest.mark.parametrize(
    ("wish", "device", "expected"),
    [("auto", "cpu", OFF), ("off", "cuda", OFF), ("auto", "mps", OFF), ("off", "cpu", OFF)],
)
def test_what_is_compiled_where(wish, device, expected):
    assert compilation(wish, torch.device(device)) == expected


def test_missing_tools_are_named_where_compilation_was_asked_for(monkeypatch):
    monkeypatch.setattr("harness.training.compilation.shutil.which", lambda name: None)
    with pytest.raises(UserError, match=r"--compile on: .* needs a C"):
        compilation("on", CPU)
    assert compilation("auto", torch.device("cuda")) == Compilation(graph=True)
    with pytest.raises(UserError, match="not mps"):
        compilation("on", torch.device("mps"))


def test_what_is_wished_reaches_the_worker(tmp_path):
    job = Job(RunSpec(track="gmm-v1", target="v", entry=Entry.of("cosine"), seed=0))
    assert assignment(Settings(compile="off"), Store(tmp_path), job, "cpu").compile == "off"
    assert assignment(Settings(), Store(tmp_path), job, "cpu").compile == "auto"


def test_wrong_wishes_end_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("harness.training.compilation.shutil.which", lambda name: None)
    store = tmp_path / "store"
    request = ["run", "gmm-v1", "-t", "v", "--device", "cpu", "--store", str(store), "--compile"]
    assert main.exit_code([*request, "on"]) == 2
    assert "--compile off does without" in capsys.readouterr().err
    assert main.exit_code([*request, "fast"]) == 2
    assert not store.exists()
