"""Names as text: nothing that a user chose is run or rendered, and all of it is shown."""

from __future__ import annotations

import pytest

from app.style.plain_text import code, label, plain, reflowed, unbroken

HOSTILE = [
    "<script>alert(1)</script>",
    "../../etc",
    "**x**",
    "$x$",
    ":red[x]",
    "`a` ``b``",
    "%{y}",
    "a\nb",
    " ",
    "\u202eevil",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_code_span_holds_the_whole_name(name):
    span = code(name)
    fence = span[: len(span) - len(span.lstrip("`"))]
    assert span.endswith(fence)
    assert fence not in span[len(fence) : -len(fence)]
    assert "\n" not in span
    assert "\u202e" not in span


@pytest.mark.parametrize("name", HOSTILE)
def test_plotly_finds_no_tag_and_no_template(name):
    assert not set("<{$") & set(label(name))
    assert len(label("x" * 500)) == 60


def test_prose_is_escaped_for_markdown():
    assert plain("a*b_[c](d) $e$ :f:") == r"a\*b\_\[c\](d) \$e\$ \:f\:"
    assert unbroken("−31 % [−36, −25]") == "−31\u00a0%\u00a0\\[−36,\u00a0−25\\]"


def test_a_docstring_loses_the_line_breaks_of_its_editor():
    wrapped = f"first\n\nlow, high: {'x' * 100} ends\nin `here`\na:   begins\n     goes on\nlast"
    expected = ["first", "", f"low, high: {'x' * 100} ends in here", "a: begins goes on", "last"]
    assert reflowed(wrapped).splitlines() == expected
