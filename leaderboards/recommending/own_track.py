"""The track of data of one's own, by rules, written to a file that its owner can keep and edit.

    images of at most 16 pixels a side   the pixels themselves, 8×8 or 16×16
    larger ones                          4×4 latents of their 32×32 versions, by a small autoencoder that is trained on
                                         them: the recipe of fashion-latent-v1; 4 channels for grey, 8 for colour
    latents                              as they are

    up to 256 values                     a residual MLP of width 64, four blocks, as in fashion-latent-v1
    up to 1,024 values                   one of width 160, three blocks, as in digits-v1
    more, in squares                     a DiT of depth 4, width 96 on 16 tokens, as in mnist-v1

Test and validation have a tenth of each class, more where that is fewer than 600, a quarter at most; the feature space
has as many of the classifier's 64 dimensions as there are held-out images for (`own_data`).
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from harness.data.own_autoencoder import SIDE
from harness.tracks import plugins
from leaderboards.recommending.own_data import OwnData

PIXELS_UP_TO = 16
AUTOENCODER_STEPS = 1000
LATENT_OF_GREY, LATENT_OF_COLOUR = 4, 8
SMALL, MIDDLE = 256, 1024
SAMPLES = 1000
FEWEST_SAMPLES = 500

TEMPLATE = '''"""{summary}

Written by `snrbench recommend` from {place}. Edit what you like, under another name, of the file
too: results of an edited track never mix with those before.

    snrbench run {name} -s cosine -s laplace
    snrbench leaderboard {name}

with the store that this file is in; elsewhere with --track-plugin {file}.
"""

from harness.tracks.track import Evaluation, Part, Track, Training, Tuning

OPTIONS = {{
{options}
}}
{encoder}DATA = Part(make="{make}:load", options={of_data}, check="{make}:check")
{images}TRACK = Track(
    name="{name}",
    summary="{summary}",
    data=DATA,
    network={network},
    features={features},
    feature_space="{space}",
    training=Training(steps=300, batch=128, learning_rate=2e-3, warmup_steps=25, ema_decay=0.99),
    evaluation=Evaluation(
        marks=(1.0,),
        samples={samples},
        paired_points={paired},
        ddim_steps=12,
        sampler_logsnr=(-7.0, 7.0),
        guidance=(1.0, 1.5, 2.5),
        curve_logsnr=(-9.0, 9.0, 19),
        curve_points={curve},
        neighbours={neighbours},
    ),
    tuning=Tuning(trials=16, seeds=1, finalists=1, confirm_seeds=1),
)
'''


def track_of(data: OwnData, folder: Path) -> tuple[str, Path]:
    """The name of the track and the file that it is in, which is written unless it is there already; now known.

    UserError: a file that is there and is no track of that name, or is of other data
    """
    name = name_of(data.place)
    file = (folder / f"{name}.py").absolute()
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text_of(data, name, file), encoding="utf-8")
    plugins.load_named(str(file), name)
    return name, file


def name_of(place: Path) -> str:
    """ "my flowers/" → "own-my-flowers-v1": no name of a track that comes with the package."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", place.stem if place.is_file() else place.name).strip("-").lower()
    return f"own-{words}-v1" if words else "own-v1"


def text_of(data: OwnData, name: str, file: Path) -> str:
    """The track's file."""
    facts = _of_latents(data) if data.kind == "latents" else _of_images(data)
    train, held = data.rows - 2 * data.held_out, data.held_out
    samples = min(SAMPLES, max(FEWEST_SAMPLES, train))
    return TEMPLATE.format(
        **{**facts, "options": _lines(facts["options"])},
        name=name,
        place=_safe(str(data.place)),
        file=_safe(str(file)),
        samples=samples,
        paired=min(500, held),
        curve=min(200, held),
        neighbours=min(1000, held),
    )


def _of_latents(data: OwnData) -> dict[str, Any]:
    options = {"file": str(data.place), "val": data.share, "test": data.share, "contents": data.contents}
    square = len(data.shape) == 3 and data.shape[1] == data.shape[2] and data.shape[1] % 8 == 0
    dimensions = min(data.dimensions, math.prod(data.shape))
    size = "×".join(str(side) for side in data.shape)
    seen = f'options={{"data": DATA.model_dump(), "dimensions": {dimensions}}}'
    return {
        "options": options,
        "of_data": "OPTIONS",
        "make": "harness.data.array_file",
        "encoder": "",
        "images": "",
        "summary": f"latents of {_safe(data.place.name)}, {size}",
        "network": network_of(data.shape),
        "features": f'Part(make="harness.metrics.own_directions:{"features" if square else "values"}", {seen})',
        "space": f"{'own-classifier' if square else 'own-values'}-{dimensions}",
    }


def _of_images(data: OwnData) -> dict[str, Any]:
    channels, side, _ = data.shape
    options: dict[str, Any] = {"folder": str(data.place), "channels": channels}
    options |= {"val": data.share, "test": data.share, "contents": data.contents}
    title = _safe(data.place.name)
    if side <= PIXELS_UP_TO:
        side = 8 if side <= 8 else 16
        return {
            "options": options | {"side": side},
            "of_data": "OPTIONS",
            "make": "harness.data.image_folder",
            "encoder": "",
            "images": "",
            "summary": f"{title} at {side}×{side}",
            "network": network_of((channels, side, side)),
            "features": 'Part(make="harness.metrics.own_directions:features", '
            f'options={{"data": DATA.model_dump(), "dimensions": {data.dimensions}}})',
            "space": f"own-classifier-{data.dimensions}",
        }
    latent = LATENT_OF_GREY if channels == 1 else LATENT_OF_COLOUR
    encoder = f'{{"latent": {latent}, "autoencoder_steps": {AUTOENCODER_STEPS}}}'
    return {
        "options": options | {"side": SIDE},
        "of_data": "{**OPTIONS, **ENCODER}",
        "make": "harness.data.own_latents",
        "encoder": f"ENCODER = {encoder}\n",
        "images": 'IMAGES = Part(make="harness.data.image_folder:load", options=OPTIONS)\n',
        "summary": f"{title} at 32×32 as {latent}×4×4 latents of its own autoencoder; scored on decoded images",
        "network": network_of((latent, 4, 4)),
        "features": f'Part(\n        make="harness.metrics.own_directions:decoded",\n        options={{"images": '
        f'IMAGES.model_dump(), **ENCODER, "dimensions": {data.dimensions}}},\n    )',
        "space": f"own-classifier-{data.dimensions}",
    }


def network_of(shape: tuple[int, ...]) -> str:
    """The network for data of this shape."""
    values = math.prod(shape)
    if values > MIDDLE and len(shape) == 3 and shape[1] == shape[2] and shape[1] % 4 == 0:
        options = {"depth": 4, "hidden": 96, "heads": 3, "patch": shape[1] // 4}
        return f'Part(make="harness.networks.dit:DiT", options={options})'
    width, blocks = (64, 4) if values <= SMALL else (160, 3)
    options = {"width": width, "blocks": blocks, "condition": 64}
    return f'Part(make="harness.networks.mlp:ResidualMLP", options={options})'


def _lines(options: dict[str, Any]) -> str:
    return "\n".join(f"    {_quoted(name)}: {_quoted(value)}," for name, value in options.items())


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _safe(text: str) -> str:
    """Text that ends no string and no docstring."""
    return text.replace("\\", "/").replace('"', "'")
