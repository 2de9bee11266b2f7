"""Which device `auto` means."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from harness import device
from harness.data.dataset import Split
from harness.metrics.estimators import error_curve
from harness.networks.mlp import ResidualMLP
from schedules.errors import UserError


@pytest.mark.parametrize("driver", device.ACCELERATORS)
def test_torch_is_asked_only_where_there_is_a_driver(tmp_path, monkeypatch, driver):
    monkeypatch.setattr(sys, "platform", "linux")
    assert device.without_accelerator(tmp_path)
    (tmp_path / driver).touch()
    assert not device.without_accelerator(tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not device.without_accelerator(tmp_path / "nothing")


def test_what_is_not_there_is_named():
    with pytest.raises(UserError, match="device 'cuda:99' is not there"):
        device.resolve("cuda:99")
    with pytest.raises(UserError, match="unknown device 'gpu'; expected auto, cpu"):
        device.resolve("gpu")


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_is_the_fastest_that_is_there(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(device, "without_accelerator", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device.resolve("auto") == expected


def test_an_apple_gpu_is_other_hardware_than_its_processor(monkeypatch):
    """Seconds and memory of past runs are looked up by hardware."""
    reply = subprocess.CompletedProcess([], 0, stdout="Apple M2 Pro\n")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(device.subprocess, "run", lambda *_, **__: reply)
    assert (device.describe("cpu"), device.describe("mps")) == ("Apple M2 Pro", "Apple M2 Pro GPU")


class WithoutFloat64(TorchDispatchMode):
    """Operations on float32 tensors may not give float64 ones, as on an Apple GPU, except in `float64` itself."""

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        if not allowed and (named or {}).get("dtype") == torch.float64:
            tensors = [tensor for tensor in arguments if isinstance(tensor, torch.Tensor)]
            assert all(tensor.dtype == torch.float64 for tensor in tensors), f"{function} makes float64 on the device"
        return function(*arguments, **(named or {}))


allowed = []


def test_the_error_of_a_network_is_measured_without_float64_on_its_device(monkeypatch):
    """What is computed in double precision was handed to `float64` before, which knows where there is none."""

    def elsewhere(tensor):
        allowed.append(1)
        try:
            return tensor.double()
        finally:
            allowed.pop()

    monkeypatch.setattr(error_curve, "float64", elsewhere)
    x = torch.randn(6, 1, 4, 4)
    split = Split(x, torch.arange(6) % 2, torch.arange(6))
    network = ResidualMLP((1, 4, 4), 2, width=8, blocks=1, condition=8)
    with WithoutFloat64():
        curve = error_curve.error_curve(network, "v", split, np.linspace(-3, 3, 4), seed=0)
        ends = error_curve.prior_nats(split, -3.0), error_curve.decoder_nats(split, 3.0, None, seed=0)
    assert np.isfinite([*curve.eps_error, *ends]).all()
