"""The three lists and the verdict, against scores made by hand."""

import numpy as np
import pytest

from harness import tracks
from leaderboards.recommending import wording
from leaderboards.recommending.answer import NOT_SHOWN, SHOWN, TOO_EARLY, UNTRAINED, answer_of
from leaderboards.recommending.families import compared
from leaderboards.recommending.journal import Journal
from leaderboards.recommending.judging import Effect, verdict_of
from leaderboards.recommending.report import write

BEST = "logit_normal:m=-0.4,s=0.9"


@pytest.fixture
def own(monkeypatch):
    """A track without published runs, whose noise nobody knows."""
    track = tracks.get("digits-v1").model_copy(update={"name": "own-v1"})
    monkeypatch.setattr(tracks, "TRACKS", {**tracks.TRACKS, "own-v1": track})


@pytest.fixture
def journal():
    return Journal(
        fingerprint="", floors={"fd": 0.5}, learning_rate=1.0, ema=1.0, best=BEST, seeds=6, runs=90, minutes=8.0,
        entries=compared(BEST, ["laplace:scale=0.7"], 15), complete=True,
    )  # fmt: skip


def results(table, journal, truth, sd, seeds=6):
    """Runs whose true ratio to the best is `truth(spec)`, with a seed's luck that all share."""
    rng = np.random.default_rng(3)
    luck = np.exp(0.2 * rng.standard_normal(seeds))
    for spec in journal.entries:
        noise = np.exp(sd * rng.standard_normal(seeds))
        table.runs_of(spec, list(truth(spec) * luck * noise), track="own-v1")
    return table.tables


def test_a_clear_best_is_recommended_with_its_lists(own, table, journal, tmp_path):
    """Equal ones are shown to be as good, those 30 % worse to be worse, and where it is open it is said so."""
    near = compared(BEST, [], 15)[-2:]

    def truth(spec):
        return 1.0 if spec in (BEST, near[0]) else 1.05 if spec == near[1] else 1.3

    frame = results(table, journal, truth, sd=0.01)
    answer = answer_of(frame, "own-v1", "v", journal, 0)
    assert (answer.verdict, answer.spec) == (SHOWN, BEST)
    assert set(answer.within) == {BEST, near[0]}
    assert answer.unknown == () or answer.unknown == (near[1],)
    assert set(answer.within) | set(answer.worse) | set(answer.unknown) == set(journal.entries)
    assert answer.baseline.ratio == pytest.approx(1 / 1.3, rel=0.03)
    assert answer.baseline.low < 1 / 1.3 < answer.baseline.high
    assert "edm" in answer.flags
    said = "\n".join(wording.lines(answer))
    assert said.startswith("Recommended: normal in λ, mean 0.8, standard deviation 1.8")
    assert "−23 %" in said
    assert (report := write(answer, tmp_path / "report")).is_file()
    assert {path.name for path in report.parent.iterdir()} == {"report.md", "density.png", "scores.png", "plateau.png"}
    assert answer.record()["plateau"]["worse"] == list(answer.worse)


def test_equal_entries_under_noise_are_unknown_and_nothing_is_recommended(own, table, journal):
    """Low power is no plateau."""
    answer = answer_of(results(table, journal, lambda spec: 1.0, sd=0.2), "own-v1", "v", journal, 0)
    assert answer.verdict == NOT_SHOWN
    assert set(answer.within) == {answer.spec}
    assert len(answer.unknown) > 10
    said = wording.lines(answer)
    assert "told apart from what you have" in said[0]
    assert not any("to paste" in line or "ecommended" in line for line in said)
    assert any("not shown to be better" in line for line in said)


def test_an_entry_that_is_shown_better_takes_the_place_of_the_search(own, table, journal):
    frame = results(table, journal, lambda spec: 0.6 if spec == "laplace:scale=0.7" else 1.0, sd=0.02)
    answer = answer_of(frame, "own-v1", "v", journal, 0)
    assert answer.spec == "laplace:scale=0.7"
    assert answer.judged.switched
    assert BEST in answer.worse


def test_an_untrained_baseline_and_too_few_seeds_recommend_nothing(own, table, journal):
    untrained = journal.model_copy(update={"untrained": "cosine's fd for v is 9.0 floors"})
    answer = answer_of(table.tables, "own-v1", "v", untrained, 0)
    assert (answer.verdict, answer.flags) == (UNTRAINED, None)
    assert "9.0 floors" in wording.lines(answer)[0]
    early = answer_of(results(table, journal, lambda spec: 1.0, 0.02, seeds=2), "own-v1", "v", journal, 0)
    assert early.verdict == TOO_EARLY


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (Effect(1.01, 0.98, 1.04, False), "within"),
        (Effect(1.03, 1.01, 1.049, True), "within"),
        (Effect(1.10, 1.04, 1.16, True), "worse"),
        (Effect(1.10, 0.95, 1.28, False), "unknown"),
        (Effect(1.01, 0.90, 1.13, False), "unknown"),
        (Effect(float("nan"), float("nan"), float("nan"), False), "unknown"),
    ],
)
def test_a_list_is_a_matter_of_the_interval(effect, expected):
    assert verdict_of(effect) == expected
