"""Pictures of schedules: their legend."""

from __future__ import annotations

import html

import numpy as np

from app.charts import densities, frame
from app.style import theme
from leaderboards.boards.run_views import Curve


def test_a_legend_names_each_entry_once_and_takes_no_room_from_the_lines():
    names = ("<script>alert(1)</script>", "**x** $y$ %{y}")
    curves = {name: {seed: Curve(np.arange(3.0), np.arange(3.0)) for seed in range(3)} for name in names}
    figure = densities.learned(curves, theme.styles(names))
    frame.line(figure, "unnamed", theme.Style("#112233"), [0, 1], [0, 1], showlegend=False)
    figure.add_scatter(x=[0, 1], y=[0, 1])
    before = figure.layout.height
    frame.name_lines(figure)
    assert [trace.showlegend for trace in figure.data if not trace.name] == [False], "Plotly would call it trace 7"
    legend = [trace.name for trace in figure.data if trace.showlegend]
    assert [html.unescape(name) for name in legend] == list(names)
    assert not any("<" in name or "$" in name or "{" in name for name in legend), "Plotly would read markup"
    assert figure.layout.showlegend
    assert figure.layout.height == before + 2 * frame.LEGEND_ROW, "a row for each of two names, on a phone"
    alone = frame.figure("x", "y")
    frame.line(alone, "cosine", theme.Style(theme.NEUTRAL), [0, 1], [0, 1])
    frame.name_lines(alone)
    assert not alone.layout.showlegend
