"""Compilation of the network, and of a whole step into one CUDA graph. Neither is part of what a run is: results agree
to rounding.

A network names the modules that are compiled one by one (`Network.parts`): those of a DiT are its blocks, which are
alike, so that twelve are compiled once. torch keeps what it compiled by code and by shapes, with the weights as
arguments: the averaged copy and every later run of a process find it there.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass

import torch

from harness.networks.network import Network
from schedules.errors import UserError

WISHES = ("auto", "on", "off")
COMPILERS = ("g++", "c++", "clang++", "cl")


@dataclass(frozen=True)
class Compilation:
    """backend: torch.compile's, "" for none; graph: whether a step is captured and replayed as one CUDA graph."""

    backend: str = ""
    graph: bool = False

    def __str__(self) -> str:
        return " + ".join(part for part in (self.backend, "cuda graph" if self.graph else "") if part) or "off"


OFF = Compilation()


def compilation(wish: str, device: torch.device) -> Compilation:
    """What `--compile` means on a device: "auto" compiles on CUDA alone, as far as its tools are there.

    UserError for "on" where the tools are missing or torch.compile doesn't know the device.
    """
    if wish not in WISHES:
        raise UserError(f"--compile is {wish!r}; expected {', '.join(WISHES)}")
    if wish == "off" or (wish == "auto" and device.type != "cuda"):
        return OFF
    missing = _missing(device)
    if missing and wish == "on":
        raise UserError(f"--compile on: {missing}; --compile off does without")
    return Compilation("" if missing else "inductor", graph=device.type == "cuda")


def _missing(device: torch.device) -> str:
    if device.type not in ("cpu", "cuda"):
        return f"expected a CPU or a CUDA device, not {device.type}"
    if not any(map(shutil.which, (os.environ.get("CXX", ""), *COMPILERS))):
        return "torch.compile needs a C++ compiler, and none is on the PATH"
    if device.type == "cuda" and importlib.util.find_spec("triton") is None:
        return "torch.compile needs Triton on CUDA, and it is not installed"
    return ""


def compiled(network: Network, backend: str) -> None:
    """Compile the network in place, for training and for sampling; its names, weights and methods stay."""
    for part in network.parts():
        part.compile(backend=backend)
