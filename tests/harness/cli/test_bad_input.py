"""A mistake of the user: one line that names the thing and the value, exit code 2, nothing written."""

import pytest

PLUGINS = {
    "raises_on_import.py": "raise RuntimeError('no licence')",
    "syntax.py": "def broken(:",
    "registers_nothing.py": "x = 1",
    "not_normalised.py": """
import numpy as np
from scipy import stats
from schedules import register

class Doubled:
    def __init__(self): self.base = stats.laplace(0, 1)
    def pdf(self, x): return 2 * self.base.pdf(x)
    def cdf(self, x): return self.base.cdf(x)
    def ppf(self, q): return self.base.ppf(q)

@register("not_normalised", space={})
def not_normalised():
    return Doubled()
""",
    "decreasing.py": """
from scipy import stats
from schedules import register

class Reversed:
    def __init__(self): self.base = stats.laplace(0, 1)
    def pdf(self, x): return self.base.pdf(x)
    def cdf(self, x): return self.base.cdf(x)
    def ppf(self, q): return self.base.ppf(1 - q)

@register("decreasing", space={})
def decreasing():
    return Reversed()
""",
}


@pytest.fixture
def plugin(tmp_path):
    def write(name):
        path = tmp_path / name
        path.write_text(PLUGINS[name])
        return path

    return write


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["-s", "laplac"], ["laplac", "laplace"]),
        (["-s", "laplace:scal=1"], ["scal", "scale"]),
        (["-s", "laplace:scale=-1"], ["scale", "-1"]),
        (["-s", "laplace:scale=abc"], ["abc"]),
        (["-s", "laplace:scale=nan"], ["scale", "nan"]),
        (["-s", "laplace|shft:a=2"], ["shft", "shift"]),
        (["-s", "laplace", "-w", "minsnr"], ["minsnr", "min_snr"]),
        (["-s", "laplace", "-w", "min_snr:gamma=-3"], ["gamma", "-3"]),
        (["-s", "laplace", "-t", "score"], ["score", "eps"]),
        (["-s", "laplace", "--seeds", "0"], ["seeds", "0"]),
        (["-s", "laplace", "--workers", "0"], ["workers", "0"]),
        (["-s", "laplace", "--device", "tpu"], ["tpu", "cuda"]),
        (["-s", "laplace", "--device", "cuda:99"], ["cuda:99"]),
        (["-s", "laplace", "--seeds", "three"], ["seeds", "three"]),
        (["-s", "laplace", "--apply", "guess"], ["apply", "guess"]),
        (["-s", "laplace", "--plugin", "no/such/file.py"], ["no/such/file.py"]),
        (["-s", "laplace", "--plugin", "no.such.module"], ["no.such.module"]),
        (["--sede", "3"], ["--sede"]),
        (["--stack", "0"], ["--stack", "'0'", "auto"]),
        (["--stack", "many"], ["--stack", "many", "auto"]),
        (["--stack", "4", "--executor", "ray"], ["--stack 4", "local"]),
        (["--nproc", "0"], ["--nproc", "0"]),
        (["--nproc", "3", "--device", "cpu"], ["--nproc 3", "digits-v1", "128"]),
        (["--nproc", "2", "--stack", "4"], ["--nproc 2", "--stack"]),
        (["--nproc", "2", "--executor", "ray"], ["--nproc 2", "ray"]),
        (["--nproc", "2", "--workers", "2", "--device", "cpu"], ["--nproc 2", "--workers 2"]),
        (["--nproc", "2", "--micro-batch", "65", "--device", "cpu"], ["--micro-batch", "65", "64"]),
        (["--micro-batch", "0"], ["--micro-batch", "0"]),
    ],
)
def test_run_refuses(snrbench, tmp_path, arguments, named):
    store = tmp_path / "store"
    code, out, err = snrbench("run", "digits-v1", *arguments, "--store", store)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in err
    for word in named:
        assert word in err
    assert not store.exists(), "refused before anything is written"


def test_more_processes_than_gpus(snrbench, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.device.resolve", lambda name: name)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    for device, says in (("cuda", "CUDA devices found: 2"), ("cuda:1", "got cuda:1")):
        code, _, err = snrbench("run", "digits-v1", "--nproc", "4", "--device", device, "--store", tmp_path / "store")
        assert code == 2
        assert len(err.splitlines()) == 1
        assert "--nproc 4" in err
        assert says in err


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("raises_on_import.py", ["raises_on_import.py", "no licence"]),
        ("syntax.py", ["syntax.py"]),
        ("registers_nothing.py", ["registers_nothing.py"]),
    ],
)
def test_plugin_that_does_not_load(snrbench, plugin, tmp_path, name, named):
    code, _, err = snrbench("run", "gmm-v1", "-s", "cosine", "--plugin", plugin(name), "--store", tmp_path / "store")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert all(word in err for word in named)


@pytest.mark.parametrize(("name", "property_"), [("not_normalised", "integrates"), ("decreasing", "ppf")])
def test_density_that_is_none(snrbench, plugin, tmp_path, name, property_):
    code, _, err = snrbench(
        "run", "gmm-v1", "-s", name, "--plugin", plugin(f"{name}.py"), "--store", tmp_path / "store"
    )
    assert code == 2
    assert len(err.splitlines()) == 1
    assert name in err
    assert property_ in err
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("command", [["run", "digit-v1"], ["leaderboard", "digit-v1"], ["tracks", "show", "digit-v1"]])
def test_unknown_track_offers_the_nearest(snrbench, command):
    code, _, err = snrbench(*command)
    assert code == 2
    assert "digit-v1" in err
    assert "digits-v1" in err


OWN = """
from harness.declared import Part
from harness.tracks.digits import DIGITS

TRACK = DIGITS.model_copy(update={{"name": "own-bad-v1", {update}}})
"""
FEW = "DIGITS.evaluation.model_copy(update={'samples': 500, 'fid': (1000,)})"
REFUSED = {
    "option 'widht', which is 64": """"network": Part(make="harness.networks.mlp:ResidualMLP",
        options={"widht": 64})""",
    "option 'width' of harness.networks.mlp:ResidualMLP is 64.0; expected int": """"network": Part(
        make="harness.networks.mlp:ResidualMLP", options={"width": 64.0, "blocks": 2, "condition": 8})""",
    "no/latents.npz": """"data": Part(make="harness.data.array_file:load", options={"file": "no/latents.npz"},
        check="harness.data.array_file:check")""",
    "expected `samples` to be the first of `fid`": f'"evaluation": {FEW}',
}


@pytest.mark.parametrize("words", [("run", "-t", "v"), ("tune", "laplace"), ("recommend",)], ids=lambda words: words[0])
@pytest.mark.parametrize("says", REFUSED)
def test_a_dry_run_refuses_the_track_that_the_command_refuses(snrbench, tmp_path, says, words):
    (tmp_path / "own.py").write_text(OWN.format(update=REFUSED[says]))
    own = ("own-bad-v1", "--track-plugin", tmp_path / "own.py", "--device", "cpu", "--store", tmp_path / "store")
    code, out, err = snrbench(words[0], *own, *words[1:])
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert says in err
    assert snrbench(words[0], *own, *words[1:], "--dry-run") == (code, out, err)
    assert not (tmp_path / "store").exists()


def test_store_below_a_file(snrbench, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = snrbench("run", "gmm-v1", "--store", tmp_path / "file" / "store")
    assert code == 2
    assert "file" in err
    assert len(err.splitlines()) == 1


def test_what_needs_a_store_does_not_make_one(snrbench, tmp_path):
    for command in (["status"], ["leaderboard", "digits-v1"], ["run", "digits-v1", "--failed"]):
        code, _, err = snrbench(*command, "--store", tmp_path / "none")
        assert code == 2
        assert "snrbench" in err
        assert not (tmp_path / "none").exists()


def test_debug_shows_where(snrbench):
    from schedules.errors import UserError

    with pytest.raises(UserError):
        snrbench("--debug", "tracks", "show", "nope")
