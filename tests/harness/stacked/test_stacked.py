"""Stacked training: to float rounding what each run is by itself, whatever happens to the others."""

import threading

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from harness import tracks
from harness.networks.network import Network
from harness.runs.run import Bench, Interrupted, bench, execute
from harness.specs import Entry, RunSpec
from harness.stacked import batched_evaluation
from harness.stacked.attention import FoldedAttention
from harness.stacked.run import execute_stack
from harness.stacked.training import StackedNetwork, StackedTrainer, Unstackable
from harness.tracks.track import Part
from harness.training.compilation import Compilation

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
DEVICES = [CPU, pytest.param(CUDA, marks=NO_CUDA)]
ENTRIES = (
    (Entry.of("cosine"), 0),
    (Entry.of("laplace:loc=1"), 0),
    (Entry.of("infonoise"), 1),
    (Entry.of("edm", apply="weight"), 1),
    (Entry.of("cosine", "uncertainty"), 2),
    (Entry.of("flow_uniform", "min_snr").model_copy(update={"learning_rate": 0.25, "ema": 4.0}), 2),
    (Entry.of("laplace").model_copy(update={"learning_rate": 3.0, "ema": 0.5}), 0),
)
WILD = Entry.of("cosine").model_copy(update={"learning_rate": 1e32})
BLOWN_UP = Entry.of("cosine").model_copy(update={"learning_rate": 5e5})
"""Of tiny_gmm: its losses stay finite, a distance of its samples does not."""


def specs_of(track, target="v", entries=ENTRIES):
    return [RunSpec(track=track, target=target, entry=entry, seed=seed) for entry, seed in entries]


@pytest.fixture
def tiny_dit(monkeypatch):
    """digits-v1 with a DiT of two blocks, and few samples."""
    digits = tracks.get("digits-v1")
    track = digits.model_copy(
        update={
            "name": "dit-v1",
            "network": Part(
                make="harness.networks.dit:DiT", options={"depth": 2, "hidden": 32, "heads": 2, "patch": 2}
            ),
            "training": digits.training.model_copy(update={"steps": 100, "batch": 8, "warmup_steps": 10}),
            "evaluation": digits.evaluation.model_copy(
                update={"samples": 60, "ddim_steps": 2, "curve_points": 10, "paired_points": 60, "guidance": (1.0, 2.0)}
            ),
        }
    )
    monkeypatch.setitem(tracks.TRACKS, "dit-v1", track)
    bench.cache_clear()
    yield track
    bench.cache_clear()


def close(actual, expected, tolerance=2e-4):
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("track", "target", "graphed", "device"),
    [
        ("quick_gmm", "eps", True, CPU),
        ("tiny_dit", "v", False, CPU),
        pytest.param("quick_gmm", "eps", False, CUDA, marks=NO_CUDA),
        pytest.param("quick_gmm", "eps", True, CUDA, marks=NO_CUDA),
        pytest.param("tiny_dit", "v", False, CUDA, marks=NO_CUDA),
        pytest.param("tiny_dit", "v", True, CUDA, marks=NO_CUDA),
    ],
    ids=str,
)
def test_every_member_trains_as_it_would_alone_and_one_that_diverges_harms_none(
    track, target, graphed, device, request
):
    """50 steps; schedules, seeds, weightings, what learns, apply modes, learning rates and averages all differ."""
    track = request.getfixturevalue(track)
    place = bench(track.name, device)
    specs = specs_of(track.name, target)
    alone = [place.trainer(spec) for spec in specs]
    for trainer in alone:
        trainer.run(50)
    wild = place.trainer(RunSpec(track=track.name, target=target, entry=WILD, seed=0))
    together = [place.trainer(spec) for spec in specs]
    stack = StackedTrainer([*together[:3], wild, *together[3:]], graphed)
    ((lost, diverged),) = stack.run(50)
    assert (stack.graphed, stack.notes) == (graphed, [])
    assert lost is wild
    assert stack.members == together
    lone = place.trainer(RunSpec(track=track.name, target=target, entry=WILD, seed=0))
    with pytest.raises(type(diverged)) as by_itself:
        lone.run(50)
    assert (diverged.step, diverged.reason, wild.done) == (by_itself.value.step, by_itself.value.reason, lone.done)
    for member, other in zip(together, alone, strict=True):
        assert member.done == 50
        close(member.losses[:50], other.losses[:50])
        expected = other.state()
        state = member.state()
        assert state.keys() == expected.keys()
        for name, value in expected.items():
            assert state[name].shape == value.shape
            close(state[name].double(), value.double(), 2e-3)
        assert float(member.losses[45] - together[0].losses[45]) != 0 or member is together[0]


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize("track", ["tiny_gmm", "tiny_dit"])
def test_scores_of_a_stack_are_those_of_its_runs(track, device, request):
    """Sampling and curves of all members at once; a run that diverges is recorded as it would be alone, whether its
    loss or its samples are no numbers."""
    track = request.getfixturevalue(track)
    specs = specs_of(track.name, entries=((BLOWN_UP, 0), *ENTRIES[:2], (WILD, 0)))
    alone = [execute(spec, device) for spec in specs]
    stacked = execute_stack(specs, device, compilation=Compilation(graph=True))
    for result, other in zip(stacked, alone, strict=True):
        assert result.compiled == "cuda graph"
        assert (result.spec, result.outcome, result.reason, result.step) == (
            other.spec,
            other.outcome,
            other.reason,
            other.step,
        )
        assert result.values == pytest.approx(other.values, rel=2e-3, abs=2e-4)
        assert [step for step, _ in result.losses] == [step for step, _ in other.losses]
        assert result.weights.keys() == other.weights.keys()
    assert [result.outcome for result in stacked] == ["diverged", "finished", "finished", "diverged"]
    if track.name == "gmm-v1":
        assert stacked[0].reason == "val/kd/g1 is nan"
    assert stacked[1].scores.shown.shape == alone[1].scores.shown.shape


def test_tuning_runs_stack_too_and_see_validation_alone(tiny_gmm):
    specs = [spec.model_copy(update={"study": "s", "trial": 0}) for spec in specs_of("gmm-v1", entries=ENTRIES[:2])]
    for result, spec in zip(execute_stack(specs, CPU), specs, strict=True):
        assert result.values == pytest.approx(execute(spec, CPU).values, rel=2e-3)


@pytest.fixture
def always_due(monkeypatch):
    monkeypatch.setattr("harness.runs.progress.FIRST_AFTER_SECONDS", 0.0)
    monkeypatch.setattr("harness.runs.progress.SHARE_OF_TIME", 1e9)


def folders(place, specs):
    return [place / spec.key for spec in specs]


def same(actual, expected):
    for result, other in zip(actual, expected, strict=True):
        assert result.outcome == other.outcome == "finished"
        assert result.values == pytest.approx(other.values, rel=2e-3, abs=2e-4)
        assert dict(result.losses) == pytest.approx(dict(other.losses), rel=1e-4)


@pytest.fixture(scope="module")
def whole(tiny_gmm):
    """Three runs by themselves, which nothing disturbed."""
    return [execute(spec, CPU) for spec in specs_of("gmm-v1", entries=ENTRIES[:3])]


def test_a_stack_goes_on_one_by_one_and_the_reverse(whole, tmp_path, always_due):
    """Checkpoints are those of single runs: paused at a mark, and stopped in mid-training and in mid-evaluation."""
    specs = [result.spec for result in whole]
    first = folders(tmp_path / "first", specs)
    paused = execute_stack(specs, CPU, checkpoints=first, until=0.25)
    assert [result.outcome for result in paused] == ["paused"] * 3
    same([execute(spec, CPU, checkpoints=folder) for spec, folder in zip(specs, first, strict=True)], whole)
    second = folders(tmp_path / "second", specs)
    for spec, folder in zip(specs, second, strict=True):
        execute(spec, CPU, checkpoints=folder, until=0.5)
    same(execute_stack(specs, CPU, checkpoints=second, compilation=Compilation(graph=True)), whole)
    for calls in (1, 4):
        third = folders(tmp_path / str(calls), specs)
        looked = iter(range(10**6))
        with pytest.raises(Interrupted):
            execute_stack(specs, CPU, checkpoints=third, stop_asked=lambda looked=looked, n=calls: next(looked) >= n)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("member")]
        same(execute_stack(specs, CPU, checkpoints=third), whole)


def test_members_at_different_steps_all_come_to_the_end(whole, tmp_path):
    specs = [result.spec for result in whole]
    places = folders(tmp_path, specs)
    execute(specs[1], CPU, checkpoints=places[1], until=0.5)
    same(execute_stack(specs, CPU, checkpoints=places), whole)


def test_what_cannot_be_stacked_says_why(quick_gmm, quick_digits):
    place = Bench(quick_gmm, CPU)
    one, other = (place.trainer(spec) for spec in specs_of("gmm-v1", entries=ENTRIES[:2]))
    other.run(25)
    with pytest.raises(Unstackable, match="different steps, 0 and 25"):
        StackedTrainer([one, other])
    with pytest.raises(Unstackable, match="different cells"):
        StackedTrainer([one, place.trainer(specs_of("gmm-v1", "x0")[0])])
    with pytest.raises(Unstackable, match="different cells"):
        execute_stack([*specs_of("gmm-v1")[:1], *specs_of("digits-v1")[:1]], CPU)
    counting = [place.trainer(spec) for spec in specs_of("gmm-v1", entries=ENTRIES[:2])]
    for trainer in counting:
        trainer.network.seen = nn.BatchNorm1d(3, affine=False)
    with pytest.raises(Unstackable, match=r"seen\.running_mean"):
        StackedTrainer(counting)


class Attends(Network):
    """Attention and nothing else, on its own weights."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(6, 18)

    def forward(self, x, logsnr, label):
        query, key, value = self.qkv(x).unflatten(2, (3, 2, -1)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2) * logsnr[:, None, None]


class Calls(TorchDispatchMode):
    """Notes each kernel that is called, with the shape of its first argument."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append((func.overloadpacket.__name__, getattr(args[0], "shape", None) if args else None))
        return func(*args, **(kwargs or {}))


@pytest.mark.filterwarnings("error:There is a performance drop")
def test_attention_is_folded_into_the_batch_and_has_the_gradients_of_single_networks():
    """Under plain vmap it has no batching rule and is called once a member; here it is one call on 4-D tensors."""
    torch.manual_seed(0)
    networks = [Attends() for _ in range(3)]
    weights = {
        name: torch.stack([network.get_parameter(name).detach() for network in networks]).requires_grad_()
        for name, _ in networks[0].named_parameters()
    }
    x, logsnr, label = torch.randn(3, 4, 5, 6), torch.randn(3, 4), torch.zeros(3, 4, dtype=torch.long)
    with Calls() as calls:
        outputs = StackedNetwork(networks[0])(weights, "forward", x, logsnr, label)
        gradients = torch.autograd.grad(outputs.square().sum(), list(weights.values()))
    assert [shape for name, shape in calls.seen if "dot_product" in name and "backward" not in name] == [(12, 2, 5, 3)]
    assert sum("dot_product" in name and "backward" in name for name, _ in calls.seen) == 1
    for row, network in enumerate(networks):
        output = network(x[row], logsnr[row], label[row])
        close(outputs[row], output, 1e-6)
        expected = torch.autograd.grad(output.square().sum(), list(network.parameters()))
        for ours, theirs in zip(gradients, expected, strict=True):
            close(ours[row], theirs, 1e-5)


def test_folded_attention_outside_of_vmap_is_attention():
    query, key, value = (torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    with FoldedAttention():
        folded = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(folded, F.scaled_dot_product_attention(query, key, value, is_causal=True))
    gradients = (torch.autograd.grad(out.square().sum(), (query, key, value), retain_graph=True) for out in (folded,))
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    for ours, theirs in zip(
        next(gradients), torch.autograd.grad(expected.square().sum(), (query, key, value)), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_tasks_of_different_shapes_and_lengths_meet_and_an_error_ends_all():
    torch.manual_seed(0)
    networks = [Attends() for _ in range(3)]
    weights = {
        name: torch.stack([network.get_parameter(name).detach() for network in networks])
        for name, _ in networks[0].named_parameters()
    }

    def task(row):
        def ask(network):
            pairs = []
            for size in range(1, 2 + row):
                x = torch.full((size, 5, 6), float(size + row))
                inputs = x, torch.ones(size), torch.zeros(size, dtype=torch.long)
                pairs.append((network(*inputs), networks[row](*inputs)))
            return pairs

        return ask

    calls = []
    answers = batched_evaluation.together(
        StackedNetwork(networks[0]), weights, [task(row) for row in range(3)], lambda: calls.append(0)
    )
    assert [len(answer) for answer in answers] == [1, 2, 3]
    assert len(calls) == 3
    for answer in answers:
        for output, expected in answer:
            close(output, expected, 1e-6)

    def fails(network):
        raise KeyError("this one")

    with pytest.raises(KeyError, match="this one"):
        batched_evaluation.together(StackedNetwork(networks[0]), weights, [task(0), fails, task(2)])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("member")]
