"""An entry has one colour and dash, whatever else is shown."""

from __future__ import annotations

from collections import Counter

from app.style import theme


def test_a_name_has_its_colour_whatever_else_is_shown():
    names = ["laplace", "edm", "cosine", "cauchy:scale=2", "flow_uniform", "mode", "sigmoid", "x", "y"]
    styles = theme.styles(names)
    assert styles == theme.styles(reversed(names))
    assert all(theme.styles([name])[name].colour == styles[name].colour == theme.colour(name) for name in names)
    assert styles["cosine"] == theme.Style(theme.NEUTRAL)
    assert theme.colour("laplace@tuned") == theme.colour("laplace")
    assert theme.styles(["laplace", "laplace@tuned"])["laplace@tuned"].dash != "solid"


def test_a_schedule_keeps_its_colour_whatever_its_parameters():
    variants = ("laplace:scale=0.7", "laplace|shift:a=3", "laplace+min_snr", "laplace [weight]", "laplace@tuned")
    assert {theme.colour(name) for name in variants} == {theme.colour("laplace")}
    assert theme.colour("cosine|shift:a=2") != theme.NEUTRAL  # grey is the baseline's alone
    many = theme.styles([f"laplace:scale={k}" for k in range(1, 9)], first="laplace:scale=5")
    assert len(set(many.values())) == len(many)
    assert many["laplace:scale=5"] == theme.Style(theme.colour("laplace"))


def test_entries_of_one_colour_are_told_apart_by_their_dash():
    styles = theme.styles([f"entry{index}" for index in range(16)])
    counts = Counter(style.colour for style in styles.values())
    for colour, count in counts.items():
        dashes = {style.dash for style in styles.values() if style.colour == colour}
        assert len(dashes) == min(count, len(theme.DASHES))
