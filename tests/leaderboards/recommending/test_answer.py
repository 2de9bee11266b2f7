"""The three lists and the verdict, against scores made by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import schedules
from harness import tracks
from leaderboards.recommending import report, wording
from leaderboards.recommending.answer import NOT_SHOWN, SHOWN, TOO_EARLY, UNTRAINED, answer_of
from leaderboards.recommending.families import compared
from leaderboards.recommending.journal import Journal
from leaderboards.recommending.judging import Effect, verdict_of
from leaderboards.recommending.report import write
from schedules import trainers

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
    text = "\n".join(wording.lines(answer))
    first, *_ = text.splitlines()
    assert first.startswith("Recommended over cosine and the defaults of ai-toolkit, ")
    assert first.endswith(f": normal in λ, mean 0.8, standard deviation 1.8 ({BEST})")
    assert "not shown to be better than cosine" not in text
    assert "−23 %" in text
    assert "test for all 105 pairs of 15 entries" in text
    page = write(answer, tmp_path / "report")
    rows = page.read_text()
    assert "| entry | default of | score |" in rows
    assert "| `flow_uniform` | diffusers-flags, musubi, " in rows
    assert {path.name for path in page.parent.iterdir()} == {"report.md", "density.png", "scores.png", "plateau.png"}
    assert answer.record()["plateau"]["worse"] == list(answer.worse)


def test_flags_of_several_lines_stay_several_lines(own, table, journal):
    """ai-toolkit's are YAML, where two entries on one line are none."""
    answer = answer_of(results(table, journal, lambda spec: 1.0, sd=0.1), "own-v1", "v", journal, 0)
    flags = trainers.express(schedules.parse("logit_normal"), "ai-toolkit").flags
    answer = replace(answer, flags={"ai-toolkit": flags, "sd-scripts": "--sigmoid_scale 1"})
    printed = [line.removeprefix("    ai-toolkit").strip() for line in wording.lines(answer)]
    start = printed.index(flags.splitlines()[0])
    assert printed[start : start + len(flags.splitlines())] == flags.splitlines()


def test_what_is_told_apart_from_one_default_alone_is_recommended_over_that_one(own, table, journal):
    """Its intervals against cosine do not decide; the test for all pairs does, and the first line says over what."""
    answer = answer_of(
        results(table, journal, lambda spec: 3.0 if spec == "flow_uniform|shift:a=3" else 1.0, sd=0.1),
        "own-v1", "v", journal, 0,
    )  # fmt: skip
    assert (answer.verdict, answer.baseline.told) == (SHOWN, False)
    assert answer.better_than == ("sd-scripts flux_train_network.py",)
    assert answer.record()["better_than"] == ["sd-scripts flux_train_network.py"]
    first, second, *_ = wording.lines(answer)
    assert first.startswith("Recommended over the default of sd-scripts flux_train_network.py: ")
    assert second.startswith("  not shown to be better than cosine: ")


def test_a_default_is_named_however_it_is_written_and_no_column_is_empty(own, table, journal, tmp_path):
    """logit_normal|shift:a=3 is logit_normal with its m moved by ln 3."""
    written = "logit_normal:m=1.09861228866811"  # as simpletuner's logit_normal|shift:a=3
    specs = [written if spec == "logit_normal|shift:a=3" else spec for spec in journal.entries]
    journal = journal.model_copy(update={"entries": specs})
    answer = answer_of(results(table, journal, lambda spec: 1.0, sd=0.1, seeds=2), "own-v1", "v", journal, 0)
    assert answer.verdict == TOO_EARLY  # which has its table too
    assert f"| `{schedules.parse(written).spec}` | simpletuner |" in write(answer, tmp_path).read_text()
    none = report.table(answer.judged, [])
    assert none[0] == "| entry | score | distance against the best's | list |"
    assert {row.replace("\\|", "").count("|") for row in none} == {5}


def test_a_search_that_ends_at_cosine_itself_says_so(own, table, journal):
    """A cosine moved by nothing is in the comparison as cosine, and no other entry takes its place for having luck."""
    journal = journal.model_copy(update={"best": "cosine_shifted", "entries": compared("cosine_shifted", [], 15)})
    lucky = journal.entries[3]
    frame = results(table, journal, lambda spec: 0.97 if spec == lucky else 1.0, sd=0.2)
    answer = answer_of(frame, "own-v1", "v", journal, 0)
    assert (answer.spec, answer.judged.switched, answer.verdict) == ("cosine", False, NOT_SHOWN)
    lines = wording.lines(answer)
    assert lines[1].endswith("(cosine)")
    assert not any(line.startswith("  distance against cosine") for line in lines)


@pytest.mark.parametrize(
    ("floor", "train", "pattern"),
    [
        (1e-9, 148, r"; their floor is 1e-09: what real training data score in the place of samples$"),
        (
            1e9,
            148,
            r"\. 15 of 15 lie below it: it is of 148 training rows, a score of [\d,]+ samples, and fewer give",
        ),
        (1e9, 10**6, r"\. 15 of 15 lie below it: samples may lie as near"),
        (1e9, 0, r"\. 15 of 15 lie below it: samples may lie as near"),
    ],
)
def test_a_floor_is_explained_where_scores_lie_below_it(own, table, journal, floor, train, pattern):
    journal = journal.model_copy(update={"floors": {"fd": floor}, "train": train})
    answer = answer_of(results(table, journal, lambda spec: 1.0, sd=0.1), "own-v1", "v", journal, 0)
    (line,) = wording.floor(answer)
    assert re.search(pattern, line)
    assert f"  {line}" in wording.lines(answer)


@pytest.mark.parametrize("sigma", [None, 0.7, 1e9])
def test_flags_of_edm_are_for_the_data_as_they_are(own, table, journal, sigma):
    """Drawn with them, ln σ gives the λ that was recommended: λ = 2 ln(σ_d/σ) with the σ_d that is said."""
    answer = answer_of(results(table, journal, lambda spec: 1.0, sd=0.2), "own-v1", "v", journal, 0, sigma)
    held = 0.7 if sigma == 0.7 else 0.5
    assert answer.record()["sigma_data"] == {"edm": held, "edm2": 0.5}
    for name, of_data in (("edm", held), ("edm2", 0.5)):
        settings = trainers.read(name, answer.flags[name]).settings
        sigmas = np.exp(settings["P_mean"] + settings["P_std"] * np.array([-1.0, 0.0, 1.0]))
        logsnr = schedules.parse(answer.spec).ppf(stats.norm.cdf([1.0, 0.0, -1.0]))
        np.testing.assert_allclose(2 * np.log(of_data / sigmas), logsnr, atol=1e-6)
    assert answer.flags["edm"].count("sigma_data=0.7") == (2 if sigma == 0.7 else 0)  # of the loss, of the network
    text = "\n".join(wording.lines(answer))
    if sigma == 0.7:
        assert "edm for your data as they are (σ_d 0.7;" in text
        assert "on data as they are P_mean +0.336" in text  # ln(0.7/0.5)
    else:
        assert "edm and edm2 for data of σ_d 0.5; where yours is another, add ln(σ_d/0.5) to P_mean" in text


def test_equal_entries_under_noise_are_unknown_and_nothing_is_recommended(own, table, journal):
    """Low power is no plateau."""
    answer = answer_of(results(table, journal, lambda spec: 1.0, sd=0.2), "own-v1", "v", journal, 0)
    assert answer.verdict == NOT_SHOWN
    assert set(answer.within) == {answer.spec}
    assert len(answer.unknown) > 10
    lines = wording.lines(answer)
    assert "told apart from what you have" in lines[0]
    assert not any("to paste" in line or "ecommended" in line for line in lines)
    assert any("not shown to be better" in line for line in lines)


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
