"""How many workers a machine takes."""

from __future__ import annotations

import os
from dataclasses import replace

from harness.execution.capacity.devices import devices_of, room_on
from harness.execution.capacity.memory_check import CONTEXT_MIB, need
from harness.execution.job import Settings
from harness.results.store import Store

MIB = 2**20
UNKNOWN_PEAK_MIB = 2048.0
UNKNOWN_SHARE = 0.25
STACKS_ON_A_GPU = 8
"""Workers with stacks on one GPU: scoring is mostly the host's work, and one process leaves the GPU idle meanwhile."""
ALLOCATOR = 1.5
"""torch's allocator holds more than what is allocated in it at the peak."""
GRAPHS_MIB = 1100.0
"""What the pools of captured graphs and compiled code hold besides: digits-v1, 44 MiB by its card, held 1,132 on an
NVIDIA H200."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers_for(settings: Settings, store: Store, track: str) -> int:
    """Workers at a time: as asked, else one a core, and on GPUs no more than their free memory takes."""
    if settings.workers is not None:
        return settings.workers
    if settings.device == "mps" or settings.split.processes > 1:
        return 1
    if not settings.device.startswith("cuda"):
        return cores()
    if settings.stack != 1:
        return _workers_with_stacks(settings, store, track)
    return max(1, min(cores(), sum(_room(settings, mib_of_a_run(store, track, settings.device, settings)))))


def _workers_with_stacks(settings: Settings, store: Store, track: str) -> int:
    each = stacks_on_a_gpu(settings)
    if settings.stack is None:  # stacks will be as large as the memory of a worker takes
        return each * len(devices_of(settings.device))
    base, run_mib = _base_and_run(store, track, settings)
    return sum(max(1, min(each, room)) for room in _room(settings, base + settings.stack * run_mib))


def _room(settings: Settings, mib: float) -> list[int]:
    """How many processes of `mib` the free memory of each GPU takes."""
    import torch

    return [int(torch.cuda.mem_get_info(device)[0] / MIB // mib) for device in devices_of(settings.device)]


def stacks_on_a_gpu(settings: Settings) -> int:
    """Workers that share a GPU when they execute many runs at once: as asked, else by the cores that each GPU has."""
    devices = len(devices_of(settings.device))
    if settings.workers is not None:
        return -(-settings.workers // devices)
    return max(1, min(STACKS_ON_A_GPU, cores() // devices))


def share_of_gpu(store: Store, track: str) -> float:
    """The share of a GPU that a run asks a cluster for: by its memory, where this machine has such a GPU."""
    import torch

    if not torch.cuda.is_available():
        return UNKNOWN_SHARE
    whole = torch.cuda.get_device_properties(0).total_memory / MIB
    return 1 / max(1, int(whole // mib_of_a_run(store, track, "cuda:0")))


def mib_of_a_run(store: Store, track: str, device: str, settings: Settings | None = None) -> float:
    """MiB that a process needs on a GPU for a run of the track: by past runs, else by its card."""
    return sum(_base_and_run(store, track, replace(settings or Settings(), device=device)))


def _base_and_run(store: Store, track: str, settings: Settings) -> tuple[float, float]:
    """MiB of a process on a GPU whatever it runs, and of a run in it."""
    needed = need(store, track, settings, room_on(settings.device))
    if needed is not None and needed.measured:
        return CONTEXT_MIB, needed.mib
    graphs = GRAPHS_MIB if settings.compile != "off" else 0.0
    return CONTEXT_MIB + graphs, ALLOCATOR * (UNKNOWN_PEAK_MIB if needed is None else needed.mib)
