"""A finished run as a folder: written whole or not at all, waiting in the store's outbox until MLflow has it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import math
import os
import platform
import shutil
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from harness import tracks
from harness.data import prepared
from harness.device import describe
from harness.runs.run import RunResult
from harness.specs import RunSpec
from harness.training.compilation import OFF
from schedules import Schedule

SMALL = 64  # pixels
PACKAGES = ("snrbench", "numpy", "scipy", "torch", "mlflow", "optuna")


def write(
    outbox: Path,
    result: RunResult,
    device: torch.device,
    started: float,
    ended: float,
    *,
    extra_tags: Mapping[str, str] | None = None,
    output: bytes = b"",
) -> Path:
    """Write the folder under a temporary name and rename it, so that a crash leaves nothing half-written behind.

    started, ended: seconds since the epoch
    extra_tags:     further tags, by their names without "snrbench."
    output:         what the run printed, kept as `output.txt`
    OSError:        the disk does not take it; nothing is left behind then
    """
    name = f"{result.spec.key}-{uuid.uuid4().hex[:8]}"
    partial, final = outbox / f".{name}.partial", outbox / name
    files = partial / "artifacts"
    files.mkdir(parents=True)
    try:
        _artifacts(files, result, _execution(result, extra_tags or {}))
        if output:
            (files / "output.txt").write_bytes(output)
        record = _record(result, device, started, max(started, ended), name)  # the clock may have been set back
        record["tags"].update({f"snrbench.{key}": value for key, value in (extra_tags or {}).items()})
        (partial / "run.json").write_text(json.dumps(record, indent=1))
        os.replace(partial, final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return final


ROUNDING = ("stack", "nproc", "micro_batch")
"""Tags of ways to execute a run that add up in another order than a run by itself does."""


def _execution(result: RunResult, tags: Mapping[str, str]) -> str:
    """How the run was executed where that moves its rounding, "" for one by itself and not compiled."""
    rounding = [f"{name} {tags[name]}" for name in ROUNDING if name in tags]
    return ", ".join([*rounding, *([result.compiled] if result.compiled != str(OFF) else [])])


def _artifacts(files: Path, result: RunResult, execution: str) -> None:
    environment = {package: importlib.metadata.version(package) for package in PACKAGES}
    environment["python"] = platform.python_version()
    if execution:
        environment["execution"] = execution
    (files / "environment.json").write_text(json.dumps(environment, indent=1))
    (files / "run.json").write_text(json.dumps({**result.spec.model_dump(), "key": result.spec.key}, indent=1))
    if result.weights:
        save_file({key: value.contiguous() for key, value in result.weights.items()}, files / "ema.safetensors")
    if result.learned is not None:
        logsnr, density = result.learned
        (files / "density.json").write_text(json.dumps({"logsnr": logsnr.tolist(), "pdf": density.tolist()}))
    if result.learned_state:
        np.savez(files / "learned_state.npz", allow_pickle=False, **result.learned_state)
    if result.scores is None:
        return
    curve = result.scores.curve
    if curve is not None:
        points: dict[str, Any] = {"logsnr": curve.logsnr.tolist(), "eps_error": curve.eps_error.tolist()}
        if curve.excess is not None:
            points["excess"] = curve.excess.tolist()
        (files / "curves.json").write_text(json.dumps(points))
    for name, sheet in (("samples", result.scores.shown), ("nearest", result.scores.nearest)):
        if sheet is not None and sheet.ndim == 5:
            (files / f"{name}.png").write_bytes(_grid_png(sheet))


def _grid_png(shown: torch.Tensor) -> bytes:
    """PNG of (rows, columns, channels, height, width) images with values in [0, 1], small ones four times as large."""
    from PIL import Image

    rows, columns, channels, height, width = shown.shape
    zoom = 4 if width <= SMALL else 1
    sheet = shown.float().cpu().numpy().transpose(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels)
    image = Image.fromarray((255 * (sheet if channels == 3 else sheet[..., :1].repeat(3, axis=2))).astype(np.uint8))
    buffer = io.BytesIO()
    image.resize((columns * width * zoom, rows * height * zoom), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


def _record(result: RunResult, device: torch.device, started: float, ended: float, delivery: str) -> dict[str, Any]:
    spec, track = result.spec, tracks.get(result.spec.track)
    schedule, weighting = spec.entry.make()
    scaled = {name: value for name, value in spec.entry.optimiser.items() if value != 1.0}
    tags = {
        "run_key": spec.key,
        "protocol": track.protocol,
        "track": spec.track,
        "schedule": spec.entry.schedule,
        "entry": spec.entry.label,
        "target": spec.target,
        "weighting": spec.entry.weighting,
        "apply": spec.entry.apply,
        "seed": str(spec.seed),
        "outcome": result.outcome,
        "reason": result.reason,
        "fingerprint": spec.entry.fingerprint,
        "track_fingerprint": track.fingerprint,
        "source_hash": _sources(schedule, weighting.source_hash),
        "params": json.dumps(
            {**schedule.params, **{f"weighting.{k}": v for k, v in weighting.params.items()}, **scaled}
        ),
        "tuned": "true" if spec.entry.tuned_from else "false",
        "device": device.type,
        "compiled": result.compiled,
        "hardware": describe(str(device)),
        "host": socket.gethostname(),
        "delivery": delivery,
    }
    if track.data.prepare and (made_of := prepared.digest(**track.data.options)):
        tags["data"] = made_of
    if result.step is not None:
        tags["diverged_step"] = str(result.step)
    if spec.entry.tuned_from:
        tags |= {
            "tuned_from": spec.entry.tuned_from,
            **{name: str(value) for name, value in spec.entry.optimiser.items()},
        }
    if spec.tunes:
        tags |= {"study": spec.study, "trial": "" if spec.trial is None else str(spec.trial)}
    rules = track.training.scaled(spec.entry.learning_rate, spec.entry.ema)
    params = {
        **{key: tags[key] for key in ("schedule", "weighting", "apply", "target", "seed", "track")},
        **{f"schedule.{key}": str(value) for key, value in schedule.params.items()},
        **{f"weighting.{key}": str(value) for key, value in weighting.params.items()},
        **{f"training.{key}": str(value) for key, value in rules.model_dump().items()},
    }
    return {
        "name": str(spec),
        "experiment": f"{spec.track}/tuning" if spec.tunes else spec.track,
        "outcome": result.outcome,
        "started": int(1000 * started),
        "ended": int(1000 * ended),
        "tags": {f"snrbench.{key}": value for key, value in tags.items()},
        "params": params,
        "metrics": _metrics(result, track.training.steps),
    }


def _metrics(result: RunResult, steps: int) -> list[tuple[str, float, int]]:
    """(key, value, step) of everything measured; MLflow cannot hold a value that is not finite."""
    rows = [("train/loss", loss, step) for step, loss in result.losses]
    for measured, value in result.values.items():
        at = round(measured.mark * steps)
        rows.append((measured.key, value, at))
        if measured.mark != 1.0:
            rows.append((measured.mark_key, value, at))
    rows += [(key, value, steps) for key, value in result.costs.items()]
    return [row for row in rows if math.isfinite(row[1])]


def _sources(schedule: Schedule, weighting_hash: str) -> str:
    return hashlib.sha256(f"{schedule.source_hash} {weighting_hash}".encode()).hexdigest()


def failed(spec: RunSpec, reason: str) -> RunResult:
    """The result of a run that raised."""
    return RunResult(spec, outcome="failed", reason=reason)
