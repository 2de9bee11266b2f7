"""One visual language: the colour and dash of each entry on every page, and the surfaces for light and dark.

The colours are Okabe and Ito's with two of Tol's, which people with any colour vision tell apart on a light and on a
dark ground; beyond eight entries the dash changes as well. The baseline is grey, because it is what others are held
against.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import streamlit as st
from PIL.Image import Image, fromarray

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6BD1", "#8F8F2E")
DASHES = ("solid", "dash", "dot", "dashdot")
NEUTRAL = "#858C98"
"""Grey that is readable on both grounds: the baseline, floors, annotations."""

SHARED = {
    "baseRadius": "0.5rem",
    "showWidgetBorder": "true",
    "metricValueFontSize": "1.5rem",
    "paddingTop": "1.5rem",
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
}
DARK = {
    "primaryColor": "#3C93D0",
    "backgroundColor": "#10151D",
    "secondaryBackgroundColor": "#19212C",
    "textColor": "#E7ECF3",
    "borderColor": "#2C3745",
    "linkColor": "#7CC6F5",
    "codeTextColor": "#E7ECF3",
}


@dataclass(frozen=True)
class Style:
    """How the lines of an entry are drawn."""

    colour: str
    dash: str = "solid"


BASELINE = Style(NEUTRAL)


def styles(known: Iterable[str], baseline: str = "cosine") -> dict[str, Style]:
    """A style for every name; the same names give the same styles, in whatever order they come.

    A name asks for the colour that its checksum names, and takes the next free one: few names never share a colour,
    and one more name seldom changes those of the others.
    """
    found: dict[str, Style] = {}
    for name in sorted(set(known)):
        wanted = crc32(name.encode()) % len(COLOURS)
        turned = COLOURS[wanted:] + COLOURS[:wanted]
        free = (style for dash in DASHES for colour in turned if (style := Style(colour, dash)) not in found.values())
        found[name] = BASELINE if name.partition("#")[0] == baseline else next(free, Style(turned[0]))
    return found


def ground() -> dict[str, str]:
    """The surfaces that the visitor looks at."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def flags() -> list[str]:
    """The theme as options of `streamlit run`."""
    grounds = {"": SHARED, "light.": LIGHT, "dark.": DARK}
    return [f"--theme.{ground}{name}={value}" for ground, look in grounds.items() for name, value in look.items()]


def icon() -> Image:
    """The page's icon: a Laplace density. Drawn here, because Streamlit fetches named icons from elsewhere."""
    y, x = np.mgrid[1:0:64j, -3:3:64j]
    inside = y < np.exp(-np.abs(x) / 0.8)
    red, green, blue = (int(COLOURS[0][at : at + 2], 16) for at in (1, 3, 5))
    pixels = np.stack([np.where(inside, colour, 255) for colour in (red, green, blue)], axis=-1)
    return fromarray(pixels.astype(np.uint8))
