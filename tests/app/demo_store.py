"""A store with known truth, written as the harness writes one: for the app's tests, and to look at the app by hand.

python tests/app/demo_store.py DIR [ENTRY …]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from PIL import Image

from harness import tracks
from harness.metrics.keys import Measured
from harness.results import write
from harness.results.store import Store

TRUTH = {"cosine": 1.0, "laplace": 0.45, "cosine_scaled:s=2": 0.6, "edm": 1.15, "laplace@tuned": 0.4, "infonoise": 0.9}
"""entry → ratio of its fd to the baseline's."""
SHOWN = (*TRUTH, "laplace [weight]", "preset/sd3")
HOSTILE = ("<script>alert(1)</script>", "../../etc", "**x** $y$ :red[z] `c` %{y}")
GUIDANCE = {1.0: 1.0, 1.15: 0.7, 1.3: 0.55, 1.5: 0.5, 2.0: 0.8, 3.0: 2.0}
STEPS = 500


def build(
    folder: Path,
    entries: Sequence[str] = tuple(TRUTH),
    targets: Sequence[str] = ("v", "eps", "x0"),
    seeds: int = 3,
    diverged: Sequence[str] = (),
) -> Path:
    """Write a run for each entry, target and seed into a store, which is made where there is none."""
    store = Store(folder)
    store.prepare()
    rng = np.random.default_rng(0)
    for target in targets:
        for seed in range(seeds):
            luck = np.exp(0.12 * rng.standard_normal())
            for entry in entries:
                level = 0.6 * luck * truth(entry) * np.exp(0.03 * rng.standard_normal())
                bad = entry in diverged and seed == 0
                _deliver(store, entry, target, seed, None if bad else level, rng)
    return folder


def truth(entry: str) -> float:
    """The ratio of an entry's fd to the baseline's."""
    return TRUTH.get(entry, 0.5 + (crc32(entry.encode()) % 100) / 80)


def _deliver(store: Store, entry: str, target: str, seed: int, level: float | None, rng: np.random.Generator) -> None:
    name = f"{abs(hash((entry, target, seed))):x}"
    folder = store.outbox / name
    files = folder / "artifacts"
    files.mkdir(parents=True)
    metrics = [] if level is None else _metrics(level, rng)
    if level is not None:
        at = np.linspace(-10, 10, 41)
        error = 1 / (1 + np.exp(-0.6 * at)) * (1 + 0.1 * level * np.cos(at)) * np.exp(0.01 * rng.standard_normal(41))
        (files / "curves.json").write_text(json.dumps({"logsnr": at.tolist(), "eps_error": error.tolist()}))
        (files / "samples.png").write_bytes(_picture(level, seed))
        (files / "nearest.png").write_bytes(_picture(0.0, seed))
        (files / "environment.json").write_text(json.dumps({"torch": "2.9.0", "python": "3.12.3"}))
        if entry == "infonoise":
            density = np.exp(-0.5 * (at / 2) ** 2) / (2 * np.sqrt(2 * np.pi))
            (files / "density.json").write_text(json.dumps({"logsnr": at.tolist(), "pdf": density.tolist()}))
    (folder / "run.json").write_text(json.dumps(_record(entry, target, seed, level is None, metrics, name)))
    write.deliver(store, folder)


def _metrics(level: float, rng: np.random.Generator) -> list[tuple[str, float, int]]:
    rows = [
        ("train/loss", float(np.exp(-step / 150) + 0.2 + 0.05 * rng.random()), step)
        for step in range(25, STEPS + 1, 25)
    ]
    for split in ("val", "test"):
        for scale, effect in GUIDANCE.items():
            value = level * effect * np.exp(0.02 * rng.standard_normal())
            rows += [(Measured(name, split, scale).key, value * k, STEPS) for name, k in (("fd", 1.0), ("kd", 0.01))]
        rows.append((Measured("nll", split).key, 1.0 + level, STEPS))
    again = level * GUIDANCE[1.5] * np.exp(0.02 * rng.standard_normal())
    rows.append((Measured("fd_resampled", "test", 1.5).key, again, STEPS))
    rows.append((Measured("recall", "test", 1.0).key, 0.8 - 0.1 * level + 0.02 * rng.standard_normal(), STEPS))
    rows += [("seconds/training", 9.0 + rng.random(), STEPS), ("seconds/evaluation", 3.0, STEPS)]
    for mark, factor in ((0.25, 3.0), (0.5, 1.6)):
        rows.append((Measured("fd", "test", 1.0, mark).mark_key, level * factor, round(mark * STEPS)))
    return rows


def _record(entry: str, target: str, seed: int, diverged: bool, metrics: list[Any], name: str) -> dict[str, Any]:
    schedule, weight, tuned = entry.removesuffix(" [weight]"), entry.endswith(" [weight]"), entry.endswith("@tuned")
    tags = {
        **{"run_key": name, "protocol": "1", "track": "digits-v1", "schedule": schedule, "entry": entry},
        **{"target": target, "weighting": "native", "apply": "weight" if weight else "sample", "seed": str(seed)},
        **{"fingerprint": f"{crc32(entry.encode()):016x}", "params": '{"scale": 0.4}' if tuned else "{}"},
        **{"outcome": "diverged" if diverged else "finished", "tuned": "true" if tuned else "false"},
        **{"device": "cpu", "hardware": "x86_64", "host": "demo", "delivery": name},
        **({"tuned_from": "laplace", "trials": "30", "tuning_seconds": "360"} if tuned else {}),
        **({"reason": "the loss is not finite", "diverged_step": "117"} if diverged else {}),
    }
    return {
        **{"name": f"{entry} × {target} × seed {seed}", "track": "digits-v1", "params": {}, "metrics": metrics},
        **{"outcome": "diverged" if diverged else "finished", "started": 1_700_000_000_000, "ended": 1_700_000_009_000},
        "tags": {f"snrbench.{key}": value for key, value in tags.items()},
    }


def _picture(level: float, seed: int) -> bytes:
    """Real digits, with as much noise as the score is bad."""
    images = _digits()
    noisy = images + 0.5 * level * np.random.default_rng(seed).standard_normal(images.shape)
    sheet = noisy.reshape(5, 8, 8, 8).transpose(0, 2, 1, 3).reshape(40, 64)
    buffer = BytesIO()
    image = Image.fromarray((255 * np.clip(sheet, 0, 1)).astype(np.uint8))
    image.resize((256, 160), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


@cache
def _digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    return load_digits().images[:40] / 16


def studies(folder: Path, trials: int = 20, targets: Sequence[str] = ("v", "eps")) -> None:
    """Tuning studies of two schedules; the score is best at scale 0.4, and worse with every trial's luck."""
    import optuna

    import schedules

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / 'optuna.db'}")
    for target in targets:
        for name in ("laplace", "edm"):
            study = optuna.create_study(
                sampler=optuna.samplers.RandomSampler(seed=0),
                pruner=optuna.pruners.MedianPruner(4),
            )
            space = schedules.info(name).space
            study.optimize(lambda trial, space=space: _objective(trial, space), n_trials=trials)
            tuned = {"params": study.best_params, "ratio": 0.88, "low": 0.81, "high": 0.95, "seeds": 3}
            tuned["schedule"] = schedules.create(name, **study.best_params).spec
            # Searched in memory and copied at once: a database in between costs ten times as much.
            copy = optuna.create_study(storage=storage, study_name=f"digits-v1/{target}/{name}/native/sample")
            copy.add_trials(study.trials)
            copy.set_user_attr("tuned", json.dumps(tuned))


def _suggested(trial: Any, key: str, distribution: Any) -> Any:
    from optuna.distributions import CategoricalDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(key, distribution.choices)
    suggest = trial.suggest_int if isinstance(distribution, IntDistribution) else trial.suggest_float
    return suggest(key, distribution.low, distribution.high, log=distribution.log)


def _objective(trial: Any, space: dict[str, Any]) -> float:
    import optuna

    values = [_suggested(trial, key, distribution) for key, distribution in space.items()]
    rng = np.random.default_rng(trial.number)
    level = 0.6 + 0.2 * sum(abs(value - 0.4) for value in values) + 0.02 * rng.standard_normal()
    for step, factor in ((125, 3.0), (250, 1.6), (500, 1.0)):
        trial.report(level * factor * np.exp(0.1 * rng.standard_normal()), step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return float(level)


if __name__ == "__main__":
    assert tracks.names()
    build(Path(sys.argv[1]), seeds=3, entries=sys.argv[2:] or SHOWN, diverged=("edm",))
    studies(Path(sys.argv[1]))
