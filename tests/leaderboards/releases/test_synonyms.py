"""Names that share a density are said to, and only those."""

from types import SimpleNamespace

import schedules
from leaderboards.releases.publishing.equal_densities import as_text, synonyms, twins
from schedules.relatives.similarity import same_density


def board(*names):
    rows = [SimpleNamespace(schedule=name, tuned=False) for name in names]
    return SimpleNamespace(rows=rows, cells=())


def scored(**values):
    """A board with the scores of entries, by target and seed."""
    cells = [
        SimpleNamespace(
            target=target,
            rows=[SimpleNamespace(entry=entry, values=of[target]) for entry, of in values.items() if target in of],
        )
        for target in ("v", "eps")
    ]
    return SimpleNamespace(rows=[], cells=cells)


def test_they_are_what_kinship_finds_by_distance():
    groups = synonyms(board("cosine", "laplace", "logit_normal"))
    assert set(groups) == {"cosine", "logit_normal"}
    for entry, names in groups.items():
        registered = set(same_density(schedules.create(entry))) & set(schedules.names())
        assert set(names) == registered - {entry}


def test_a_name_that_was_run_is_an_entry_of_its_own():
    assert "cosmap" not in synonyms(board("cosine", "cosmap"))["cosine"]
    assert synonyms(board("laplace", "laplace:scale=2")) == {}
    assert as_text(board("laplace")) == ""
    assert "- `cosine`: " in as_text(board("cosine"))


def test_entries_with_the_same_numbers_in_every_run_are_named():
    scores = {"v": {0: 0.5, 1: 0.25}, "eps": {0: 1.5}}
    almost = {"v": {0: 0.5, 1: 0.25 + 1e-15}, "eps": {0: 1.5}}
    lost = {"v": {0: float("inf")}}
    entries = scored(b=scores, a=scores, almost=almost, part={"v": scores["v"]}, lost=lost, too=lost)
    assert twins(entries) == [["a", "b"]]
    assert "- `a`, `b`" in as_text(entries)
