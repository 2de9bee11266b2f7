"""HTML and LaTeX: every cell is there, a hostile name stays text; scores of single seeds in every format."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from leaderboards.boards.board import board
from leaderboards.render import text_tables
from leaderboards.render.formats import names, of_board
from leaderboards.render.formats.csv import board as to_csv
from leaderboards.render.formats.html import board as to_html
from leaderboards.render.formats.json import board as to_json
from leaderboards.render.formats.latex import board as to_latex
from leaderboards.render.formats.md import board as to_markdown
from leaderboards.render.terminal import print_seeds
from leaderboards.render.text_tables import seed_by_seed
from leaderboards.wording import visible

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a&amp;b",
    r"\input{/etc/passwd}",
    r"50%_$x^{2}$~#&",
    "[4pt] x",
    "new\nline",
    "``''",
]


class Page(HTMLParser):
    """The tags of a page, and the texts of its cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.rows = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attributes)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("per_seed", [False, True])
def test_html_holds_every_cell_and_nothing_that_acts(hostile, ranked, per_seed):
    for ranking in (hostile, ranked):
        page = Page(to_html(ranking, per_seed))
        assert page.open == []
        assert not {"script", "img", "link", "iframe"} & set(page.tags)
        sheets = [
            sheet
            for section in ranking.sections
            for sheet in (text_tables.ranked(ranking, section), seed_by_seed(ranking, section))
        ]
        sheets = sheets if per_seed else sheets[::2]
        wanted = [row for sheet in sheets for row in (sheet.headers, *sheet.cells)]
        assert page.rows == [[visible(cell) for cell in row] for row in wanted]


def test_html_needs_no_other_file(ranked):
    text = to_html(ranked)
    assert text.startswith("<!doctype html>")
    assert not re.search(r"https?:|@import|url\(", text)


PLAIN = {r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<"} | {
    **{r"\textgreater{}": ">", r"\textbar{}": "|", r"\textquotedbl{}": '"', r"\textasciigrave{}": "`"},
    **{r"\textquotesingle{}": "'", "-{}": "-", r"\&": "&", r"\%": "%", r"\$": "$", r"\#": "#", r"\_": "_"},
    **{r"\{": "{", r"\}": "}"},
}


def unescaped(text):
    """LaTeX read as LaTeX reads it; refuses what would be a command."""
    out, at = "", 0
    while at < len(text):
        escape = next((mark for mark in sorted(PLAIN, key=len, reverse=True) if text.startswith(mark, at)), None)
        assert escape or text[at] not in "\\&%$#_{}~^", text[at:]
        out, at = out + (PLAIN[escape] if escape else text[at]), at + len(escape or "x")
    return out


def test_latex_names_are_text(hostile):
    names = re.findall(r"\\texttt\{(.*?)\} & ", to_latex(hostile))
    assert sorted(unescaped(name) for name in names) == sorted(visible(name) for name in ["cosine", *HOSTILE])


def test_latex_has_a_table_of_each_section(ranked):
    text = to_latex(ranked)
    for words in (r"\begin{table}", r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}", r"\end{table}"):
        assert text.count(words) == 4
    assert r"$-$50 \% [$-$52, $-$48]" in text
    assert text.count("held-{}out data") == 1
    body = re.findall(r"\\midrule\n(.*?)\n\\bottomrule", text, re.DOTALL)
    columns = [len(spec) for spec in re.findall(r"\\begin\{tabular\}\{([lr]+)\}", text)]
    for lines, count in zip(body, columns, strict=True):
        assert [len(re.findall(r"(?<!\\)&", line)) for line in lines.splitlines()] == [count - 1] * 4
    assert not re.search(r"[^\x00-\x7fé]", text)


def test_the_scores_of_seeds_are_in_every_format(ranked):
    row = ranked.cells[0].rows[0]
    assert json.loads(to_json(ranked, True))[0]["values"] == {str(seed): score for seed, score in row.values.items()}
    line = next(csv.DictReader(io.StringIO(to_csv(ranked, True))))
    assert [float(line[f"seed_{seed}"]) for seed in range(3)] == list(row.values.values())
    assert "seed_0" not in to_csv(ranked)
    console = Console(file=io.StringIO(), width=120, highlight=False)
    print_seeds(ranked, console)
    scores = [f"{score:#.3g}" for score in row.values.values()]
    for text in (console.file.getvalue(), to_markdown(ranked, True), to_html(ranked, True), to_latex(ranked, True)):
        assert "fd of each seed" in text
        assert all(score in text for score in scores)
    assert "of each seed" not in to_markdown(ranked)


def test_a_diverged_and_a_missing_seed_are_told_apart(table, metric):
    table.runs_of("cosine", [1.0, 1.1]).runs_of("wild", [1.0, None]).run("late", 1, 1.5)
    ranking = board(table.tables, track="digits-v1", metric=metric())
    cells = {row[0]: row[1:] for row in seed_by_seed(ranking, ranking.cells[0]).cells}
    assert cells["wild"] == ("1.00", "diverged")
    assert cells["late"] == ("–", "1.50")


@pytest.mark.parametrize("form", names()[1:])
def test_an_empty_board_is_no_failure(table, metric, form):
    assert isinstance(of_board(form, board(table.tables, track="digits-v1", metric=metric()), True), str)
