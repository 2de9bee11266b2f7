"""EDM2: ln σ ~ N(P_mean, P_std²), with flags for both and presets that set them.

Read in NVlabs/edm2, commit 4bf8162 (2024-12-09): train_edm2.py, training/training_loop.py (EDM2Loss),
training/encoders.py. σ is added to what the encoder makes of the data, and both encoders bring that to a standard
deviation of 0.5 (final_std of the VAE's, x/127.5 − 1 of the pixels'), so λ = −2 ln σ + 2 ln 0.5. The loss is weighted
by a learned uncertainty.
"""

from __future__ import annotations

import math

from schedules.trainers.common import specs
from schedules.trainers.common.text import equal_signs
from schedules.trainers.common.trainer import Draw, Flag, Preset, Settings, Span, Trainer, Way

_SIZES = {"edm2-img512": ("xxs", "xs", "s", "m", "l", "xl", "xxl"), "edm2-img64": ("xs", "s", "m", "l", "xl")}
_CONSTANTS = {"edm2-img512": (-0.4, 1.0), "edm2-img64": (-0.8, 1.6)}
PRESETS = {f"{kind}-{size}": _CONSTANTS[kind] for kind, sizes in _SIZES.items() for size in sizes}


def draw(settings: Settings) -> Draw:
    """Flags → density. A preset's constants hold where no flag gives its own."""
    p_mean, p_std = PRESETS[str(settings["preset"])]
    p_mean, p_std = float(settings.get("P_mean", p_mean)), float(settings.get("P_std", p_std))
    sigma_data = float(settings["sigma_data"])
    own = () if sigma_data == 0.5 else (f"σ_d = {sigma_data:g}: EDM2's encoders bring data to 0.5, change theirs",)
    return Draw(specs.edm("edm2", p_mean, p_std, sigma_data), "uncertainty", own)


TRAINER = Trainer(
    name="edm2",
    title="EDM2",
    source="NVlabs/edm2 train_edm2.py, training/training_loop.py, training/encoders.py @ 4bf8162",
    flags={
        "preset": Flag("edm2-img512-s", choices=tuple(PRESETS)),
        "P_mean": Flag(None),
        "P_std": Flag(None, low=math.ulp(0.0)),
        "sigma_data": Flag(0.5, low=1e-3, high=1e3, written=False),
    },
    draw=draw,
    ways=(Way({}, {"P_mean": Span(-10, 10), "P_std": Span(0.01, 50, log=True)}),),
    presets={
        "preset/edm2-img512": Preset("--preset=edm2-img512-s"),
        "preset/edm2-img64": Preset("--preset=edm2-img64-s"),
    },
    write=equal_signs,
)
