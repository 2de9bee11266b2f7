"""FID and its kin on tiny images, against torch-fidelity; samples that processes share; the real extractors."""

import hashlib
import subprocess
import sys
import threading
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch

import schedules
from harness.data import images
from harness.data.dataset import Dataset, Split
from harness.evaluation.drawing import Subject
from harness.evaluation.evaluator import Evaluator
from harness.measuring import measure
from harness.metrics import image_features
from harness.metrics.builtin.fd_dinov2 import fd_dinov2
from harness.metrics.builtin.fid import fid
from harness.metrics.keys import Measured, parse
from harness.metrics.registry import METRICS
from harness.networks.mlp import ResidualMLP
from harness.sampling.ddim import ddim
from harness.sampling.share import Share
from harness.streams import Streams
from harness.tracks.cifar10 import CIFAR10
from harness.tracks.track import Part
from leaderboards.boards.query import checked
from schedules.errors import UserError

CPU = torch.device("cpu")
SIDE, CLASSES = 4, 3


def tiny_space(device):
    """uint8 (N, 3, side, side) → (N, 5): a random layer with a bend."""
    weights = torch.randn(3 * SIDE**2, 5, generator=torch.Generator().manual_seed(0))
    return lambda pixels: torch.tanh((pixels.flatten(1).float() / 255 - 0.5) @ weights)


def other_space(device):
    return lambda pixels: pixels.flatten(1).float()[:, ::7] / 255


def extractor(name):
    return Part(make="harness.metrics.image_features:features", options={"extractor": f"{__name__}:{name}"})


def split(count, seed, first=0, copies=1):
    rng = np.random.default_rng(seed)
    raw = torch.from_numpy(rng.integers(0, 256, (count, 3, SIDE, SIDE)).astype(np.float32))
    labels, group = torch.arange(count) % CLASSES, first + torch.arange(count)
    x = (raw - 127.5) / 73.9
    if copies == 2:
        x = torch.stack([x, x.flip(-1)], dim=1).flatten(0, 1)
    return Split(x, labels.repeat_interleave(copies), group.repeat_interleave(copies))


@pytest.fixture(scope="module", autouse=True)
def smaller_and_larger_fids():
    """FID of as many samples as the tracks here draw."""
    with METRICS.registering("a test"):
        for thousands in (1, 20):
            fid(thousands)
            fd_dinov2(thousands)
    yield
    METRICS.forget("a test")


@pytest.fixture(scope="module")
def data():
    return Dataset(split(60, 0, copies=2), split(40, 1, 100), split(50, 2, 200), CLASSES, mean=127.5, std=73.9)


def track_of(**evaluation):
    rules = CIFAR10.evaluation.model_copy(
        update={
            "samples": 10_000,
            "fid": (10_000,),
            "ddim_steps": 2,
            "guidance": (1.0, 2.0),
            "paired_points": 30,
            "neighbours": 20,
            "to_train": 50,
            "curve_points": 10,
            "curve_logsnr": (-4.0, 4.0, 3),
            "sample_block": 3000,
            **evaluation,
        }
    )
    spaces = {"features": extractor("tiny_space"), "dinov2": extractor("other_space")}
    training = CIFAR10.training.model_copy(update={"precision": "fp32"})
    return CIFAR10.model_copy(update={"name": "tiny-images-v1", "training": training, "evaluation": rules, **spaces})


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        mlp = ResidualMLP((3, SIDE, SIDE), CLASSES, width=16, blocks=1, condition=8)
        for parameter in mlp.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    return mlp


@pytest.fixture(scope="module")
def scored(data, network):
    evaluator = Evaluator(track_of(fid=(10_000, 20_000)), data, CPU)
    return evaluator, evaluator(Subject(network, "v", 0), 1.0, schedules.create("cosine"))


def sampled(evaluator, network, count, guidance):
    """The samples, by what the protocol says: noise of its own for each block of 3,000."""
    noise = torch.cat(
        [Streams(0).normal("sampling", block, shape=(3000, 3, SIDE, SIDE)) for block in range(-(-count // 3000))]
    )[:count]
    label = torch.arange(count) % CLASSES
    return ddim(network.at_one_logsnr, "v", noise, label, evaluator.grid, guidance, no_label=CLASSES)


def theirs(a, b):
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    both = [fid_features_to_statistics(cloud.double()) for cloud in (a, b)]
    return fid_statistics_to_metric(*both, verbose=False)["frechet_inception_distance"]


def pixels(x):
    return (x * 73.9 + 127.5).round().clamp(0, 255).to(torch.uint8)


def test_fid_is_torch_fidelitys_on_the_same_samples(scored, data, network):
    evaluator, scores = scored
    space, other = tiny_space(CPU), other_space(CPU)
    x = pixels(sampled(evaluator, network, 20_000, 2.0))
    for count in (10_000, 20_000):
        for name in ("val", "test"):
            held_out = pixels(evaluator.references.splits[name].x)
            measured = scores.values[Measured(f"fid{count // 1000}k", name, 2.0)]
            assert measured == pytest.approx(theirs(space(x[:count]), space(held_out)), rel=1e-4)
            measured = scores.values[Measured(f"fd{count // 1000}k_dinov2", name, 2.0)]
            assert measured == pytest.approx(theirs(other(x[:count]), other(held_out)), rel=1e-4)


def test_what_is_measured_when(scored, data, network):
    """Before the end: no more samples, no second space; at the end both, at every scale."""
    evaluator, scores = scored
    at_end = {(measured.metric, measured.guidance) for measured in scores.values if measured.split == "test"}
    for name in ("fid10k", "fd10k_dinov2", "fid10k_to_train", "precision", "precision_dinov2", "memorised", "kd"):
        assert {(name, 1.0), (name, 2.0)} <= at_end
    assert "fd" not in {measured.metric for measured in scores.values}
    assert {"fd_own_grid", "fd_resampled"} <= {name for name, _ in at_end}
    early = evaluator(Subject(network, "v", 0), 0.5, schedules.create("cosine"))
    assert {measured.metric for measured in early.values} == {"fid10k", "memorised", "eps_error", "nll"}
    assert {measured.guidance for measured in early.values if measured.metric == "fid10k"} == {1.0}
    assert early.samples_drawn == 10_000
    # The same noise at every mark: the same weights give the same number, of the first 10,000 samples.
    key = Measured("fid10k", "test", 1.0, 0.5)
    assert early.values[key] == scores.values[Measured("fid10k", "test", 1.0)]
    every = Evaluator(track_of(guided_marks=True, samples=1000, fid=(1000,), sample_block=0, to_train=0), data, CPU)
    early = every(Subject(network, "v", 0), 0.5, schedules.create("cosine"))
    assert {measured.guidance for measured in early.values if measured.metric == "fid1k"} == {1.0, 2.0}


def test_validation_sees_the_distance_by_its_name(scored, network):
    evaluator, scores = scored
    validation = evaluator.validate(Subject(network, "v", 0), 1.0, "fid10k")
    for scale in (1.0, 2.0):
        key = Measured("fid10k", "val", scale)
        assert validation.values[key] == scores.values[key]
    with pytest.raises(ValueError, match="expected fid10k or eps_error"):
        evaluator.validate(Subject(network, "v", 0), 1.0, "fd")


def test_processes_that_share_the_samples_find_the_same_scores(data, network):
    """Three of them, as threads with an exchange in the place of all_gather."""
    world, rules = 3, track_of(samples=1000, fid=(1000,), sample_block=150, to_train=0)
    alone = Evaluator(rules, data, CPU)(Subject(network, "v", 0), 1.0, schedules.create("cosine"))
    barrier, table, results = threading.Barrier(world), [None] * world, [None] * world
    drawn = []

    def gather(rank, mine):
        table[rank] = mine
        barrier.wait()
        everyone = list(table)
        barrier.wait()
        return everyone

    def work(rank):
        share = Share(rank, world, lambda mine: gather(rank, mine))
        subject = Subject(network, "v", 0, lambda: drawn.append(rank), share)
        results[rank] = Evaluator(rules, data, CPU)(subject, 1.0, schedules.create("cosine"))

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(world)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for scores in results:
        assert scores.values == alone.values
        assert torch.equal(scores.shown, alone.shown)
    # 7 chunks, 4 settings: who draws fewer asks as often, since all processes are asked together whether to stop.
    assert {rank: drawn.count(rank) for rank in range(world)} == {0: 12, 1: 12, 2: 12}
    with pytest.raises(ValueError, match="7 chunks of samples are too few for 8 processes"):
        Share(0, 8).mine(7)


TOGETHER = """
import sys, torch
from torch import distributed
from harness.sampling.share import over_processes
distributed.init_process_group("gloo", init_method="file://" + sys.argv[1], rank=int(sys.argv[2]), world_size=2)
share, sizes = over_processes(), [4, 4, 4, 4, 2]
rows = torch.arange(18.0)[:, None].expand(-1, 3).contiguous().split(sizes)
found = share.together([rows[chunk] for chunk in share.mine(len(sizes))], sizes)
assert torch.equal(found, torch.arange(18.0)[:, None].expand(-1, 3)), found
distributed.destroy_process_group()
"""


def test_two_processes_gather_what_each_has(tmp_path):
    """12 rows of the one and 6 of the other, in the order of all chunks."""
    command = [sys.executable, "-c", TOGETHER, str(tmp_path / "meeting")]
    processes = [subprocess.Popen([*command, str(rank)]) for rank in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]


def test_latents_are_compared_with_the_images_they_were_made_of(data):
    """Not with what a decoder makes of them, whose error would be in both clouds."""
    space = image_features.ImageFeatures(other_space(CPU), decoder=lambda z: torch.zeros(len(z), 3, SIDE, SIDE))
    held_out = pixels(data.test.x)
    latents = Split(torch.randn(50, 1, 2, 2), data.test.labels, data.test.group, held_out)
    assert torch.equal(space.of_split(latents, CPU), other_space(CPU)(held_out))
    assert space(latents.x).abs().max() == 0


def test_fewer_samples_than_the_name_says_are_refused(data):
    for rules in ({"samples": 2000}, {"samples": 50_000, "fid": (50_000, 10_000)}):
        track = track_of(**rules)
        with pytest.raises(UserError, match=r"'tiny-images-v1': fid\d+k is taken of \d+ samples, the track draws"):
            track.check()
        with pytest.raises(UserError, match="fid"):
            Evaluator(track, data, CPU)
    with pytest.raises(UserError, match="fid of 1500 samples; expected a multiple of 1000"):
        track_of(samples=1500, fid=(1500,)).check()
    with pytest.raises(UserError, match="unknown metric 'fid2k'"):
        track_of(samples=2000, fid=(2000,)).check()


def test_floors_of_every_distance_are_those_of_real_training_images(monkeypatch):
    many = Dataset(split(600, 0, copies=2), split(40, 1, 1000), split(50, 2, 2000), CLASSES, mean=127.5, std=73.9)
    track = track_of(samples=1000, fid=(1000,), to_train=0)
    monkeypatch.setattr(measure, "REPEATS", 1)
    place = SimpleNamespace(track=track, data=many, device=CPU, evaluator=Evaluator(track, many, CPU))
    floors = measure.floors(place)
    rows = torch.from_numpy(np.random.default_rng([0, 0]).permutation(1200)[:1000])
    drawn, held_out = pixels(many.train.x[rows]), pixels(many.test.x)
    assert floors["fid1k"] == pytest.approx(theirs(tiny_space(CPU)(drawn), tiny_space(CPU)(held_out)), rel=1e-4)
    assert floors["fd1k_dinov2"] == pytest.approx(theirs(other_space(CPU)(drawn), other_space(CPU)(held_out)), rel=1e-4)
    assert {"kd", "precision", "recall", "memorised", "precision_dinov2", "recall_dinov2"} < set(floors)


def test_neighbours_are_one_row_of_each_image(data, scored):
    references = scored[0].references
    chosen = data.train.one_of_each(20, np.random.default_rng(0))
    assert len(chosen) == len(chosen.group.unique()) == 20
    assert {len(subset) for subset in references.train_subsets} == {len(references.held_out)} == {20}
    mirrored = sum(bool((data.train.x[1::2] == row).flatten(1).all(dim=1).any()) for row in chosen.x)
    assert 3 <= mirrored <= 17  # either orientation


def test_samples_are_shown_as_images(scored):
    samples, nearest = scored[1].shown, scored[1].nearest
    assert samples.shape == nearest.shape == (8, CLASSES, 3, SIDE, SIDE)
    assert ((nearest * 255).round() / 255 - nearest).abs().max() < 1e-6
    assert 0 <= float(samples.min()) <= float(samples.max()) <= 1


def test_names_work_as_keys_and_what_is_against_training_data_never_ranks():
    for name in METRICS:
        measured = Measured(name, "test", 1.5, 0.2)
        assert parse(measured.mark_key) == measured
    assert checked(CIFAR10, "fid10k", None, "best")[0].title == "FID-10K"
    with pytest.raises(UserError, match="'fid10k_to_train' is told beside the others and never ranks; fid10k does"):
        checked(CIFAR10, "fid10k_to_train", None, "best")


@pytest.fixture(scope="module")
def random_inception(tmp_path_factory):
    """A weights file in the layout of the published one, of random numbers: its path and SHA-256."""
    from torch_fidelity import feature_extractor_inceptionv3 as theirs

    path = tmp_path_factory.mktemp("weights") / image_features.INCEPTION_WEIGHTS.file
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng():
        torch.manual_seed(0)
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(theirs.FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        network = theirs.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    torch.save(network.state_dict(), path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest(), network


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(images.VARIABLE, str(tmp_path / "data"))
    before = torch.hub.get_dir()
    torch.hub.set_dir(str(tmp_path / "hub"))
    yield tmp_path / "data"
    torch.hub.set_dir(before)


def test_inception_features_are_torch_fidelitys(random_inception, folder, data):
    path, sha256, network = random_inception
    folder.mkdir()
    (folder / path.name).symlink_to(path)
    image_features.check("inception-v3", weights=sha256)
    space = image_features.features(CPU, "inception-v3", weights=sha256).scaled_as(data)
    x = data.test.x[:2]
    assert space(x).shape == (2, 2048)
    torch.testing.assert_close(space(x), network(pixels(x))[0])
    with pytest.raises(UserError, match=r"have SHA-256 \w{64}; expected 6726825d…; delete the file"):
        image_features.check("inception-v3")


def no_network(*_, **__):
    raise URLError("no route to host")


def test_weights_that_cannot_be_had_say_which_from_where_and_whereto(folder, monkeypatch):
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    monkeypatch.setattr(torch.hub, "urlopen", no_network)
    with pytest.raises(UserError) as refused:
        image_features.check("inception-v3")
    for part in (image_features.INCEPTION_WEIGHTS.url, str(folder), images.VARIABLE, "no route to host", "curl -LO"):
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(UserError, match=r"dinov2_vitl14_pretrain\.pth cannot be had.*curl -LO https.*TORCH_HOME"):
        image_features.check("dinov2")
    (folder.parent / "hub" / "checkpoints" / "dinov2_vitl14_pretrain.pth").write_bytes(b"")
    with pytest.raises(UserError, match=r"DINOv2's code cannot be had.*git clone .*facebookresearch_dinov2_main"):
        image_features.check("dinov2")


HUBCONF = """
import torch

def dinov2_vitl14():
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
"""


def test_dinov2_goes_through_torch_fidelity(folder, monkeypatch, data):
    """With a network of one pooling in the place of ViT-L/14, in torch's cache: features are normalised colours."""
    monkeypatch.setattr(torch.hub, "urlopen", no_network)
    code = folder.parent / "hub" / image_features.DINOV2_CODE
    code.mkdir(parents=True)
    (code / "hubconf.py").write_text(HUBCONF)
    weights = folder.parent / "hub" / "checkpoints" / image_features.DINOV2_WEIGHTS.file
    weights.parent.mkdir()
    weights.write_bytes(b"")
    image_features.check("dinov2")
    space = image_features.features(CPU, "dinov2").scaled_as(data)
    flat = torch.full((1, 3, SIDE, SIDE), (200 - 127.5) / 73.9)
    expected = (200 / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(space(flat)[0], expected, atol=1e-4, rtol=1e-4)
