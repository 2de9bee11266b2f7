"""A board as one HTML page that needs nothing else: no script, no font, no other file."""

from __future__ import annotations

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
    tables = [_table(sheet) for sheet in sheets(board, per_seed)]
    lines = [f"<li>{_text(line)}</li>" for line in legend(board)]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{_text(name)}</h1>",
            *tables,
            *(["<ul>", *lines, "</ul>"] if lines else []),
            "</body>\n</html>",
        ]
    )


def _table(sheet: Sheet) -> str:
    kinds = [' class="name"' if name else "" for name in sheet.names]
    head = "".join(f'<th scope="col"{kind}>{_text(text)}</th>' for kind, text in zip(kinds, sheet.headers, strict=True))
    rows = []
    for place, cells in enumerate(sheet.cells):
        look = ' class="baseline"' if place == sheet.baseline else ""
        body = "".join(f"<td{kind}>{_text(text)}</td>" for kind, text in zip(kinds, cells, strict=True))
        rows.append(f"<tr{look}>{body}</tr>")
    return "\n".join(
        [
            f"<h2>{_text(sheet.title)}</h2>",
            f"<div><table>\n<thead><tr>{head}</tr></thead>\n<tbody>",
            *rows,
            "</tbody>\n</table></div>",
        ]
    )


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
