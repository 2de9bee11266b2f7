"""What has to be measured on a GPU, one after another: agreement, memory, throughput, stacks, processes, cost.

    python tests/benchmarks/on_a_gpu.py [--list] [--only WORD] [--peak 989]

Each part is a command that can be run by itself; it is printed, then what it prints. A part that fails does not stop
the others; at the end all that failed are named, and the exit code is 1. `--peak`: TFLOP/s of the GPU in bf16, for the
utilisation of DiT-B/2. Costs are written into the cards of the tracks whose data are here.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from harness import tracks
from schedules.errors import UserError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def parts(peak: float, store: Path) -> list[list[str]]:
    """The commands."""
    python, snrbench = [sys.executable], [str(Path(sys.executable).with_name("snrbench"))]
    gpu = ["--device", "cuda"]
    tests = [
        f"tests/harness/{what}.py"
        for what in ("training/test_speed", "stacked/test_stacked", "measuring/test_footprint")
    ]
    found = [[*python, "-m", "pytest", "-q", *tests]]
    for precision in ("fp32", "bf16"):
        for compile in ("off", "on"):
            how = [*gpu, "--precision", precision, "--compile", compile]
            train, sample = (str(HERE / f"{kind}_throughput.py") for kind in ("train", "sample"))
            found += [
                [*python, train, "digits-v1", "gmm-v1", "mnist-v1", "cifar10-v1", "unet-cifar10", *how],
                [*python, train, "dit-B/2", "--batch", "256", "--peak", f"{peak:g}", *how],
                [*python, sample, "digits-v1", "mnist-v1", "dit-B/2", *how],
            ]
    stacked = [*python, str(HERE / "stacked.py"), *gpu, "--sizes", "8", "32", "--processes", "1", "8"]
    found += [[*stacked, "--track", track] for track in ("digits-v1", "mnist-v1") if here(track)]
    processes = max(1, torch.cuda.device_count())
    one_run = [*snrbench, "run", "digits-v1", "-s", "laplace", "--seeds", "1", *gpu, "--store", str(store)]
    found += [[*one_run, "--nproc", str(processes), "--micro-batch", "32"]]
    found += [
        [*python, "-m", "harness.measuring.measure", track, "--cost", "cuda"] for track in tracks.names() if here(track)
    ]
    return found


def here(track: str) -> bool:
    """Whether a track's data and weights can be had."""
    try:
        tracks.get(track).check()
    except UserError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the commands and run none")
    parser.add_argument("--only", metavar="WORD", default="", help="the commands that hold this word")
    parser.add_argument("--peak", type=float, default=989.0)
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for command in parts(options.peak, Path(folder) / "store"):
            line = shlex.join(command)
            if options.only not in line:
                continue
            print(f"$ {line}", flush=True)
            if not options.list and subprocess.run(command, cwd=ROOT, check=False).returncode:
                failed.append(line)
    for line in failed:
        print(f"failed: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
