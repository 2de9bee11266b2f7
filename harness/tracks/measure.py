"""Measures the card of a track: its floors, its end terms, and what runs of the baseline cost and scatter.

    python -m harness.tracks.measure digits-v1 --store snrbench-store

writes harness/tracks/cards/<track>.json. The baseline's figures come from the store, which must hold its runs.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness import tracks
from harness.evaluation import SAMPLING_CHUNK, Evaluator
from harness.footprint import of_data
from harness.metrics.frechet import Moments, frechet_distance
from harness.metrics.kernel import KernelDistance
from harness.metrics.neighbours import memorised, precision_recall
from harness.run import Bench
from harness.specs import BASELINE
from harness.tracking.read import read_runs
from harness.tracks.track import Track

REPEATS = 10


def main() -> None:
    """Measure and write one card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("track", choices=tracks.names())
    parser.add_argument("--store", type=Path, default=Path("snrbench-store"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    track = tracks.get(options.track)
    place = Bench(track, torch.device("cpu"))
    card = {
        "fingerprint": track.fingerprint,
        "protocol": track.protocol,
        "command": f"python -m harness.tracks.measure {track.name}",
        **facts(place),
        "floors": floors(place),
        **baseline(track, options.store),
    }
    path = Path(__file__).with_name("cards") / f"{track.name}.json"
    path.write_text(json.dumps(card, indent=2) + "\n")
    print(path.read_text())


def facts(place: Bench) -> dict[str, Any]:
    """Sizes, scale and constants of the bound."""
    data, low_high = place.data, place.track.evaluation.curve_logsnr[:2]
    nats = math.prod(data.shape) * math.log(2)
    prior, decoder = place.evaluator.end_terms
    found: dict[str, Any] = {
        "sizes": {"train": len(data.train), "val": len(data.val), "test": len(data.test)},
        "shape": list(data.shape),
        "mean": data.mean,
        "sigma_data": data.std,
        "network_parameters": sum(parameter.numel() for parameter in place.network(0).parameters()),
        "memory_mib": {name: round(mib, 1) for name, mib in asdict(of_data(place.track, data)).items()},
        "nll": {
            "logsnr_range": list(low_high),
            "integration": f"trapezoid over {len(place.evaluator.logsnr)} points",
            "prior_bits_per_dim": prior / nats,
            "decoder": "softmax over the data's levels" if data.levels is not None else "Gaussian density",
            "decoder_bits_per_dim": decoder / nats,
        },
    }
    if data.classes:
        classifier = place.evaluator.features.classifier
        with torch.inference_mode():
            right = (classifier(data.test.x).argmax(dim=1) == data.test.labels).double().mean()
        found["classifier_test_accuracy"] = round(float(right), 4)
    return found


def floors(place: Bench) -> dict[str, float]:
    """Each sample metric with real training data in the place of samples, mean over ten random subsets."""
    evaluator, data = place.evaluator, place.data
    assert evaluator.rules.paired_points <= evaluator.rules.samples
    found: dict[str, list[float]] = {"fd": [], "kd": [], "precision": [], "recall": [], "memorised": []}
    for repeat in range(REPEATS):
        rng = np.random.default_rng([place.track.evaluation.seed, repeat])
        x = data.train.x[torch.from_numpy(rng.permutation(len(data.train))[: evaluator.rules.samples])]
        for metric, value in _scores(evaluator, x, place, rng).items():
            found[metric].append(value)
    return {metric: float(np.mean(values)) for metric, values in found.items()}


def _scores(evaluator: Evaluator, x: torch.Tensor, place: Bench, rng: np.random.Generator) -> dict[str, float]:
    features = evaluator.features_of(x)
    paired = features[: evaluator.rules.paired_points]
    kernel: KernelDistance = evaluator.kernel["test"]
    precision, recall = precision_recall(kernel.reference, paired)
    # Validation data stand in for samples: training data are their own nearest neighbours.
    fresh = place.data.val.x[torch.from_numpy(rng.permutation(len(place.data.val))[:SAMPLING_CHUNK])]
    return {
        "fd": frechet_distance(Moments.of(features.double().numpy()), evaluator.moments["test"]),
        "kd": kernel(paired)[0],
        "precision": precision,
        "recall": recall,
        "memorised": memorised(fresh, evaluator.train_subsets, place.data.test.x),
    }


def baseline(track: Track, store: Path) -> dict[str, Any]:
    """Seconds of a run, and the baseline's unguided scores by target with their spread over seeds."""
    runs = read_runs(store, track.name, track.protocol)
    if runs.empty:
        return {}
    seconds = runs[runs.metric.str.startswith("seconds/")].groupby("run_id").value.sum()
    mine = runs[(runs.entry == BASELINE) & (runs.split == "test") & (runs.mark == 1.0)]
    mine = mine[mine.guidance.isna() | (mine.guidance == 1.0)]
    spread: dict[str, Any] = {}
    for target, of_target in mine.groupby("target"):
        scores = {metric: cell.value.to_numpy() for metric, cell in of_target.groupby("metric")}
        spread[str(target)] = {
            "seeds": len(scores["fd"]),
            "fd_mean": float(scores["fd"].mean()),
            "fd_sd_of_log": float(np.log(scores["fd"]).std(ddof=1)) if len(scores["fd"]) > 1 else None,
            "memorised_mean": float(scores["memorised"].mean()),
        }
    return {"seconds_a_run_on_one_cpu_core": round(float(seconds.median()), 1), "baseline_unguided": spread}


if __name__ == "__main__":
    main()
