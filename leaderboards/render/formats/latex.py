"""A board as LaTeX tables in the style of booktabs, to be read by `\\input`; any of the usual engines will do."""

from __future__ import annotations

from leaderboards.boards.rows import Board
from leaderboards.render.columns import legend
from leaderboards.render.text_tables import Sheet, sheets
from leaderboards.wording import visible

SPECIAL = {
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}"},
    **{"`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "-": "-{}"},
    **{"−": "$-$", "×": r"$\times$", "≥": r"$\geq$", "≤": r"$\leq$", "±": r"$\pm$", "–": "--", "·": r"$\cdot$"},
    **{
        "½": r"$\frac12$",
        "†": r"\dag{}",
        "≈": r"$\approx$",
        "∫": r"$\int$",
        "∞": r"$\infty$",
        "²": r"$^2$",
        "‖": r"$\|$",
        "…": r"\ldots{}",
    },
    **{"α": r"$\alpha$", "β": r"$\beta$", "ε": r"$\varepsilon$", "λ": r"$\lambda$", "σ": r"$\sigma$"},
    **{"τ": r"$\tau$", "ω": r"$\omega$", "\u0302": ""},
}


def board(board: Board, per_seed: bool = False) -> str:
    """A `table` environment for each section; what the numbers mean stands under the last one."""
    tables = list(sheets(board, per_seed))
    if not tables:
        return "\n".join(f"% {visible(line)}" for line in legend(board))
    below = " ".join(_text(line) for line in legend(board))
    parts = [r"% needs \usepackage{booktabs} and \usepackage{textcomp}"]
    parts += [_table(sheet, below if sheet is tables[-1] else "") for sheet in tables]
    return "\n\n".join(parts)


def _table(sheet: Sheet, below: str) -> str:
    shown = list(zip(sheet.names, sheet.headers, strict=True))
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            f"\\caption{{{_text(sheet.title)}}}",
            f"\\begin{{tabular}}{{{''.join('l' if name else 'r' for name in sheet.names)}}}",
            r"\toprule",
            " & ".join(_text(header) for _, header in shown) + r" \\",
            r"\midrule",
            *(_row(sheet, cells) for cells in sheet.cells),
            r"\bottomrule",
            r"\end{tabular}",
            *([r"\par\smallskip\footnotesize\raggedright " + below] if below else []),
            r"\end{table}",
        ]
    )


def _row(sheet: Sheet, cells: tuple[str, ...]) -> str:
    texts = [
        f"\\texttt{{{_text(cell)}}}" if name else _text(cell) for name, cell in zip(sheet.names, cells, strict=True)
    ]
    # A line that begins with a bracket would be taken as an option of the line break before it.
    return "{}" + " & ".join(texts) + r" \\" if texts[0].startswith(("[", "*")) else " & ".join(texts) + r" \\"


def _text(text: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in visible(text))
