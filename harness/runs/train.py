"""One run for a notebook: trained and scored in this process, recorded nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch

from harness import tracks
from harness.device import resolve
from harness.runs.run import execute
from harness.specs import Apply, Entry, RunSpec, checked_target
from harness.tracks.shortened import name_of, whole_blocks
from schedules import Schedule
from schedules.errors import whole_number


@dataclass(frozen=True)
class Trained:
    """What a run gave.

    outcome: "finished" or "diverged"; reason: why it diverged, "" otherwise
    scores:  a row for each `metric, split, guidance, mark, value`; guidance is NaN where no samples are drawn
    curve:   held-out ε-error against λ: columns `logsnr` (nats), `eps_error` (per dimension), and `excess` where the
             optimum is known
    losses:  columns `step`, `loss`: the mean training loss since the step before
    samples: (rows, columns, *shape) unguided samples in [0, 1], a column for each label; None where it diverged
    weights: the averaged weights, by name (as the network's `state_dict`)

        >>> import harness
        >>> run = harness.train("gmm-v1", "laplace", steps=100)
        >>> run.entry, run.target, run.seed
        ('laplace', 'v', 0)
        >>> sorted(run.scores["metric"].unique())[:3]
        ['eps_error', 'excess', 'fd']
    """

    track: str
    entry: str
    target: str
    seed: int
    outcome: str
    reason: str
    scores: pd.DataFrame = field(repr=False)
    curve: pd.DataFrame = field(repr=False)
    losses: pd.DataFrame = field(repr=False)
    samples: np.ndarray | None = field(repr=False)
    weights: dict[str, np.ndarray] = field(repr=False)


def train(
    track: str,
    schedule: str | Schedule,
    target: str = "v",
    seed: int = 0,
    *,
    weighting: str = "native",
    apply: Apply = "sample",
    device: str = "auto",
    steps: int | None = None,
) -> Trained:
    """Train one model and score it, by the track's rules: the numbers that `snrbench run` records for this run.

    track:    its name, as `snrbench tracks list` gives it
    schedule: a spec ("laplace:scale=0.7|shift:a=3"), or what `schedules.create` made
    target:   what the network predicts, one of the track's targets
    seed:     of data order, noise, initial weights and samples; 0 or more
    steps:    a shorter budget, to explore; None trains the track's own. Rounded to whole blocks of steps

    UserError for a name or a value that cannot be, before anything is trained.

        >>> import harness
        >>> run = harness.train("gmm-v1", "cosine", steps=100)
        >>> run.outcome, run.curve.columns.tolist()
        ('finished', ['logsnr', 'eps_error', 'excess'])
    """
    seed = whole_number("seed", seed)
    name = track if steps is None else _shortened(track, whole_number("steps", steps, least=1))
    entry = Entry.of(schedule.spec if isinstance(schedule, Schedule) else schedule, weighting, apply)
    spec = RunSpec(track=name, target=checked_target(tracks.get(name), target), entry=entry, seed=seed)
    place = torch.device(resolve(device))
    with _one_thread(place):
        result = execute(spec, place)
    scores = result.scores
    curve = scores.curve if scores is not None else None
    return Trained(
        track=name,
        entry=entry.label,
        target=target,
        seed=seed,
        outcome=result.outcome,
        reason=result.reason,
        scores=pd.DataFrame(
            [(at.metric, at.split, at.guidance, at.mark, value) for at, value in result.values.items()],
            columns=["metric", "split", "guidance", "mark", "value"],
        ),
        curve=pd.DataFrame()
        if curve is None
        else pd.DataFrame(
            {"logsnr": curve.logsnr, "eps_error": curve.eps_error}
            | ({} if curve.excess is None else {"excess": curve.excess})
        ),
        losses=pd.DataFrame(result.losses, columns=["step", "loss"]),
        samples=None if scores is None or scores.shown is None else scores.shown.cpu().numpy(),
        weights={key: value.numpy() for key, value in result.weights.items()},
    )


def _shortened(track: str, steps: int) -> str:
    full = tracks.get(track)
    return name_of(full, whole_blocks(full, steps / full.training.steps))


@contextmanager
def _one_thread(place: torch.device) -> Iterator[None]:
    """One thread on a CPU: the networks of the small tracks are ten times slower on several that share the cores."""
    threads = torch.get_num_threads()
    try:
        if place.type == "cpu":
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(threads)
