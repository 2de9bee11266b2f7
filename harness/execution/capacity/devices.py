"""The devices that workers are dealt over, and the memory that is free on them."""

from __future__ import annotations

from harness.execution.capacity.footprint import MIB
from harness.execution.capacity.free_memory import available


def devices_of(device: str) -> list[str]:
    """The devices that workers are dealt over: every GPU where none is named by its number."""
    if device != "cuda":
        return [device]
    import torch

    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or [device]


def room_on(device: str) -> float | None:
    """MiB free on a device, the largest one where several are meant; None where that cannot be told."""
    if not device.startswith("cuda"):
        free = available()
        return None if free is None else free / MIB
    import torch

    return max(float(torch.cuda.mem_get_info(single)[0]) for single in devices_of(device)) / MIB
