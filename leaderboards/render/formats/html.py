"""A board as one HTML page that needs nothing else: no script, no font, no other file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from leaderboards.boards.rows import Board
from leaderboards.render.columns import legend
from leaderboards.render.text_tables import Sheet, sheets
from leaderboards.wording import visible

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2024; background: #fff; margin: 2rem auto; max-width: 60rem;
       padding: 0 1rem; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .9rem .28rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid #d9dde2; }
th.name, td.name { text-align: left; white-space: normal; font-family: ui-monospace, monospace; }
tr.baseline td { font-weight: 650; }
ul { color: #4a525c; font-size: .88rem; padding-left: 1.1rem; }
@media (prefers-color-scheme: dark) {
  body { color: #e4e7eb; background: #16191d; } th, td { border-color: #363c44; } ul { color: #a7b0bb; }
}
"""


def board(board: Board, per_seed: bool = False) -> str:
    """A complete page: a table for each section, then what the numbers mean."""
    name = f"{board.track} · {board.metric.title}"
    lines = [f"<li>{text(line)}</li>" for line in legend(board)]
    tables = [table(sheet) for sheet in sheets(board, per_seed)]
    return page(name, [f"<h1>{text(name)}</h1>", *tables, *(["<ul>", *lines, "</ul>"] if lines else [])])


def page(name: str, body: Iterable[str], style: str = "", script: str = "") -> str:
    """A complete page. style, script: what it has besides, inside itself."""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{text(name)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>",
            *body,
            *([f"<script>{script}</script>"] if script else []),
            "</body>\n</html>",
        ]
    )


def table(sheet: Sheet, links: Mapping[str, str] | None = None) -> str:
    """A heading and a table. links: address of what a name in it stands for"""
    addresses = links or {}
    kinds = [' class="name"' if name else "" for name in sheet.names]
    head = "".join(
        f'<th scope="col"{kind}>{text(header)}</th>' for kind, header in zip(kinds, sheet.headers, strict=True)
    )
    rows = []
    for place, cells in enumerate(sheet.cells):
        look = ' class="baseline"' if place == sheet.baseline else ""
        texts = [
            f'<a href="{text(addresses[cell])}">{text(cell)}</a>' if name and cell in addresses else text(cell)
            for cell, name in zip(cells, sheet.names, strict=True)
        ]
        body = "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, texts, strict=True))
        rows.append(f"<tr{look}>{body}</tr>")
    return "\n".join(
        [
            f"<h2>{text(sheet.title)}</h2>",
            f"<div><table>\n<thead><tr>{head}</tr></thead>\n<tbody>",
            *rows,
            "</tbody>\n</table></div>",
        ]
    )


def text(text: str) -> str:
    """As a page shows it, whatever a user called an entry."""
    return escape(visible(text), quote=True)
