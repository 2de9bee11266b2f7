"""The app's small parts: names as text, colours, slider positions, axis labels, the command."""

from __future__ import annotations

import html
import socket
import sys
from collections import Counter

import numpy as np
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from app import command
from app.charts import densities, frame
from app.charts.frame import round_step, round_values
from app.charts.ratio_axis import Axis
from app.data import families
from app.style import theme
from app.style.plain_text import code, label, plain, reflowed, unbroken
from app.widgets.sliders import pitch, positions
from harness.cli.main import main
from leaderboards.boards.run_views import Curve
from schedules import UserError

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
    shown = code(name)
    fence = shown[: len(shown) - len(shown.lstrip("`"))]
    assert shown.endswith(fence)
    assert fence not in shown[len(fence) : -len(fence)]
    assert "\n" not in shown
    assert "\u202e" not in shown


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


def test_a_name_has_its_colour_whatever_else_is_shown():
    names = ["laplace", "edm", "cosine", "cauchy:scale=2", "flow_uniform", "mode", "sigmoid", "x", "y"]
    found = theme.styles(names)
    assert found == theme.styles(reversed(names))
    assert all(theme.styles([name])[name].colour == found[name].colour == theme.colour(name) for name in names)
    assert found["cosine"] == theme.BASELINE
    assert theme.colour("laplace@tuned") == theme.colour("laplace")
    assert theme.styles(["laplace", "laplace@tuned"])["laplace@tuned"].dash != "solid"


def test_a_schedule_keeps_its_colour_whatever_its_parameters():
    variants = ("laplace:scale=0.7", "laplace|shift:a=3", "laplace+min_snr", "laplace [weight]", "laplace@tuned")
    assert {theme.colour(name) for name in variants} == {theme.colour("laplace")}
    assert theme.colour("cosine|shift:a=2") != theme.BASELINE.colour  # grey is the baseline's alone
    many = theme.styles([f"laplace:scale={k}" for k in range(1, 9)], first="laplace:scale=5")
    assert len(set(many.values())) == len(many)
    assert many["laplace:scale=5"] == theme.Style(theme.colour("laplace"))


def test_a_legend_names_each_entry_once_and_takes_no_room_from_the_lines():
    names = ("<script>alert(1)</script>", "**x** $y$ %{y}")
    curves = {name: {seed: Curve(np.arange(3.0), np.arange(3.0)) for seed in range(3)} for name in names}
    made = densities.learned(curves, theme.styles(names))
    frame.line(made, "unnamed", theme.Style("#112233"), [0, 1], [0, 1], showlegend=False)
    made.add_scatter(x=[0, 1], y=[0, 1])
    before = made.layout.height
    frame.name_lines(made)
    assert [trace.showlegend for trace in made.data if not trace.name] == [False], "Plotly would call it trace 7"
    shown = [trace.name for trace in made.data if trace.showlegend]
    assert [html.unescape(name) for name in shown] == list(names)
    assert not any("<" in name or "$" in name or "{" in name for name in shown), "Plotly would read markup"
    assert made.layout.showlegend
    assert made.layout.height == before + 2 * frame.LEGEND_ROW, "a row for each of two names, on a phone"
    alone = frame.figure("x", "y")
    frame.line(alone, "cosine", theme.BASELINE, [0, 1], [0, 1])
    frame.name_lines(alone)
    assert not alone.layout.showlegend


def test_entries_of_one_colour_are_told_apart_by_their_dash():
    found = theme.styles([f"entry{index}" for index in range(16)])
    counts = Counter(style.colour for style in found.values())
    for colour, count in counts.items():
        dashes = {style.dash for style in found.values() if style.colour == colour}
        assert len(dashes) == min(count, len(theme.DASHES))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("laplace:scale=0.7|shift:a=3", "Laplace and Cauchy"),
        ("preset/sd3", "Logit-normal"),
        ("laplace@tuned", "Laplace and Cauchy"),
        ("mixture(laplace@0.5,cosine@0.5)", "Mixtures"),
        ("infonoise", "Learned while training"),
        ("<script>", "Other"),
        ("../../etc", "Other"),
    ],
)
def test_families(spec, expected):
    assert families.family(spec) == expected


def test_an_axis_holds_every_mean_that_is_better_than_the_baseline():
    axis = Axis(logarithmic=True, low=0.4, high=1.2)
    assert axis.share(0.4) == 0
    assert axis.share(5) == 1
    assert axis.share(float("nan")) is None
    middle = axis.share(0.4**0.5 * 1.2**0.5)
    assert middle == pytest.approx(0.5)
    texts = [text for _, text in axis.ticks()]
    assert "0 %" in texts
    assert 2 <= len(texts) <= 5
    linear = Axis(logarithmic=False, low=-2.0, high=1.0)
    assert linear.reference == pytest.approx(2 / 3)
    assert [text for _, text in linear.ticks()] == ["−2", "−1", "0", "+1"]


def test_an_axis_is_not_flattened_by_what_is_far_away():
    near = [(0.55, 0.45, 0.65), (0.8, 0.7, 0.9), (0.9, 0.85, 0.97), (1.1, 1.0, 1.2)]
    axis = Axis.around([*near, (36.0, 0.01, 1e5)], logarithmic=True)
    assert axis.share(0.55) < 0.3
    assert axis.share(1.1) > axis.share(0.55) + 0.2
    far = axis.places(36.0, 0.01, 1e5)
    assert (far["low"], far["high"], far["before"], far["after"]) == (0, 1, True, True)
    inside = Axis.around(near, logarithmic=True)
    assert not any(inside.places(*one)[end] for one in near for end in ("before", "after"))
    assert all(0 < inside.share(end) < 1 for one in near for end in one)


def test_the_baselines_own_zeros_take_no_part_in_what_is_far_away():
    """Two entries in four targets, half of it the baseline's: the other's largest change was off the axis."""
    moved = [(1.27, 1.18, 1.36), (1.05, 1.02, 1.08), (1.07, 1.0, 1.14), (1.06, 0.99, 1.13)]
    axis = Axis.around([*moved, *[(1.0, 1.0, 1.0)] * 4], logarithmic=True)
    assert axis.high > 1.36
    assert Axis.around([(1.0, 1.0, 1.0)], logarithmic=True).reference == pytest.approx(0.5)


def test_log_positions_are_round_and_hold_the_exact_value():
    found = positions(FloatDistribution(0.1, 3, log=True), 0.7315)
    assert {0.1, 0.5, 0.75, 1.0, 2.5, 3.0, 0.7315} <= set(found)
    assert found == sorted(found)
    assert positions(IntDistribution(1, 30, log=True), 7)[:3] == [1, 2, 3]


@pytest.mark.parametrize(("low", "high", "step"), [(-3, 3, 0.05), (0.9, 1, 0.001), (0, 20, 0.2), (-20, -1, 0.2)])
def test_steps_are_round(low, high, step):
    assert pitch(low, high) == pytest.approx(step)


@pytest.mark.parametrize(("low", "high"), [(0.96, 1.04), (0.2, 0.6), (0.1, 30), (1e-6, 1e4), (1.0, 1.0), (2, 5.9)])
def test_log_axes_have_a_few_round_labels(low, high):
    found = round_values(low, high)
    assert 1 <= len(found) <= 12
    assert found == sorted(found)


def test_round_step():
    assert [round_step(least) for least in (0.9, 1, 1.1, 3, 6)] == [1, 1, 2, 5, 10]


def test_a_busy_port_is_refused_in_one_line(monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind((command.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["snrbench", "app", "--port", str(port)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"port {port} " in line
    assert "--port" in line


def test_a_store_that_is_named_and_not_there_is_refused_in_one_line(monkeypatch, capsys, tmp_path, chrome):
    missing = tmp_path / "none"
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(sys, "argv", ["snrbench", "app", "--port", str(chrome.free_port()), "--store", str(missing)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"snrbench: no store at {missing}; ")


def test_the_server_listens_to_this_machine_only():
    options = command.options(8501)
    assert "--server.address=127.0.0.1" in options
    assert "--browser.gatherUsageStats=false" in options
    assert "--server.headless=true" in options
    assert "--server.allowedHosts=127.0.0.1" in options


def test_another_address_is_served_only_when_told():
    options = command.options(8501, "0.0.0.0")
    assert "--server.address=0.0.0.0" in options
    assert not any("allowedHosts" in option for option in options)
    with pytest.raises(UserError, match=r"203\.0\.113\.1 port 8501 cannot be had"):
        command.app(port=8501, host="203.0.113.1")


def test_published_results_are_refused_where_there_are_none(monkeypatch):
    from leaderboards.data import released

    monkeypatch.setattr(released, "released_tracks", lambda: [])
    with pytest.raises(UserError, match="no published results"):
        command.app(port=8599, published=True)


def test_the_command_costs_nothing_until_it_is_used():
    import subprocess

    check = "import sys, app.command; sys.exit(bool({'streamlit', 'pandas', 'numpy', 'plotly'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
