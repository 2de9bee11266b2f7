"""A configuration of diffusers' schedulers."""

from __future__ import annotations

import json

import numpy as np
from scipy.special import expit

from schedules.exports import Format
from schedules.schedule import Schedule

STEPS = 1000


def to_diffusers(schedule: Schedule, steps: int = STEPS) -> str:
    """Configuration whose noise levels are λ at the middles t = (i − ½)/T of equal shares of the mass, i = 1 … T.

    `scheduler` is the configuration of a DDPMScheduler (trained_betas); `flow_sigmas` are the same levels on the
    straight path, for `FlowMatchEulerDiscreteScheduler.set_timesteps(sigmas=…)`, from noise to clean.
    """
    logsnr = np.minimum.accumulate(schedule.logsnr((np.arange(steps) + 0.5) / steps))
    log_signal = -np.logaddexp(0.0, -logsnr)
    betas = -np.expm1(np.diff(log_signal, prepend=0.0))
    return json.dumps(
        {
            "spec": schedule.spec,
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


FORMAT = Format("diffusers", to_diffusers, file="schedule-diffusers.json", language="json", place=2)
