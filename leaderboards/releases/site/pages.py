"""The pages of a site: what each one says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from harness import tracks
from leaderboards.boards import tuned_parameters
from leaderboards.boards.rows import ALL_TARGETS, Board, Row
from leaderboards.boards.run_views import ranked_runs
from leaderboards.data.cache.lines import EPS_ERROR
from leaderboards.data.released import SAMPLES, published_lines, published_table, release, sample_grid
from leaderboards.data.tables import Tables
from leaderboards.releases.agreement_line import agreement_line
from leaderboards.releases.site.curves import error_picture
from leaderboards.render.columns import columns, legend
from leaderboards.render.formats.html import page, table, text
from leaderboards.render.text_tables import Sheet, sheets
from leaderboards.statistics.student_t import Array

INDEX = "index.html"
WIDTH = 320
"""Pixels that a sample picture takes across, or nearly."""
ABOUT = (
    "snrbench trains the noise schedules of diffusion models under the same conditions and says, with intervals, which "
    "differences are real."
)
FIND = '<p><label>Show rows with <input type="search" placeholder="laplace"></label> <output></output></p>'


def track_page(track: str) -> str:
    """File name of a track's board."""
    return f"{track}.html"


def samples_folder(track: str) -> str:
    """Name of the folder with its sample pictures, of a track that has some."""
    return f"{track}-{SAMPLES}"


def entries_page(track: str) -> str:
    """File name of what is known of each of its entries."""
    return f"{track}-entries.html"


def index(shown: Sequence[str]) -> str:
    """What there is: a line for each track, those that stand among no rankings last."""
    ordered = sorted(shown, key=lambda track: not tracks.standing(track).ranked)
    lines = []
    for track in ordered:
        facts, standing = release(track), tracks.standing(track)
        said = [tracks.get(track).summary, f"{facts.entries} entries, {facts.runs} runs, {len(facts.seeds)} seeds"]
        said += [str(standing)] if standing.why else []
        said += [agreement_line(track)] if agreement_line(track) else []
        lines.append(f'<li><a href="{track_page(track)}">{text(track)}</a>: {text("; ".join(said))}</li>')
    return _page("snrbench", ["<h1>snrbench</h1>", f"<p>{text(ABOUT)}</p>", "<ul>", *lines, "</ul>"])


def board_page(board: Board) -> str:
    """The board: every table, each name a link to what is known of the entry, and how to read it."""
    track = board.track
    links = {entry: f"{entries_page(track)}#{_anchor(number)}" for number, entry in enumerate(_entries(board))}
    standing, agreement = tracks.standing(track), agreement_line(track)
    facts = [f"{track} {agreement}."] if agreement else []
    facts += [f"It stands among no rankings: {standing.why}."] if not standing.ranked else []
    return _page(
        f"{track} · {board.metric.title}",
        [
            _links(track),
            f"<h1>{text(f'{track} · {board.metric.title}')}</h1>",
            f"<p>{text(tracks.get(track).summary)}.</p>",
            *(f"<p>{text(fact)}</p>" for fact in facts),
            FIND,
            *(table(sheet, links) for sheet in sheets(board)),
            "<h2>How to read it</h2>",
            "<ul>",
            *(f"<li>{text(line)}</li>" for line in legend(board, units="each entry's own page")),
            "</ul>",
        ],
    )


def details_page(board: Board) -> str:
    """Each entry: its parameters, its place for every target, the score of each seed, where it errs, what it draws."""
    track, tables = board.track, published_table(board.track)
    curves, drawn = _error_curves(tables, track), _samples(board, tables, track)
    sections = [_details(board, entry, _anchor(number), curves, drawn) for number, entry in enumerate(_entries(board))]
    said = "Curves: error in ε on held-out data against λ at the end of training; dashed is the baseline."
    said += " Pictures: unguided samples of one seed, a column for each label." if drawn else ""
    caption = f"<p>{text(said)}</p>"
    return _page(f"{track} · entries", [_links(track), f"<h1>{text(track)} · entries</h1>", caption, *sections])


def _details(
    board: Board,
    entry: str,
    anchor: str,
    curves: Mapping[tuple[str, str], tuple[Array, Array]],
    samples: Mapping[tuple[str, str], str],
) -> str:
    rows = [(section, row) for section in board.sections for row in section.rows if row.entry == entry]
    seeds = sorted({seed for _, row in rows for seed in row.values})
    first = columns(board, rows[0][0])
    texts = {column.header: column for column in first if not column.name}
    sheet = Sheet(
        title=entry,
        headers=("target", *texts, *(f"seed {seed}" for seed in seeds)),
        names=(True, *[False] * (len(texts) + len(seeds))),
        cells=tuple(
            (row.target, *(column.text(row) for column in texts.values()), *(_score(row, seed) for seed in seeds))
            for _, row in rows
        ),
    )
    pictures = []
    for section, row in rows:
        drawn, against = curves.get((row.target, entry)), curves.get((row.target, board.baseline))
        if drawn is not None and against is not None and np.array_equal(drawn[0], against[0]):
            picture = error_picture(drawn[0], drawn[1], against[1])
            pictures.append(f"<figure>{picture}<figcaption>{text(section.target)}</figcaption></figure>")
    for target, label in ((row.target, entry) for _, row in rows):
        if (target, label) in samples:
            caption = f"<figcaption>{text(target)}, samples</figcaption>"
            pictures.append(f"<figure>{samples[target, label]}{caption}</figure>")
    what = f"{rows[0][1].schedule}, weighting {rows[0][1].weighting}, applied by {rows[0][1].apply}"
    tuned = tuned_parameters.lines(row for _, row in rows if row.target != ALL_TARGETS)
    about = [what, *([f"Tuned to ({tuned_parameters.HEAD}):", *tuned] if tuned else [])]
    said = (f"<p>{text(line)}</p>" for line in about)
    return "\n".join([f'<section id="{anchor}">', table(sheet), *said, *pictures, "</section>"])


def _score(row: Row, seed: int) -> str:
    score = row.values.get(seed)
    return "–" if score is None else "diverged" if np.isinf(score) else f"{score:.3g}"


def _error_curves(tables: Tables, track: str) -> dict[tuple[str, str], tuple[Array, Array]]:
    """(target, label) → λ and the ε-error, the mean over seeds."""
    runs = tables.runs
    points = published_lines(track, EPS_ERROR, runs["run_id"].astype(str))
    curves: dict[tuple[str, str], tuple[Array, Array]] = {}
    for (target, entry), of_entry in runs.groupby(["target", "entry"], observed=True):
        drawn = [points[str(run_id)] for run_id in of_entry["run_id"] if str(run_id) in points]
        if drawn and all(np.array_equal(x, drawn[0][0]) for x, _ in drawn):
            curves[str(target), str(entry)] = (np.asarray(drawn[0][0]), np.mean([y for _, y in drawn], axis=0))
    return curves


def _samples(board: Board, tables: Tables, track: str) -> dict[tuple[str, str], str]:
    """(target, label) → the picture of its samples, by its address beside the pages."""
    images: dict[tuple[str, str], str] = {}
    for cell in board.cells:
        runs = ranked_runs(tables, cell.target)
        for label, run_id, seed in zip(runs["label"], runs["run_id"].astype(str), runs["seed"], strict=True):
            picture = sample_grid(track, run_id)
            if picture is not None:
                about = text(f"samples of {label}, {cell.target}, seed {seed}")
                address = f"{samples_folder(track)}/{picture.name}"
                images[cell.target, str(label)] = f'<img {_size(picture)} loading="lazy" src="{address}" alt="{about}">'
    return images


def _size(picture: Path) -> str:
    """A tiny picture is shown larger, by a whole number."""
    with Image.open(picture) as image:
        zoom = max(1, WIDTH // image.width)
        return f'width="{zoom * image.width}" height="{zoom * image.height}"'


def _entries(board: Board) -> list[str]:
    return list(pd.unique(pd.Series([row.entry for section in reversed(board.sections) for row in section.rows])))


def _anchor(number: int) -> str:
    return f"entry-{number}"


def _links(track: str) -> str:
    pages = (("all boards", INDEX), (track, track_page(track)), ("entries", entries_page(track)))
    links = (f'<a href="{address}">{text(name)}</a>' for name, address in pages)
    return f"<nav>{''.join(links)}</nav>"


def _page(name: str, body: Sequence[str]) -> str:
    here = files(__package__)
    style, script = (here / "style.css").read_text("utf-8"), (here / "sort_and_filter.js").read_text("utf-8")
    return page(name, body, style, script)
