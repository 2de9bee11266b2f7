"""One visual language: the colour and dash of each entry on every page, and the surfaces for light and dark.

The colours are Okabe and Ito's with two of Tol's, which people with any colour vision tell apart on a light and on a
dark ground. A schedule has its colour whatever else is shown, and whatever its parameters: turning one does not
recolour its line. Among entries that are shown together, the dash, and after that a shade, tells apart those of one
colour. The baseline is grey, because it is what others are held against.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import streamlit as st
from PIL.Image import Image, fromarray

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6BD1", "#8F8F2E")
DASHES = ("solid", "dash", "dot", "dashdot")
SHADES = (0.0, 0.4, -0.35)
PARTS = re.compile(r"[:|+@ (]")
"""What may follow a schedule's name in the name of an entry."""
NEUTRAL = "#858C98"
"""Grey that is readable on both grounds: the baseline, floors, annotations."""

SHARED = {
    "baseRadius": "0.5rem",
    "showWidgetBorder": "true",
    "metricValueFontSize": "1.3rem",
    "baseFontSize": "15",
    "headingFontSizes": '["1.9rem","1.35rem","1.1rem","1rem","0.9rem","0.85rem"]',
    "headingFontWeights": "[650,600,600,600,600,600]",
    "codeFontSize": "0.82rem",
    "paddingTop": "1.2rem",
    "paddingBottom": "3rem",
}
LIGHT = {
    "primaryColor": "#0067A3",
    "backgroundColor": "#FFFFFF",
    "secondaryBackgroundColor": "#F3F5F8",
    "textColor": "#1B2330",
    "borderColor": "#DCE1E8",
    "linkColor": "#0067A3",
    "codeTextColor": "#1B2330",
    "grayTextColor": "#5B6675",
}
DARK = {
    "primaryColor": "#3C93D0",
    "backgroundColor": "#10151D",
    "secondaryBackgroundColor": "#19212C",
    "textColor": "#E7ECF3",
    "borderColor": "#2C3745",
    "linkColor": "#7CC6F5",
    "codeTextColor": "#E7ECF3",
    "grayTextColor": "#9AA6B5",
}


@dataclass(frozen=True)
class Style:
    """How the lines of an entry are drawn."""

    colour: str
    dash: str = "solid"


KNOWN = {
    **{"laplace": 0, "edm": 1, "flow_uniform": 2, "cauchy": 3, "logit_normal": 4, "cosine_scaled": 5},
    **{"uniform_logsnr": 6, "ddpm_linear": 7, "cosine_shifted": 5, "mode": 7, "sigmoid": 4, "edm2": 3},
}
"""Colours of names that are often shown together; all others take the one that their checksum names."""


def colour(name: str, baseline: str = "cosine") -> str:
    """The colour of an entry: that of its schedule's name, as published or tuned, and whatever its parameters."""
    bare, root = _bare(name), _root(name)
    if bare == _bare(baseline):
        return NEUTRAL
    key = bare if root == _root(baseline) else root
    return COLOURS[KNOWN.get(key, crc32(key.encode()) % len(COLOURS))]


def _bare(name: str) -> str:
    return name.partition("#")[0].replace("@tuned", "")


def _root(name: str) -> str:
    """The schedule's name alone: without parameters, transforms, weighting and how it is applied."""
    return PARTS.split(_bare(name), maxsplit=1)[0]


def styles(shown: Iterable[str], baseline: str = "cosine", first: str = "") -> dict[str, Style]:
    """A style for every name that is shown together with the others, in whatever order they come.

    first: a name whose line is solid whatever the others are
    """
    by_name: dict[str, Style] = {}
    for name in sorted(set(shown), key=lambda label: (label != first, label)):
        own = colour(name, baseline)
        every = (Style(_shaded(own, shade), dash) for shade in SHADES for dash in DASHES)
        by_name[name] = next((style for style in every if style not in by_name.values()), Style(own))
    return by_name


def _shaded(own: str, share: float) -> str:
    """The colour #RRGGBB on the way to white, or to black where the share is negative."""
    end = 255 if share > 0 else 0
    parts = (int(own[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + abs(share) * (end - part)):02X}" for part in parts)


def ground() -> dict[str, str]:
    """The surfaces that the visitor looks at."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def sheet(file: str) -> str:
    """A style sheet of this folder for the page, in which `var(--ground)` is the colour that the visitor looks at."""
    rules = Path(__file__).with_name(file).read_text(encoding="utf-8")
    return f"<style>:root {{ --ground: {ground()['backgroundColor']}; }}\n{rules}</style>"


def flags() -> list[str]:
    """The theme as options of `streamlit run`."""
    grounds = {"": SHARED, "light.": LIGHT, "dark.": DARK}
    return [f"--theme.{ground}{name}={value}" for ground, look in grounds.items() for name, value in look.items()]


def logo() -> str:
    """The name beside a Laplace density, as SVG, in the colours of the ground it stands on."""
    peak = "M2 27 C 10 27, 14 24, 18 4 C 22 24, 26 27, 34 27"
    name = 'font-family="sans-serif" font-size="19" font-weight="600"'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="156" height="32" viewBox="0 0 156 32">'
        f'<path d="{peak}" fill="none" stroke="{COLOURS[0]}" stroke-width="3" stroke-linecap="round"/>'
        f'<text x="42" y="24" {name} fill="{ground()["textColor"]}">snrbench</text></svg>'
    )


def icon() -> Image:
    """The page's icon: a Laplace density. Drawn here, because Streamlit fetches named icons from elsewhere."""
    y, x = np.mgrid[1:0:64j, -3:3:64j]
    inside = y < np.exp(-np.abs(x) / 0.8)
    red, green, blue = (int(COLOURS[0][at : at + 2], 16) for at in (1, 3, 5))
    pixels = np.stack([np.where(inside, colour, 255) for colour in (red, green, blue)], axis=-1)
    return fromarray(pixels.astype(np.uint8))
