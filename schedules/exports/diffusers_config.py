"""A configuration of diffusers' schedulers."""

from __future__ import annotations

import json
import math

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array
from schedules.exports import Format
from schedules.schedule import Schedule

STEPS = 1000
_BITS = 23  # of float32's fraction
SINGLE = (-2.0 * _BITS * math.log(2.0), math.log(2.0**_BITS - 1.0))
"""λ at which float32 still tells apart: 1 − t of the straight path from 0 (noise), and 1 − ᾱ from 0 (clean)."""


def to_diffusers(schedule: Schedule, steps: int = STEPS) -> str:
    """Configuration whose noise levels are λ at the middles t = (i − ½)/T of equal shares of the mass, i = 1 … T.

    `scheduler` is the configuration of a DDPMScheduler (trained_betas); `flow_sigmas` are the same levels on the
    straight path, for `FlowMatchEulerDiscreteScheduler.set_timesteps(sigmas=…)`, from noise to clean. Both work in
    float32: levels beyond `SINGLE` are put at its ends, so that each is finite, and `cut` says how many.

        >>> import json, schedules
        >>> from schedules.export import to_diffusers
        >>> sorted(json.loads(to_diffusers(schedules.parse("laplace"))))
        ['cut', 'flow_sigmas', 'scheduler', 'spec', 'use']
    """
    exact = np.minimum.accumulate(schedule.logsnr((np.arange(steps) + 0.5) / steps))
    log_signal = _reachable(-np.logaddexp(0.0, -np.clip(exact, *SINGLE)))
    betas = -np.expm1(np.diff(log_signal, prepend=0.0))
    logsnr = log_signal - np.log(-np.expm1(log_signal))
    return json.dumps(
        {
            "spec": schedule.spec,
            "use": _use(logsnr),
            "cut": _cut(exact, logsnr),
            "scheduler": {
                "_class_name": "DDPMScheduler",
                "num_train_timesteps": steps,
                "trained_betas": betas.tolist(),
                "clip_sample": False,
            },
            "flow_sigmas": expit(-0.5 * logsnr)[::-1].tolist(),
        },
        indent=1,
    )


def _use(logsnr: Array) -> list[str]:
    """What to do with the two parts: the file is no scheduler_config.json, whose other keys diffusers would ignore."""
    return [
        "training: DDPMScheduler.from_config(file['scheduler'], prediction_type=...), with what your network predicts",
        "training on the straight path: FlowMatchEulerDiscreteScheduler().set_timesteps(sigmas=file['flow_sigmas'])",
        f"sampling: on a grid that reaches pure noise; these levels have log SNR {logsnr[-1]:.4g} to {logsnr[0]:.4g}",
    ]


def _reachable(log_signal: Array) -> Array:
    """ln ᾱ_i without a fall so deep that its β would be 1 in float32."""
    deepest = -_BITS * math.log(2.0)
    for i in range(1, log_signal.size):
        log_signal[i] = max(log_signal[i], log_signal[i - 1] + deepest)
    return log_signal


def _cut(exact: Array, logsnr: Array) -> str:
    """What became of levels that float32 cannot hold."""
    moved = int(np.sum(np.abs(exact - logsnr) > 1e-6 * np.maximum(1.0, np.abs(exact))))
    if not moved:
        return "nothing: every level is finite in float32"
    reach = f"log SNR reaches from {exact[-1]:.4g} to {exact[0]:.4g}, beyond what float32 tells from noise or data"
    return f"{moved} of {exact.size} levels: {reach}; they are put at the ends of [{SINGLE[0]:.4g}, {SINGLE[1]:.4g}]"


FORMAT = Format("diffusers", to_diffusers, file="schedule-diffusers.json", language="json", place=2)
