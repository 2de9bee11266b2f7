"""Which device a run uses. torch is imported for what is asked about an accelerator: the import takes seconds."""

from __future__ import annotations

import contextlib
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from schedules.errors import UserError

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def resolve(name: str) -> str:
    """`auto`, `cpu`, `cuda`, `cuda:1`, `mps` → the name of a device that is there; UserError otherwise."""
    if name == "cpu":
        return name
    if not re.fullmatch(r"auto|mps|cuda(:\d+)?", name):
        raise UserError(f"unknown device {name!r}; expected auto, cpu, cuda, cuda:N or mps")
    if name == "auto" and without_accelerator():
        return "cpu"
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(f"device {name!r} is not there; CUDA devices found: {torch.cuda.device_count()}")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UserError("device 'mps' is not there")
    return name


ACCELERATORS = ("nvidiactl", "nvmap", "dxg", "kfd")  # as Linux shows them: NVIDIA, Jetson, WSL, AMD


def without_accelerator(devices: Path = Path("/dev")) -> bool:
    """Whether the system itself says that there is none, so that torch need not be asked."""
    return sys.platform == "linux" and not any((devices / name).exists() for name in ACCELERATORS)


def float64(tensor: Tensor) -> Tensor:
    """The tensor in double precision: where it is, or on the CPU where its device has none (Apple's GPUs)."""
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()


def wait_for(device: torch.device) -> None:
    """Return when the device has done all that it was given."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def describe(device: str) -> str:
    """Name of a device's hardware, for the record."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(device)
    processor = _processor() or platform.processor() or platform.machine()
    return f"{processor} GPU" if device == "mps" else processor


def _processor() -> str:
    """Model of the CPU as Linux or macOS names it; "" elsewhere."""
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with contextlib.suppress(OSError):
            return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith("model name")).partition(":")[2].strip()
    return ""
