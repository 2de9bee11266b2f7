"""Numbers as a reader wants them: rounded to their uncertainty, a change in per cent, a p-value; text made harmless."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10

NOTHING = "–"
MOST_PERCENT = 9999


def visible(text: str) -> str:
    """The text with every character that does not print (newline, escape, bidirectional mark) written as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def with_interval(value: float, low: float, high: float, unit: str = "", most: int = 6, *, plus: bool = False) -> str:
    """A value and its interval, as in "0.69 [0.63, 0.75]": the digits that the interval leaves meaning.

    Without an interval, three significant digits. most: decimals at most; plus: with a sign also where positive
    """
    if not isfinite(value):
        return NOTHING
    if not (isfinite(low) and isfinite(high)):
        return f"{signed(value, min(most, _decimals(value, digits=3)), plus=plus)}{unit}"
    places = min(most, _decimals((high - low) / 2))
    shown, *interval = (signed(bound, places, plus=plus) for bound in (value, low, high))
    return f"{shown}{unit} [{', '.join(interval)}]"


def change(ratio: float, low: float, high: float) -> str:
    """A ratio and its interval as a change in per cent: "−31 % [−36, −25]"."""
    percent = [100 * (bound - 1) for bound in (ratio, low, high)]
    if not isfinite(percent[0]):
        return NOTHING
    if not (isfinite(low) and isfinite(high)):
        return f"{signed(percent[0], 0, plus=True)} %"
    places = 1 if percent[2] - percent[1] < 1 else 0
    value, *interval = (signed(bound, places, plus=True) for bound in percent)
    # Two seeds can leave an interval of many powers of ten, whose digits say nothing.
    ends = [
        text if bound < MOST_PERCENT else f">{MOST_PERCENT}" for text, bound in zip(interval, percent[1:], strict=True)
    ]
    return f"{value} % [{', '.join(ends)}]"


def p_text(p: float) -> str:
    """A p-value to two digits: "0.012", "<0.001"."""
    if not isfinite(p):
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.2g}"


def brief(value: float) -> str:
    """Three significant digits with a real minus sign."""
    return f"{value:.3g}".replace("-", "−")


def listed(names: Sequence[str], most: int = 9) -> str:
    """The names, or the first of them and how many more there are."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"


def signed(value: float, places: int, *, plus: bool = False) -> str:
    """Fixed decimals with a real minus sign, no "−0", and a plus where asked for."""
    text = f"{abs(value):.{places}f}"
    if float(text) == 0:
        return text
    return ("−" if value < 0 else "+" if plus else "") + text


def _decimals(size: float, digits: int = 1) -> int:
    """Decimals that show `digits` significant digits of a size; two instead of one where it begins with 1 or 2."""
    if not isfinite(size) or size == 0:
        return 2
    exponent = floor(log10(abs(size)))
    leading = abs(size) / 10**exponent
    return max(0, digits - 1 - exponent + (1 if digits == 1 and leading < 3 else 0))
