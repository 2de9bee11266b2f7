"""Numbers rounded to their uncertainty, and text that cannot act."""

from __future__ import annotations

from math import inf, nan

import pytest

from leaderboards.wording import brief, change, listed, p_text, visible, with_interval


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.6872, 0.6272, 0.7472, "0.69 [0.63, 0.75]"),
        (2.2612, 2.2492, 2.2732, "2.261 [2.249, 2.273]"),
        (154.2, 110.0, 198.4, "154 [110, 198]"),
        (-0.0123, -0.0163, -0.0083, "−0.012 [−0.016, −0.008]"),
        (0.0001, -0.04, 0.04, "0.00 [−0.04, 0.04]"),
        (1.0, 1.0, 1.0, "1.00 [1.00, 1.00]"),
        (0.68721, nan, nan, "0.687"),
        (1234.5, nan, nan, "1234"),
        (nan, nan, nan, "–"),
        (inf, nan, nan, "–"),
    ],
)
def test_a_value_keeps_the_digits_that_its_interval_leaves_meaning(value, low, high, text):
    assert with_interval(value, low, high) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        ((0.69, 0.64, 0.75), "−31 % [−36, −25]"),
        ((1.08, 0.97, 1.20), "+8 % [−3, +20]"),
        ((0.5012, 0.499, 0.5034), "−49.9 % [−50.1, −49.7]"),
        ((0.69, nan, nan), "−31 %"),
        ((1.0, 1.0, 1.0), "0.0 % [0.0, 0.0]"),
        ((nan, nan, nan), "–"),
    ],
)
def test_a_ratio_reads_as_a_change(ratio, text):
    assert change(*ratio) == text


def test_p_values():
    assert [p_text(p) for p in (0.0004, 0.0123, 0.5, 1.0, nan)] == ["<0.001", "0.012", "0.5", "1", "–"]


def test_long_lists_end_in_a_number():
    assert listed(["a", "b"]) == "a, b"
    assert listed([*"abcde"], most=3) == "a, b, c and 2 more"


def test_what_does_not_print_is_spelt_out():
    assert visible("a\nb\x1b[31mc\u202ed") == r"a\nb\x1b[31mc\u202ed"
    assert visible("λ = 0, 日本") == "λ = 0, 日本"


def test_a_difference_has_its_sign():
    assert with_interval(0.5, 0.25, 0.75, plus=True) == "+0.50 [+0.25, +0.75]"
    assert with_interval(-0.5, -0.75, 0.25, plus=True) == "−0.5 [−0.8, +0.2]"


def test_a_floor_below_zero_has_a_minus_sign():
    assert (brief(-0.00321), brief(2.5)) == ("−0.00321", "2.5")
