"""What is exported runs by itself and draws what the registry draws."""

import json
import sys

import numpy as np
import pytest

import schedules
from schedules import UserError, exports
from schedules.export import export, to_diffusers
from schedules.exports.diffusers_config import SINGLE

torch = pytest.importorskip("torch")
SPECS = ["cosine", "laplace|shift:a=3", "ddpm_linear", "preset/cosmos-video", "uniform_logsnr", "cubic"]


@pytest.mark.parametrize("spec", SPECS)
def test_torch_file(spec):
    schedule = schedules.parse(spec)
    module: dict = {}
    exec(compile(export(schedule, "torch"), "exported.py", "exec"), module)
    q = np.linspace(0.001, 0.999, 999)
    ours = schedule.ppf(q)
    theirs = module["quantile"](torch.tensor(q)).numpy()
    assert np.abs(theirs - ours).max() < 2e-6
    drawn = np.sort(module["sample"](4096, generator=torch.Generator().manual_seed(0)).numpy())
    assert np.abs(schedule.cdf(drawn) - (np.arange(4096) + 0.5) / 4096).max() < 2e-3
    at = torch.tensor([-3.0, 0.0, 4.0], dtype=torch.float64)
    alpha, sigma = module["alpha_sigma"](at)
    np.testing.assert_allclose(torch.log(alpha**2 / sigma**2), at)
    np.testing.assert_allclose(-2 * torch.log(module["edm_sigma"](at)), at)
    t = module["flow_time"](at)
    np.testing.assert_allclose(2 * torch.log((1 - t) / t), at, rtol=1e-12)


@pytest.mark.parametrize("spec", ["cosine", "laplace", "ddpm_linear", "edm"])
def test_diffusers_configuration(spec):
    diffusers = pytest.importorskip("diffusers")
    schedule = schedules.parse(spec)
    exported = json.loads(to_diffusers(schedule, steps=200))
    theirs = diffusers.DDPMScheduler.from_config(exported["scheduler"], prediction_type="v_prediction")  # as "use" says
    assert theirs.config.prediction_type == "v_prediction"
    signal = theirs.alphas_cumprod.double().numpy()
    expected = schedule.logsnr((np.arange(200) + 0.5) / 200)
    inner = np.abs(expected) < 5
    assert np.abs(np.log(signal / (1 - signal)) - expected)[inner].max() < 2e-3
    flow = diffusers.FlowMatchEulerDiscreteScheduler()
    flow.set_timesteps(sigmas=exported["flow_sigmas"])
    np.testing.assert_allclose(flow.sigmas[:-1], 1 / (1 + np.exp(expected[::-1] / 2)), atol=1e-6)


STATIC = [name for name in schedules.names() if not schedules.create(name).learns]


@pytest.mark.parametrize("spec", [*STATIC, "cauchy:scale=3", "mixture(uniform_logsnr|offset:by=30@0.5, laplace@0.5)"])
def test_every_level_for_diffusers_is_finite_in_single_precision(spec):
    """As DDPMScheduler works: β, 1 − β and their product in float32; and σ of the straight path."""
    schedule = schedules.parse(spec)
    exported = json.loads(to_diffusers(schedule))
    betas = np.array(exported["scheduler"]["trained_betas"], dtype=np.float32)
    signal = np.cumprod(np.float32(1) - betas, dtype=np.float32)
    sigmas = np.array(exported["flow_sigmas"], dtype=np.float32)
    assert np.all((betas >= 0) & (betas < 1))
    with np.errstate(divide="ignore"):
        for levels in (np.log(signal / (1 - signal)), 2 * np.log((1 - sigmas) / sigmas)):
            assert np.all(np.isfinite(levels))
    wanted = schedule.logsnr((np.arange(1000) + 0.5) / 1000)
    beyond = int(np.sum((wanted < SINGLE[0]) | (wanted > SINGLE[1])))
    note = exported["cut"]
    assert note.startswith(
        "nothing" if not beyond else f"{beyond} of 1000 levels: log SNR reaches from {wanted[-1]:.4g}"
    )
    inner = (wanted > SINGLE[0]) & (wanted < SINGLE[1])
    exact = np.array(exported["flow_sigmas"])[::-1][inner]
    np.testing.assert_allclose(2 * np.log((1 - exact) / exact), wanted[inner], rtol=1e-6, atol=1e-6)


def test_a_jump_deeper_than_single_precision_is_cut_too():
    """From clean data to pure noise in one step: β would be 1, and ᾱ 0."""
    exported = json.loads(to_diffusers(schedules.parse("mixture(laplace|offset:by=15@0.5, laplace|offset:by=-25@0.5)")))
    betas = np.array(exported["scheduler"]["trained_betas"], dtype=np.float32)
    assert np.all(np.cumprod(np.float32(1) - betas, dtype=np.float32) > 0)
    assert not exported["cut"].startswith("nothing")


def test_json_table():
    table = json.loads(export(schedules.parse("edm|shift:a=2"), "json"))
    again = schedules.parse(table["spec"])
    np.testing.assert_array_equal(again.ppf(table["q"]), table["logsnr"])


FORMAT = """
from schedules.exports import Format

FORMAT = Format("spec", lambda schedule: schedule.spec, file="spec.txt", language="text", place=9)
"""


def test_one_file_is_all_that_a_format_takes(tmp_path, monkeypatch):
    (tmp_path / "brand_new.py").write_text(FORMAT)
    monkeypatch.setattr(exports, "__path__", [*exports.__path__, str(tmp_path)])
    exports.by_name.cache_clear()
    try:
        assert exports.names() == ("torch", "diffusers", "json", "spec")
        assert export(schedules.parse("laplace:scale=0.7"), "spec") == "laplace:scale=0.7"
    finally:
        monkeypatch.undo()
        exports.by_name.cache_clear()
        sys.modules.pop("schedules.exports.brand_new", None)


def test_unknown_format():
    with pytest.raises(UserError, match="unknown export format 'onnx'"):
        export(schedules.create("cosine"), "onnx")
