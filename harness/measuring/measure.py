"""Measures the card of a track: its floors, its end terms, and what runs of the baseline cost and scatter.

    python -P -m harness.tracks.measure digits-v1 --store snrbench-store
    python -P -m harness.tracks.measure digits-v1 --cost cuda
    python -P -m harness.tracks.measure cifar10-v1 --device cuda

writes harness/tracks/cards/<track>.json. The baseline's figures come from the store, which must hold its runs. With
`--cost` only the seconds of a run on that device are measured, and put into the card beside what it holds. `--device`
is where features are computed, which takes long on a CPU where they are Inception's.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from harness import tracks
from harness.device import describe
from harness.evaluation import scoring
from harness.evaluation.drawing import SAMPLING_CHUNK, Drawn
from harness.evaluation.references import References
from harness.measuring.memory import footprint_alone
from harness.metrics.feature_space import PlainSpace
from harness.metrics.registry import METRICS
from harness.results.read import read_runs
from harness.runs.run import Bench
from harness.specs import BASELINE, Entry, RunSpec
from harness.tracks.track import Track, card_file, counted, read_card
from harness.training.compilation import compilation
from schedules.errors import UserError

REPEATS = 10


def main() -> None:
    """Measure and write one card."""
    parser = argparse.ArgumentParser(description="Measure the card of a track and write it to harness/tracks/cards.")
    parser.add_argument("track", choices=tracks.names())
    parser.add_argument("--store", type=Path, default=Path("snrbench-store"))
    parser.add_argument("--cost", choices=("cpu", "cuda"), help="measure the seconds of a run alone, on this device")
    parser.add_argument("--device", default="cpu", help="where floors are measured: cpu, cuda, cuda:N")
    options = parser.parse_args()
    torch.set_num_threads(1)
    track = tracks.get(options.track)
    try:
        card = (
            with_cost(read_card(track.name), track, options.cost)
            if options.cost
            else whole(track, options.store, options.device)
        )
    except UserError as refused:
        parser.error(str(refused))
    path = card_file(track.name)
    path.write_text(json.dumps(card, indent=2) + "\n")
    print(path.read_text())


def whole(track: Track, store: Path, device: str = "cpu") -> dict[str, Any]:
    """The card; seconds of a run that were measured by themselves are kept as long as the track is the same."""
    place = Bench(track, torch.device(device))
    before = read_card(track.name)
    card = {
        "fingerprint": track.fingerprint,
        "protocol": track.protocol,
        "command": f"python -P -m harness.tracks.measure {track.name}",
        "memory_mib": {
            name: round(mib, 1) for name, mib in asdict(footprint_alone(track, torch.device(device))).items()
        },
        **facts(place),
        "floors": floors(place),
        **baseline(track, store),
    }
    if "cost" in before and before.get("fingerprint") == track.fingerprint:
        retained = ("cost", "seconds_a_run_on_one_cpu_core")
        card |= {name: before[name] for name in retained if name in before}
    if "board_targets" in before:
        card["board_targets"] = before["board_targets"]
    return card


def with_cost(card: dict[str, Any], track: Track, kind: str) -> dict[str, Any]:
    """The card with the seconds of a run on this kind of device.

    On a CPU they are those of one core's time, which other work on the machine hardly moves; on a GPU those of the
    clock.
    """
    device = torch.device(kind)
    seconds = cost(Bench(track, device, compilation("auto", device)))
    card = {"fingerprint": track.fingerprint, "protocol": track.protocol, **card}
    card["cost"] = {**card.get("cost", {}), kind: {"hardware": describe(kind), **seconds}}
    if kind == "cpu":
        card["seconds_a_run_on_one_cpu_core"] = round(sum(seconds.values()), 1)
    return card


def cost(place: Bench) -> dict[str, float]:
    """Seconds of training and of evaluation in a run of the baseline, without loading its data.

    Training is timed up to the first mark and counted for all steps; evaluation is timed at the first mark and at the
    last, and the first counted for all but the last.
    """
    track, spec = place.track, RunSpec(track=place.track.name, target="v", entry=Entry.of(BASELINE), seed=0)
    first, clock = track.mark_steps()[0], _clock(place.device)
    once = place.trainer(spec)
    once.run(track.training.block)
    if place.device.type != "cpu":  # where sampling is compiled when it is first asked for
        place.score(once, spec, track.marks[0])
    trainer, before = place.trainer(spec), clock()
    trainer.run(first)
    training = (clock() - before) / first * track.training.steps
    seconds = []
    for mark in (track.marks[0], track.marks[-1]):
        before = clock()
        place.score(trainer, spec, mark)
        seconds.append(clock() - before)
    evaluation = seconds[0] * (len(track.marks) - 1) + seconds[1]
    return {"training": round(training, 1), "evaluation": round(evaluation, 1)}


def _clock(device: torch.device) -> Callable[[], float]:
    if device.type == "cpu":
        return time.process_time

    def waited() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return waited


def facts(place: Bench) -> dict[str, Any]:
    """Sizes, scale and constants of the bound."""
    data, low_high = place.data, place.track.evaluation.curve_logsnr[:2]
    nats = math.prod(data.shape) * math.log(2)
    references = place.evaluator.references
    measured: dict[str, Any] = {
        "sizes": {"train": len(data.train), "val": len(data.val), "test": len(data.test)},
        "shape": list(data.shape),
        "feature_dimensions": len(references.own.splits["test"].moments.mean),
        "mean": data.mean,
        "sigma_data": data.std,
        "network_parameters": sum(parameter.numel() for parameter in place.network(0).parameters()),
    }
    if not data.latent:
        prior, decoder = references.end_terms
        measured["nll"] = {
            "logsnr_range": list(low_high),
            "integration": f"trapezoid over {len(references.logsnr)} points",
            "prior_bits_per_dim": prior / nats,
            "decoder": "softmax over the data's levels" if data.levels is not None else "Gaussian density",
            "decoder_bits_per_dim": decoder / nats,
        }
    space = references.space
    classifier = getattr(space.features, "classifier", None) if isinstance(space, PlainSpace) else None
    if data.classes and classifier is not None:
        with torch.inference_mode():
            right = (classifier(data.test.x).argmax(dim=1) == data.test.labels).double().mean()
        measured["classifier_test_accuracy"] = round(float(right), 4)
    return measured


def floors(place: Bench) -> dict[str, float]:
    """Each sample metric with real training data in the place of samples, mean over ten random subsets."""
    references, rules, data = place.evaluator.references, place.evaluator.rules, place.data
    count = max((rules.samples, *rules.fid))
    if rules.paired_points > rules.samples:
        raise UserError(
            f"{place.track.name} takes kd of {rules.paired_points} samples and draws {rules.samples}; expected at most "
            "as many"
        )
    if rules.fid and count > len(data.train):
        raise UserError(
            f"{place.track.name} has {len(data.train)} training images; the floor of {counted('fid', count)} is of "
            f"{count}, as its name says"
        )
    by_metric: dict[str, list[float]] = {}
    for repeat in range(REPEATS):
        rng = np.random.default_rng([place.track.evaluation.seed, repeat])
        x = data.train.x[torch.from_numpy(rng.permutation(len(data.train))[:count])]
        for metric, value in _scores(references, x, rng).items():
            by_metric.setdefault(metric, []).append(value)
    return {metric: float(np.mean(values)) for metric, values in by_metric.items()}


def _scores(references: References, x: torch.Tensor, rng: np.random.Generator) -> dict[str, float]:
    """What the metrics that have a floor give for real data in the place of samples."""
    x, second = x.to(references.device), references.second
    drawn = Drawn(x, references.space.of(x), None if second is None else second.space.of(x))
    # Validation data stand in for samples: training data are their own nearest neighbours.
    held_out = references.data.val.x
    fresh = held_out[torch.from_numpy(rng.permutation(len(held_out))[:SAMPLING_CHUNK])]
    subjects = scoring.subjects(drawn, references, looked_at=fresh)
    chosen = [measure for measure in scoring.measures(references) if measure.metric.floored]
    scores = scoring.scored(chosen, subjects, references, splits=("test",))
    return {measured.metric: value for measured, value in scores.items() if not METRICS[measured.metric].error_of}


def baseline(track: Track, store: Path) -> dict[str, Any]:
    """Seconds of a run, and the baseline's scores by target with their spread over seeds: unguided and at its best."""
    runs = read_runs(store, track.name, track.protocol)
    if runs.empty:
        return {}
    seconds = runs[runs.metric.str.startswith("seconds/")].groupby("run_id").value.sum()
    at_end = runs[(runs.entry == BASELINE) & (runs.mark == 1.0)]
    mine = at_end[(at_end.split == "test") & (at_end.guidance.isna() | (at_end.guidance == 1.0))]
    spread: dict[str, Any] = {}
    distance = track.evaluation.distance
    for target, of_target in mine.groupby("target"):
        scores = {metric: cell.value.to_numpy() for metric, cell in of_target.groupby("metric")}
        spread[str(target)] = {
            "seeds": len(scores[distance]),
            **_spread(scores[distance]),
            "memorised_mean": float(scores["memorised"].mean()),
        }
    return {
        "seconds_a_run_on_one_cpu_core": round(float(seconds.median()), 1),
        "baseline_unguided": spread,
        "baseline_best": best_guided(at_end[at_end.metric == distance]),
    }


def best_guided(distances: pd.DataFrame) -> dict[str, Any]:
    """Target → the baseline's test scores at the scale of guidance whose validation mean of logarithms is smallest.

    distances: its rows of the track's distance at the full budget, of both splits
    """
    chosen: dict[str, Any] = {}
    for target, of_target in distances.groupby("target"):
        validation = of_target[of_target.split == "val"]
        scales = np.unique(validation.guidance.to_numpy(dtype=float))
        means = [np.log(validation.value[validation.guidance == scale]).mean() for scale in scales]
        scale = float(scales[int(np.argmin(means))])
        test = of_target[(of_target.split == "test") & (of_target.guidance == scale)]
        chosen[str(target)] = {"guidance": scale, "seeds": len(test), **_spread(test.value.to_numpy())}
    return chosen


def _spread(values: np.ndarray) -> dict[str, float | None]:
    sd = float(np.log(values).std(ddof=1)) if len(values) > 1 else None
    return {"fd_mean": float(values.mean()), "fd_sd_of_log": sd}


if __name__ == "__main__":
    main()
