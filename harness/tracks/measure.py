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
from harness.evaluation import SAMPLING_CHUNK, Evaluator
from harness.footprint import of_data
from harness.metrics.frechet import Moments, frechet_distance
from harness.metrics.kernel import KernelDistance
from harness.metrics.neighbours import memorised, precision_recall
from harness.run import Bench
from harness.specs import BASELINE, Entry, RunSpec
from harness.tracking.read import read_runs
from harness.tracks.track import Track, counted, read_card
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
    path = Path(__file__).with_name("cards") / f"{track.name}.json"
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
        **facts(place),
        "floors": floors(place),
        **baseline(track, store),
    }
    if "cost" in before and before.get("fingerprint") == track.fingerprint:
        kept = ("cost", "seconds_a_run_on_one_cpu_core")
        card |= {name: before[name] for name in kept if name in before}
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
    found: dict[str, Any] = {
        "sizes": {"train": len(data.train), "val": len(data.val), "test": len(data.test)},
        "shape": list(data.shape),
        "feature_dimensions": len(place.evaluator.moments["test"].mean),
        "mean": data.mean,
        "sigma_data": data.std,
        "network_parameters": sum(parameter.numel() for parameter in place.network(0).parameters()),
        "memory_mib": {name: round(mib, 1) for name, mib in asdict(of_data(place.track, data)).items()},
    }
    if not data.latent:
        prior, decoder = place.evaluator.end_terms
        found["nll"] = {
            "logsnr_range": list(low_high),
            "integration": f"trapezoid over {len(place.evaluator.logsnr)} points",
            "prior_bits_per_dim": prior / nats,
            "decoder": "softmax over the data's levels" if data.levels is not None else "Gaussian density",
            "decoder_bits_per_dim": decoder / nats,
        }
    classifier = getattr(place.evaluator.features, "classifier", None)
    if data.classes and classifier is not None:
        with torch.inference_mode():
            right = (classifier(data.test.x).argmax(dim=1) == data.test.labels).double().mean()
        found["classifier_test_accuracy"] = round(float(right), 4)
    return found


def floors(place: Bench) -> dict[str, float]:
    """Each sample metric with real training data in the place of samples, mean over ten random subsets."""
    evaluator, data = place.evaluator, place.data
    rules, count = evaluator.rules, max((evaluator.rules.samples, *evaluator.rules.fid))
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
    found: dict[str, list[float]] = {}
    for repeat in range(REPEATS):
        rng = np.random.default_rng([place.track.evaluation.seed, repeat])
        x = data.train.x[torch.from_numpy(rng.permutation(len(data.train))[:count])]
        for metric, value in _scores(evaluator, x, place, rng).items():
            found.setdefault(metric, []).append(value)
    return {metric: float(np.mean(values)) for metric, values in found.items()}


def _scores(evaluator: Evaluator, x: torch.Tensor, place: Bench, rng: np.random.Generator) -> dict[str, float]:
    rules, x = evaluator.rules, x.to(place.device)
    every = evaluator.features_of(x)
    features = every[: rules.samples]
    paired = features[: rules.paired_points]
    kernel: KernelDistance = evaluator.kernel["test"]
    precision, recall = precision_recall(kernel.reference, paired)
    # Validation data stand in for samples: training data are their own nearest neighbours.
    fresh = place.data.val.x[torch.from_numpy(rng.permutation(len(place.data.val))[:SAMPLING_CHUNK])]
    found = {
        rules.distance: frechet_distance(Moments.of_tensor(features), evaluator.moments["test"]),
        "kd": kernel(paired)[0],
        "precision": precision,
        "recall": recall,
        "memorised": memorised(fresh, evaluator.train_subsets, evaluator.held_out),
    }
    for count in rules.fid[1:]:
        found[counted("fid", count)] = frechet_distance(Moments.of_tensor(every[:count]), evaluator.moments["test"])
    if evaluator.second is not None:
        others = evaluator.second.features(x)
        for count in rules.fid:
            found[f"{counted('fd', count)}_dinov2"] = evaluator.second.distances(others[:count])["test"]
        both = precision_recall(evaluator.second.paired, others[: rules.paired_points])
        found |= dict(zip(("precision_dinov2", "recall_dinov2"), both, strict=True))
    return found


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
        means = of_target[of_target.split == "val"].groupby("guidance").value.agg(lambda values: np.log(values).mean())
        scale = float(means.idxmin())
        test = of_target[(of_target.split == "test") & (of_target.guidance == scale)]
        chosen[str(target)] = {"guidance": scale, "seeds": len(test), **_spread(test.value.to_numpy())}
    return chosen


def _spread(values: np.ndarray) -> dict[str, float | None]:
    sd = float(np.log(values).std(ddof=1)) if len(values) > 1 else None
    return {"fd_mean": float(values.mean()), "fd_sd_of_log": sd}


if __name__ == "__main__":
    main()
