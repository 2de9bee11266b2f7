"""Which entries of a long table a page shows: a rule, whatever the entries are called."""

from __future__ import annotations

import numpy as np
import pytest

from harness import tracks
from leaderboards.boards.board import board
from leaderboards.releases.publishing import freezing, readme

TRACK = "digits-v1"


@pytest.fixture
def long_board(table, metric):
    """Forty entries; who is called what says at which place it is."""
    rng = np.random.default_rng(0)
    names = [f"flow_beta:a={place}" for place in range(40)]
    names[20], names[30], names[33], names[38] = "cosine", "laplace:scale=0.7", "cauchy|shift:a=2", "edm"
    names[12], names[13:15] = "edm@tuned", [f"mode:s={place}@tuned" for place in (1, 2)]
    names[31], names[32] = "laplace", "mode:s=1"
    names[34:39] = [f"sigmoid:a={place}@tuned" for place in range(4)] + names[38:39]
    for place, entry in enumerate(names):
        facts = {"tuned": True, "tuned_from": entry.removesuffix("@tuned")} if entry.endswith("@tuned") else {}
        if entry == "laplace":
            facts |= {"weighting": "min_snr"}
        table.runs_of(entry, np.exp(0.1 * place + 0.001 * rng.standard_normal(3)), schedule=entry, **facts)
    return board(table.tables, track=TRACK, metric=metric())


def released_as(track):
    return freezing.Release(
        schema_version=1, track=track, protocol="1", track_fingerprint=tracks.get(track).fingerprint, made="2026-01-02",
        runs=120, entries=40, targets=("v",), seeds=(0, 1, 2), metrics=("fd",), environment=(), hardware=("a machine",),
        commands=(), tuning=(), missing=(),
    )  # fmt: skip


def test_the_best_the_baseline_the_paper_and_the_tuned_are_shown(long_board):
    section = long_board.cells[0]
    entries = [section.rows[place].entry for place in readme.places(section)]
    assert entries == [
        *(f"flow_beta:a={place}" for place in range(10)),
        *("edm@tuned", "mode:s=1@tuned", "mode:s=2@tuned", "cosine", "laplace:scale=0.7", "mode:s=1"),
        *("sigmoid:a=0@tuned", "sigmoid:a=1@tuned", "sigmoid:a=2@tuned", "edm"),
    ]


def test_the_page_says_the_rule_and_keeps_the_ranks_of_the_whole_table(long_board, tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"a\n<!-- snrbench:published {TRACK} -->\n<!-- /snrbench:published -->\nb\n")
    release = released_as(TRACK)
    assert readme.refresh(page, long_board, release, "published/my results/table.md")
    text = page.read_text()
    assert "the best 10, cosine, the schedules of arXiv:2407.03297" in text
    assert "all 40, and each target: [published/my results/table.md](published/my%20results/table.md)." in text
    assert [line for line in text.splitlines() if line.startswith("| 21 | `cosine` |")]
    assert sum(line.startswith("| ") for line in text.splitlines()) == 1 + 20
    tuned = [line for line in text.splitlines() if line.startswith("- `")]
    assert len(tuned) == 6, "what each tuned entry that is shown was tuned to"
    assert tuned[0].startswith("- `edm@tuned`: v: ")
    assert readme.refresh(page, long_board, release, "published/my results/table.md")
    assert page.read_text() == text


def test_a_page_that_names_entries_shows_their_rows_alone(long_board, tmp_path):
    page = tmp_path / "README.md"
    head = f"<!-- snrbench:published {TRACK} edm cosine laplace:scale=0.7 nobody -->"
    page.write_text(f"a\n{head}\n| 1 | `old` |\n<!-- /snrbench:published -->\nb\n")
    assert readme.refresh(page, long_board, released_as(TRACK), "table.md")
    first, marker, *table, end, last = page.read_text().splitlines()
    assert (first, marker, end, last) == ("a", head, "<!-- /snrbench:published -->", "b")
    rows = [line.split(" | ")[:2] for line in table if line.startswith("| ")][1:]
    assert [entry for _, entry in rows] == ["`cosine`", "`laplace:scale=0.7`", "`edm`"]
    assert rows[0][0] == "| 21", "the rank in the whole table"


@pytest.mark.parametrize(("track", "kind"), [("gmm-v1", "diagnostic"), ("mnist-v1", "untrained")])
def test_a_board_that_ranks_nothing_is_named_with_its_reason_and_shows_no_rows(long_board, tmp_path, track, kind):
    page = tmp_path / "README.md"
    page.write_text(f"a\n<!-- snrbench:published {track} -->\n| 1 | `old` |\n<!-- /snrbench:published -->\nb\n")
    assert readme.refresh(page, long_board, released_as(track), f"published/{track}/table.md")
    text = page.read_text()
    assert f"`{track}` stands among no rankings, as it is {kind}: {tracks.standing(track).why}." in text
    assert f"(published/{track}/table.md)" in text
    assert not [line for line in text.splitlines() if line.startswith("|")]
