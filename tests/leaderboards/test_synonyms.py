"""Names that share a density are said to, and only those."""

from types import SimpleNamespace

import schedules
from leaderboards.publishing.synonyms import as_text, synonyms
from schedules.kinship import same_density


def board(*names):
    return SimpleNamespace(rows=[SimpleNamespace(schedule=name, tuned=False) for name in names])


def test_they_are_what_kinship_finds_by_distance():
    found = synonyms(board("cosine", "laplace", "logit_normal"))
    assert set(found) == {"cosine", "logit_normal"}
    for entry, names in found.items():
        registered = set(same_density(schedules.create(entry))) & set(schedules.names())
        assert set(names) == registered - {entry}


def test_a_name_that_was_run_is_an_entry_of_its_own():
    assert "cosmap" not in synonyms(board("cosine", "cosmap"))["cosine"]
    assert synonyms(board("laplace", "laplace:scale=2")) == {}
    assert as_text(board("laplace")) == ""
    assert "- `cosine`: " in as_text(board("cosine"))
