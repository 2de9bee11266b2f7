"""A wrong value in a notebook: one line that names the argument, the value and what was expected, before any work."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

import harness
import leaderboards
import schedules
from leaderboards.boards import query
from leaderboards.render import formats
from schedules import UserError

LAPLACE = schedules.create("laplace")
WRONG = {
    "published, no track": (lambda: leaderboards.published(None), "track is None; expected the name of one, as text"),
    "published, unknown": (lambda: leaderboards.published("gmm-v2"), "unknown track 'gmm-v2'; did you mean"),
    "load, no path": (lambda: leaderboards.load(None, "gmm-v1"), "store is None; expected the path of a folder"),
    "load, no track": (lambda: leaderboards.load("here", 5), "track is 5; expected the name of one, as text"),
    "train, no track": (lambda: harness.train(["gmm-v1"], "cosine"), r"track is \['gmm-v1'\]; expected the name"),
    "train, no target": (lambda: harness.train("gmm-v1", "cosine", target=3), "target is 3; expected the name of one"),
    "train, no schedule": (lambda: harness.train("gmm-v1", 5), "a spec is a text such as .*; got 5"),
    "train, seed": (lambda: harness.train("gmm-v1", "cosine", seed="a"), "seed is 'a'; expected a whole number, 0 or"),
    "train, half a seed": (lambda: harness.train("gmm-v1", "cosine", seed=1.5), "seed is 1.5; expected a whole number"),
    "train, negative seed": (lambda: harness.train("gmm-v1", "cosine", seed=-1), "seed is -1; expected a whole number"),
    "train, steps": (lambda: harness.train("gmm-v1", "cosine", steps="all"), "steps is 'all'; expected .*, 1 or more"),
    "sample, n": (lambda: LAPLACE.sample(1.5), "n is 1.5; expected a whole number, 0 or more"),
    "sample, no n": (lambda: LAPLACE.sample(True), "n is True; expected a whole number"),
    "sample, seed": (lambda: LAPLACE.sample(2, seed="x"), "seed is 'x'; expected a whole number, 0 or more"),
    "info": (lambda: schedules.info(3), "schedule is 3; expected the name of one, as text"),
    "betas": (lambda: schedules.from_betas("linear"), "betas must be a list of 2 or more numbers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_is_named_with_what_was_expected(case):
    call, says = WRONG[case]
    with pytest.raises(UserError, match=says) as refused:
        call()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"metric": 3}, "metric is 3; expected the name of one"),
        ({"target": 3}, "target is 3; expected the name of one"),
        ({"target": "w"}, "unknown target 'w'; known: "),
        ({"guidance": None}, "unknown guidance 'None'; known: .*best"),
    ],
)
def test_a_board_says_what_it_can_be_of(more, says):
    results = leaderboards.published("mnist-v1")
    with pytest.raises(UserError, match=says):
        leaderboards.board(results, **more)


def test_every_column_of_a_frame_is_on_the_page_of_columns_and_nothing_else_is():
    page = (Path(leaderboards.__file__).parent / "columns.md").read_text(encoding="utf8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    place: dict = {}
    exec(example, place)
    frames = place["board"], place["results"].runs, place["results"].scores
    for frame, part in zip(frames, page.split("\n## ")[1:], strict=True):
        rows = [re.fullmatch(r"\| `(\w+)` \| (.+) \| (.+) \|", line) for line in part.splitlines()[4:]]
        assert [row[1] for row in rows if row] == list(frame.columns)
    exported = json.loads(formats.of_board("json", query.board_of(place["results"].tables, "fashion-latent-v1")))
    assert list(exported[0]) == list(place["board"].columns)


def test_a_folder_does_not_take_the_place_of_a_function_of_its_name():
    import_module("leaderboards.published")
    assert len(leaderboards.published("gmm-v1").runs)


@pytest.mark.parametrize("other", ["mnist-v1", None, leaderboards.published("mnist-v1").scores])
def test_a_board_is_of_results(other):
    with pytest.raises(TypeError, match=r"results is a \w+; expected what leaderboards.published\(track\) or"):
        leaderboards.board(other)
