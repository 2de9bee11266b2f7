"""How far a track's order of entries agrees with published comparisons."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.charts import agreement, frame
from app.data import comparisons, links
from app.data.page_choice import View
from app.data.results import Store
from app.style.plain_text import code, plain
from app.widgets import grid
from app.widgets.card_heading import head
from app.widgets.grid import Cell, Column
from leaderboards.comparisons.agreement.agreements import Agreement
from leaderboards.comparisons.agreement.headline import headlines, leading, tau_text
from leaderboards.wording import NOTHING, p_text, signed

TOLD = {True: "told apart here", False: "not told apart here", None: "of two targets"}


def show(page: str, store: Store, view: View) -> dict[str, str]:
    """The leading comparisons, one of them drawn, and its other columns. Returns what the address keeps."""
    head(
        "Does it agree with published results?",
        "Kendall's τ between this order and a paper's, exact p over all orders; each paper has one seed a number and"
        " few rows, so this is no prediction of what a schedule does there.",
    )
    found = comparisons.agreements(store, view)
    leads = leading(found)
    if not leads:
        st.info("This needs three entries of one published comparison.", icon=":material/inbox:")
        return {}
    by_name = {_name(each): each for each in leads}
    default = next((_name(each) for each in headlines(found) if each in leads), next(iter(by_name)))
    _leading(page, leads)
    links.offer(f"{page}.paper", list(by_name), default)
    name = str(st.selectbox("Drawn", list(by_name), key=f"{page}.paper", label_visibility="collapsed"))
    drawn = by_name[name]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        frame.draw(agreement.against_the_paper(drawn), f"{page}-figure.agreement", "Our scores against a paper's", 99)
    with right:
        _other_columns(page, drawn, found)
        lines = [
            f"- {code(each.first)} is better there, {code(each.second)} here: {TOLD[each.told_apart]}"
            for each in drawn.disagreements
        ]
        st.markdown("\n".join(lines) or "Every pair stands in the same order.")
        st.caption(plain("; ".join((drawn.table.setting, *drawn.table.caveats))))
    return {"paper": name if name != default else ""}


def _name(found: Agreement) -> str:
    return f"{found.table.name} · {found.target}, {found.theirs}, {found.rows} {found.subset} rows"


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
    for each in leads:
        cells: list[Cell] = [each.table.name, each.target, each.theirs, f"{each.rows} {each.subset}", tau_text(each)]
        cells += [p_text(each.p), _range(each.moved_3), _range(each.moved_10), each.status]
        rows.append(grid.Row(_name(each), cells))
    grid.show(heads, rows, f"{page}.agreement", "Agreement with published comparisons")


def _other_columns(page: str, drawn: Agreement, found: tuple[Agreement, ...]) -> None:
    """τ of every scale of ours by every column of the paper's, those that look bad too."""

    def reading(each: Agreement) -> tuple[str, ...]:
        return each.metric, each.file, each.target, each.subset

    same = [each for each in found if reading(each) == reading(drawn)]
    theirs = list(dict.fromkeys(each.theirs for each in same))
    rows: dict[str, list[str]] = {}
    for ours, share in dict.fromkeys((each.ours, each.share) for each in same):
        by_column = {each.theirs: each.tau for each in same if (each.ours, each.share) == (ours, share)}
        rows[ours if share == 1 else f"{ours}, {share:.0%}"] = [
            signed(by_column[name], 2, plus=True) if name in by_column else NOTHING for name in theirs
        ]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=theirs).rename_axis("our scale")
    st.caption("Kendall's τ by our guidance scale (and share of the budget) and by the paper's column")
    st.dataframe(table, key=f"{page}.columns")


def _range(bounds: tuple[float, float]) -> str:
    low, high = (signed(bound, 2, plus=True) if bound == bound else NOTHING for bound in bounds)
    return f"{low} to {high}"
