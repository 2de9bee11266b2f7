"""What has to be measured on a GPU, on a machine that is lent for minutes: runs of a board, CUDA tests, benchmarks.

    python tests/benchmarks/on_a_gpu.py --pack data                              where the data are
    python tests/benchmarks/on_a_gpu.py --evidence --data data --out results     on the machine
    mkdir store && tar -xzf results/store.tar.gz -C store                        where results are kept
    snrbench publish fashion-latent-gpu-v1 --store store

The tree, Python, and what it imports are enough: neither the project nor a network is needed. Parts asked for run in
this order:

    --evidence     runs of `--track` (evidence.py has the entries), seed by seed, interrupted after `--minutes`; then
                   store.tar.gz, the store without weights, and results.bundle, as `snrbench bundle` writes it
    --tests        the tests that need CUDA; tests.txt
    --benchmarks   runs per hour (a line may take five minutes: its processes compile before they are measured), then
                   costs with memory, throughput (two minutes each), least known first; benchmarks.txt, and
                   cards.tar.gz with the costs. `--peak`: TFLOP/s of the GPU in bf16, for the utilisation of DiT-B/2

Every command is printed, then what it prints. One that fails does not stop the others; at the end all that failed are
named, and the exit code is 1. `--list` prints the commands and runs none, `--only WORD` takes those with this word.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import evidence
import from_checkout
import packing
from shown import Shown

from harness import tracks
from harness.data.images import VARIABLE
from harness.tracks.track import card_file
from schedules.errors import UserError

HERE, ROOT = Path(__file__).parent, from_checkout.ROOT
PYTHON = [sys.executable]
CUDA_TESTS = ("training/test_speed", "stacked/test_stacked", "metrics/test_metrics", "measuring/test_footprint")
SECONDS = 120.0
"""Of a benchmark."""
HOURLY_SECONDS = 300.0
"""Of a line of runs per hour: a minute is measured, after every process has compiled and captured all of a run."""
TEST_SECONDS = 560.0


@dataclass(frozen=True)
class Part:
    """A command.

    log:       file in the folder of results that its output goes to
    seconds:   after these it is interrupted
    stoppable: which is then no failure
    """

    command: list[str]
    log: str
    seconds: float = SECONDS
    stoppable: bool = False

    @property
    def line(self) -> str:
        return shlex.join(self.command)

    def run(self, commands: Shown, out: Path, label: str = "") -> bool:
        """Execute; whether it did what it should."""
        return commands.run(self.command, out / self.log, self.seconds, label, self.stoppable)


def board(chosen: argparse.Namespace, store: Path) -> list[Part]:
    """The runs, in commands that go side by side."""
    runs = evidence.Evidence(
        chosen.track,
        tuple(chosen.entry or (*evidence.NATIVE, *evidence.LEADERS)),
        tuple(chosen.weighting or (() if chosen.entry else evidence.WEIGHTED)),
        *(chosen.seeds, chosen.first_seed, chosen.workers, chosen.device, store),
    )
    return [
        Part(command, f"{kind}_runs.txt", 60 * chosen.minutes, stoppable=True)
        for command, kind in zip(runs.commands(), ("native", "weighted"), strict=False)
    ]


def together(parts: list[Part], commands: Shown, out: Path) -> list[str]:
    """Run side by side, each line of the screen with its part's name; returns those that failed."""
    with ThreadPoolExecutor(max(1, len(parts))) as pool:
        good = list(pool.map(lambda part: part.run(commands, out, f"{Path(part.log).stem}: "), parts))
    return [part.line for part, done in zip(parts, good, strict=True) if not done]


def bundle(track: str, store: Path, out: Path) -> Part:
    """The runs in one file; `packing` packs the store itself."""
    command = [*evidence.SNRBENCH, "bundle", track, "--store", str(store), "--out", str(out / "results.bundle")]
    return Part([*command, "--force"], "bundle.txt")


def cuda_tests() -> list[Part]:
    """Every file with tests that are skipped where there is no CUDA."""
    files = [f"tests/harness/{name}.py" for name in CUDA_TESTS]
    return [Part([*PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], "tests.txt", TEST_SECONDS)]


def benchmarks(track: str, device: str, peak: float, store: Path) -> list[Part]:
    """Each is a command that can be run by itself."""
    here = [name for name in dict.fromkeys(("digits-v1", "gmm-v1", track)) if has_data(name)]
    hourly = [*PYTHON, str(HERE / "runs_per_hour.py"), "--device", device]
    lines = [
        [*hourly, "--modes", mode, "--processes", processes]
        for mode, processes in (
            ("compiled", "4"),
            ("compiled", "1"),
            ("stacked", "4"),
            ("stacked", "1"),
            ("eager", "1"),
        )
    ]
    if has_data("mnist-latent-v1"):
        lines.append([*hourly, "mnist-latent-v1", "--modes", "compiled", "--processes", "1"])
    one_run = [*evidence.SNRBENCH, "run", "digits-v1", "-s", "laplace", "-t", "v", "--seeds", "1", "--device", device]
    others = [[*PYTHON, "-m", "harness.measuring.measure", name, "--cost", device] for name in here]
    others += [[*one_run, "--store", str(store), "--nproc", "1", "--micro-batch", "32"]]
    for compile in ("on", "off"):
        how = ["--device", device, "--rounds", "3", "--compile", compile]
        train, sample = ([*PYTHON, str(HERE / f"{kind}_throughput.py")] for kind in ("train", "sample"))
        others += [
            [*sample, *here, *how],
            [*sample, "dit-B/2", "--precision", "bf16", *how],
            [*train, *here, *how],
            [*train, "dit-B/2", "--batch", "256", "--peak", f"{peak:g}", "--precision", "bf16", *how],
        ]
    log = "benchmarks.txt"
    return [Part(line, log, HOURLY_SECONDS) for line in lines] + [Part(command, log) for command in others]


def has_data(track: str) -> bool:
    """Whether a track's data and weights can be had."""
    try:
        tracks.get(track).check()
    except UserError:
        return False
    return True


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_argument_group("parts")
    for name in ("evidence", "tests", "benchmarks"):
        parts.add_argument(f"--{name}", action="store_true")
    parts.add_argument("--pack", type=Path, metavar="DIR", help="write the track's data there, packed, and run nothing")
    parser.add_argument("--out", type=Path, default=Path("results"), help="results go there")
    parser.add_argument("--data", type=Path, metavar="DIR", help="what --pack wrote")
    parser.add_argument("--store", type=Path, help="of the runs; default: a new one")
    parser.add_argument("--track", default="fashion-latent-gpu-v1")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=4, help="of all runs; default: 4")
    parser.add_argument("--minutes", type=float, default=8.0, help="after which the runs are interrupted; default: 8")
    parser.add_argument("--entry", action="append", help="these alone, instead of the rows and leaders; repeatable")
    parser.add_argument("--weighting", action="append", help="of cosine, beside --entry; repeatable")
    parser.add_argument("--peak", type=float, default=989.0)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", metavar="WORD", default="")
    chosen = parser.parse_args()
    if not (chosen.evidence or chosen.tests or chosen.benchmarks or chosen.pack):
        parser.error("nothing to do; expected --evidence, --tests, --benchmarks or --pack")
    return chosen


def main() -> int:
    chosen = options()
    if chosen.pack:
        for file in packing.pack_data(chosen.track, chosen.pack):
            print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        return measure(chosen, Path(scratch))


def measure(chosen: argparse.Namespace, scratch: Path) -> int:
    """The parts asked for, in order."""
    out, store = chosen.out.resolve(), (chosen.store or scratch / "store").resolve()
    if chosen.data:
        packing.unpack_data(chosen.data, scratch / "data")
        os.environ[VARIABLE] = str(scratch / "data")  # `has_data` looks there, too
    environment = {**from_checkout.environment(scratch / "metadata"), "MLFLOW_DISABLE_TELEMETRY": "true"}
    commands = Shown(environment, ROOT)
    if not chosen.list:
        out.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []

    def run(parts: list[Part]) -> None:
        parts = [part for part in parts if chosen.only in part.line]
        for part in parts:
            if chosen.list:
                print(f"$ {part.line}")
            elif not part.run(commands, out):
                failed.append(part.line)

    started = time.monotonic()
    if chosen.evidence:
        runs = board(chosen, store)
        if chosen.list:
            run(runs)
        else:
            failed += together([part for part in runs if chosen.only in part.line], commands, out)
            packing.pack_store(store, out / "store.tar.gz")
        run([bundle(chosen.track, store, out)])
    if chosen.tests:
        run(cuda_tests())
    if chosen.benchmarks:
        run(benchmarks(chosen.track, chosen.device, chosen.peak, scratch / "nproc"))
        if not chosen.list:
            cards = {f"{name}.json" for name in tracks.names()}
            packing.pack(card_file(chosen.track).parent, out / "cards.tar.gz", lambda file: file.name in cards)
    if not chosen.list:
        for file in sorted(out.iterdir()):
            print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")
        print(f"{time.monotonic() - started:.0f} s")
    for line in failed:
        print(f"failed: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
