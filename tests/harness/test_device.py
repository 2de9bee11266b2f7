"""Which device `auto` means."""

import sys

import pytest

from harness import device
from schedules.errors import UserError


@pytest.mark.parametrize("driver", device.ACCELERATORS)
def test_torch_is_asked_only_where_there_is_a_driver(tmp_path, monkeypatch, driver):
    monkeypatch.setattr(sys, "platform", "linux")
    assert device._without_accelerator(tmp_path)
    (tmp_path / driver).touch()
    assert not device._without_accelerator(tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not device._without_accelerator(tmp_path / "nothing")


def test_what_is_not_there_is_named():
    with pytest.raises(UserError, match="device 'cuda:99' is not there"):
        device.resolve("cuda:99")
    with pytest.raises(UserError, match="unknown device 'gpu'; expected auto, cpu"):
        device.resolve("gpu")
