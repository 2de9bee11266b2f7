"""A random sample of a bundle's runs again, through the harness, and its scores compared with the ones handed in.

On the same CPU and version of torch a run by itself repeats bit for bit, so every score is compared to `EXACT`,
relatively. One that was compiled, stacked or split does not, nor does one on a GPU.
Elsewhere rounding differs and training amplifies it; there the final scores that are compared by ratio may differ
relatively by `ELSEWHERE`. Measured: the scores of five runs of digits-v1 and gmm-v1 on one CPU with and without its
vector instructions differ by at most 3·10⁻⁶ (fd, ε-error, excess risk); the rest is room for GPUs and longer tracks.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from math import isfinite

import numpy as np
import torch

from harness.device import describe
from harness.metrics.keys import Measured, parse
from harness.metrics.registry import METRICS
from harness.runs.run import execute
from leaderboards.releases.bundles.contents import Bundle, BundledRun
from leaderboards.releases.publishing import freezing
from schedules.errors import UserError

EXACT, ELSEWHERE = 1e-6, 0.02
TINY = 1e-9
ARCHITECTURES = frozenset({"", "x86_64", "amd64", "i386", "i686", "arm", "arm64", "aarch64"})
"""What some systems give for a processor's name: many processors, which do not round alike."""


@dataclass(frozen=True)
class Compared:
    """One run, handed in and run again. differences: a line for each score that is beyond the tolerance."""

    run: BundledRun
    exact: bool
    scores: int
    largest: float
    differences: tuple[str, ...]

    @property
    def agreed(self) -> bool:
        return not self.differences


def unverifiable(bundle: Bundle) -> dict[str, str]:
    """entry → why its runs cannot be run here: its schedule is not registered, or is another one here."""
    reasons = {}
    for run in bundle.runs:
        if run.entry in reasons:
            continue
        try:
            spec = run.spec
            if spec.entry.fingerprint != run.fingerprint:
                reasons[run.entry] = "what is registered here under this name is another density"
        except (UserError, ValueError) as error:
            reasons[run.entry] = (str(error) or type(error).__name__).splitlines()[0]
    return reasons


def sample(bundle: Bundle, beyond: dict[str, str], count: int, seed: int) -> list[BundledRun]:
    """`count` of the runs that can be run here, drawn without replacement; all of them where they are fewer."""
    able = [run for run in bundle.runs if run.entry not in beyond]
    chosen = np.random.default_rng(seed).permutation(len(able))[:count]
    return [able[place] for place in sorted(chosen)]


def compare(bundle: Bundle, run: BundledRun, device: torch.device) -> Compared:
    """Run one again and compare."""
    exact = same_place(bundle, run, device)
    spec = run.spec
    if spec.key != run.run_key:
        return Compared(run, exact, 0, 0.0, (f"the run key is not that of {spec}",))
    # As a worker of the harness does: another number of threads adds up in another order.
    torch.set_num_threads(1)
    result = execute(spec, device)
    if result.outcome != run.outcome:
        return Compared(run, exact, 0, 0.0, (f"outcome {run.outcome}; run again: {result.outcome} {result.reason}",))
    again = {measured.mark_key: value for measured, value in result.values.items()}
    allowed = EXACT if exact else ELSEWHERE
    differences, largest, count = [], 0.0, 0
    for key, value in run.scores.items():
        measured = parse(key)
        if measured is None or not (exact or _robust(measured)):
            continue
        count += 1
        now = again.get(key, float("nan"))
        apart = abs(value - now) / max(abs(value), abs(now), TINY) if isfinite(now) else float("inf")
        largest = max(largest, apart)
        if apart > allowed:
            differences.append(f"{key}: {value:.6g}; run again: {now:.6g}")
    if exact and (more := sorted(key for key in set(again) - set(run.scores) if freezing.kept(key))):
        differences.append(f"not handed in: {', '.join(more)}")
    return Compared(run, exact, count, largest, tuple(differences))


def tolerance(one: Compared) -> str:
    """What was compared, and how closely, in words."""
    if one.exact:
        return f"same hardware and torch: every score to {EXACT:g}"
    return f"other hardware, torch or execution: final distances, risks and errors to {100 * ELSEWHERE:g} %"


def same_place(bundle: Bundle, run: BundledRun, device: torch.device) -> bool:
    """Whether the run was made by itself on this CPU with this version of torch, as far as the bundle says."""
    if device.type != "cpu" or any("execution" in versions for versions in bundle.manifest.environment):
        return False
    made_with = {versions.get("torch") for versions in bundle.manifest.environment}
    named = run.hardware.lower() not in ARCHITECTURES
    return named and run.hardware == describe(str(device)) and made_with == {importlib.metadata.version("torch")}


def _robust(measured: Measured) -> bool:
    # The scale that validation chooses, at which a run is sampled again, may be another one elsewhere.
    return measured.mark == 1.0 and measured.metric != "fd_resampled" and METRICS[measured.metric].compare == "ratio"
