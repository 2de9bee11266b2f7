"""A JSON table of quantiles."""

from __future__ import annotations

import json

import numpy as np

from schedules.exports import Format
from schedules.schedule import Schedule


def to_json(schedule: Schedule) -> str:
    """Spec, source and 1001 quantiles: {"q": […], "logsnr": […]}, q from 0.0005 to 0.9995 in equal steps.

    >>> import json, schedules
    >>> from schedules.export import to_json
    >>> json.loads(to_json(schedules.parse("logit_normal:m=0.4")))["logsnr"][500]  # its median
    -0.8
    """
    shares = (np.arange(1001) + 0.5) / 1001
    return json.dumps(
        {
            "spec": schedule.spec,
            "source": schedule.info.paper,
            "fingerprint": schedule.fingerprint,
            "q": shares.tolist(),
            "logsnr": schedule.ppf(shares).tolist(),
        },
        indent=1,
    )


FORMAT = Format("json", to_json, file="schedule.json", language="json", place=3)
