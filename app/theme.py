"""One visual language: the colour and dash of each entry on every page, and the surfaces for light and dark.

The colours are Okabe and Ito's with two of Tol's, which people with any colour vision tell apart on a light and on a
dark ground; beyond eight entries the dash changes as well. The baseline is grey, because it is what others are held
against.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from zlib import crc32

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6BD1", "#8F8F2E")
DASHES = ("solid", "dash", "dot", "dashdot")
NEUTRAL = "#858C98"
"""Grey that is readable on both grounds: the baseline, floors, annotations."""

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
    "primaryColor": "#5CB8F2",
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
    slots = [Style(colour, dash) for dash, colour in product(DASHES, COLOURS)]
    found: dict[str, Style] = {}
    for name in sorted(set(known)):
        if name.partition("#")[0] == baseline:
            found[name] = BASELINE
            continue
        taken = set(found.values())
        start = crc32(name.encode()) % len(COLOURS)
        # Each dash is a ring of colours; the search begins at the name's own colour in every ring.
        order = (slots[ring + (start + step) % len(COLOURS)] for ring, step in _places())
        found[name] = next((style for style in order if style not in taken), slots[start])
    return found


def _places() -> Iterable[tuple[int, int]]:
    return product(range(0, len(DASHES) * len(COLOURS), len(COLOURS)), range(len(COLOURS)))


def flags() -> list[str]:
    """The theme as options of `streamlit run`."""
    shared = {"baseRadius": "0.5rem", "showWidgetBorder": "true"}
    return [
        f"--theme.{ground}.{name}={value}"
        for ground, colours in (("light", LIGHT), ("dark", DARK))
        for name, value in colours.items()
    ] + [f"--theme.{name}={value}" for name, value in shared.items()]
