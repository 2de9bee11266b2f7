"""How far a track's order of entries agrees with published comparisons."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.charts import agreement, frame
from app.data import comparisons, links
from app.data.page_choice import View
from app.data.results import ResultSource
from app.style.plain_text import code, plain
from app.widgets import grid
from app.widgets.card_heading import head
from app.widgets.grid import Cell, Column
from leaderboards.comparisons.agreement.agreements import Agreement
from leaderboards.comparisons.agreement.headline import headlines, leading, tau_text
from leaderboards.wording import NOTHING, p_text, signed

TOLD = {True: "told apart here", False: "not told apart here", None: "of two targets"}


def show(page: str, store: ResultSource, view: View) -> dict[str, str]:
    """The leading comparisons, one of them drawn, and its other columns. Returns what the address keeps."""
    head(
        "Does it agree with published results?",
        "Kendall's τ between this order and a paper's, exact p over all orders; each paper has one seed a number and"
        " few rows, so this is no prediction of what a schedule does there.",
    )
    agreements = comparisons.agreements(store, view)
    leads = leading(agreements)
    if not leads:
        st.info("This needs three entries of one published comparison.", icon=":material/inbox:")
        return {}
    by_name = {_name(comparison): comparison for comparison in leads}
    default = next(
        (_name(comparison) for comparison in headlines(agreements) if comparison in leads), next(iter(by_name))
    )
    _leading(page, leads)
    links.offer(f"{page}.paper", list(by_name), default)
    name = str(st.selectbox("Drawn", list(by_name), key=f"{page}.paper", label_visibility="collapsed"))
    drawn = by_name[name]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        frame.draw(agreement.against_the_paper(drawn), f"{page}-figure.agreement", "Our scores against a paper's", 99)
    with right:
        _other_columns(page, drawn, agreements)
        lines = [
            f"- {code(pair.first)} is better there, {code(pair.second)} here: {TOLD[pair.told_apart]}"
            for pair in drawn.disagreements
        ]
        st.markdown("\n".join(lines) or "Every pair stands in the same order.")
        st.caption(plain("; ".join((drawn.table.setting, *drawn.table.caveats))))
    return {"paper": name if name != default else ""}


def _name(comparison: Agreement) -> str:
    return (
        f"{comparison.table.name} · {comparison.target}, {comparison.theirs},"
        f" {comparison.rows} {comparison.subset} rows"
    )


def _leading(page: str, leads: list[Agreement]) -> None:
    heads = [
        Column("published table"),
        Column("target"),
        Column("column", phone="wide"),
        Column("rows", align="right", phone="small"),
        Column("τ [95 %]", align="right", help="interval: t over the τ of single seeds"),
        Column("p", align="right", phone="small"),
        *(
            Column(f"τ at ±{share} %", align="right", phone="wide", help="where the paper's numbers are off by as much")
            for share in (3, 10)
        ),
        Column("counts as", phone="wide"),
    ]
    rows = []
    for comparison in leads:
        cells: list[Cell] = [
            comparison.table.name,
            comparison.target,
            comparison.theirs,
            f"{comparison.rows} {comparison.subset}",
            tau_text(comparison),
        ]
        cells += [p_text(comparison.p), _range(comparison.moved_3), _range(comparison.moved_10), comparison.status]
        rows.append(grid.Row(_name(comparison), cells))
    grid.show(heads, rows, f"{page}.agreement", "Agreement with published comparisons")


def _other_columns(page: str, drawn: Agreement, agreements: tuple[Agreement, ...]) -> None:
    """τ of every scale of ours by every column of the paper's, those that look bad too."""

    def reading(comparison: Agreement) -> tuple[str, ...]:
        return comparison.metric, comparison.file, comparison.target, comparison.subset

    same = [comparison for comparison in agreements if reading(comparison) == reading(drawn)]
    theirs = list(dict.fromkeys(comparison.theirs for comparison in same))
    rows: dict[str, list[str]] = {}
    for ours, share in dict.fromkeys((comparison.ours, comparison.share) for comparison in same):
        by_column = {
            comparison.theirs: comparison.tau
            for comparison in same
            if (comparison.ours, comparison.share) == (ours, share)
        }
        rows[ours if share == 1 else f"{ours}, {share:.0%}"] = [
            signed(by_column[name], 2, plus=True) if name in by_column else NOTHING for name in theirs
        ]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=theirs).rename_axis("our scale")
    st.caption("Kendall's τ by our guidance scale (and share of the budget) and by the paper's column")
    st.dataframe(table, key=f"{page}.columns")


def _range(bounds: tuple[float, float]) -> str:
    low, high = (signed(bound, 2, plus=True) if bound == bound else NOTHING for bound in bounds)
    return f"{low} to {high}"
