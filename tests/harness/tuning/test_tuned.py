"""`laplace@tuned`: what a study found, as the entry that is scored."""

import functools
import json
import shutil

import optuna
import pytest

from harness import tracks
from harness.execution import planner
from harness.results.store import Store
from harness.specs import Entry, TunedEntry
from harness.tuning.studies.tuned import best_entry
from known_objective import KnownRuns, bowl, tuned
from read_only import read_only_copy
from schedules import UserError

WANTED = TunedEntry(Entry.of("laplace"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A store with a study of laplace, and what the study says it found."""
    root = tmp_path_factory.mktemp("tuned")
    [(_, says)], _ = tuned(root, KnownRuns(lambda spec: bowl(spec) + 3 * (spec.trial == 0)), trials=12)
    return root, says


def change(root, tmp_path, **attributes):
    """A copy of the store in which the study's attributes are others."""
    copy = shutil.copytree(root, tmp_path / "copy")
    opened = optuna.load_study(study_name="gmm-v1/v/laplace/native/sample", storage=f"sqlite:///{copy}/optuna.db")
    for key, value in attributes.items():
        opened.set_user_attr(key, value)
    return Store(copy)


def test_it_is_the_entry_that_was_confirmed(study):
    root, says = study
    entry, tags = best_entry(Store(root), "gmm-v1", "v", WANTED)
    assert (entry.schedule, entry.learning_rate, entry.ema) == (says["schedule"], says["learning_rate"], says["ema"])
    assert entry.label == "laplace@tuned"
    assert dict(tags)["trials"] == "12"
    assert float(dict(tags)["tuning_seconds"]) > 0
    assert json.loads(dict(tags)["tuning_gain"]) == says["gain"]
    assert dict(tags)["tuning_deviates"] == "12 trials instead of 24"


def test_it_is_read_where_nothing_may_be_written(study):
    root, says = study
    with read_only_copy(root) as copy:
        entry, _ = best_entry(Store(copy), "gmm-v1", "v", WANTED)
        assert entry.schedule == says["schedule"]


def test_it_is_found_whatever_the_path_holds(tmp_path):
    root = tmp_path / "what? #1, 100% {0} [b] 'é'\""
    [(_, says)], _ = tuned(root, KnownRuns(bowl), trials=8)
    entry, _ = best_entry(Store(root), "gmm-v1", "v", WANTED)
    assert entry.schedule == says["schedule"]
    assert [path.name for path in tmp_path.iterdir()] == [root.name]


def test_planned_runs_have_it_beside_the_published_one(study):
    root, says = study
    wanted = planner.entries(["laplace", "laplace@tuned"], ["native"], "sample")
    jobs = planner.requested("gmm-v1", wanted, ["v"], 2, functools.partial(best_entry, Store(root), "gmm-v1"))
    labels = [(job.spec.entry.label, job.spec.seed, bool(job.tags)) for job in jobs]
    assert labels == [(label, seed, "@" in label) for seed in (0, 1) for label in ("laplace", "laplace@tuned")]
    assert not any(job.spec.tunes for job in jobs)
    assert jobs[1].spec.entry.schedule == says["schedule"]


def test_published_parameters_that_won_are_an_entry_of_their_own(tmp_path):
    runs = KnownRuns(lambda spec: 0.0 if spec.trial == 0 else 5.0)
    tuned(tmp_path, runs, trials=4)
    entry, tags = best_entry(Store(tmp_path), "gmm-v1", "v", WANTED)
    assert entry == Entry.of("laplace").model_copy(update={"tuned_from": "laplace"})
    assert entry.label == "laplace@tuned"
    assert "tuning_gain" not in dict(tags)


def test_a_weighting_is_tuned_with_its_schedule(tmp_path):
    def near_two(spec):
        from schedules import weightings

        return abs(weightings.parse(spec.entry.weighting).params["gamma"] - 2)

    tuned(tmp_path, KnownRuns(near_two, noise=0.01), trials=4, weighting="min_snr")
    entry, _ = best_entry(Store(tmp_path), "gmm-v1", "v", TunedEntry(Entry.of("laplace", "min_snr")))
    assert entry.weighting.startswith("min_snr:gamma=")
    assert entry.label == "laplace@tuned+min_snr"
    with pytest.raises(UserError, match="not tuned"):
        best_entry(Store(tmp_path), "gmm-v1", "v", WANTED)


def test_no_study_names_the_command_that_makes_it(tmp_path, study):
    for root in (tmp_path, study[0]):
        with pytest.raises(UserError, match="not tuned on gmm-v1 yet; snrbench tune gmm-v1 cosine -t x0 -w min_snr"):
            best_entry(Store(root), "gmm-v1", "x0", TunedEntry(Entry.of("cosine", "min_snr")))
    assert not list(tmp_path.iterdir()), "looking makes nothing"


def test_an_unfinished_study_says_how_many_trials_are_missing(tmp_path):
    tuned(tmp_path, KnownRuns(dies=30), trials=12)
    with pytest.raises(UserError, match="8 of 12 trials are missing; snrbench tune gmm-v1 laplace -t v"):
        best_entry(Store(tmp_path), "gmm-v1", "v", WANTED)


def test_a_study_that_goes_on_is_unfinished_again(study, tmp_path):
    copy = change(study[0], tmp_path)
    tuned(copy.root, KnownRuns(dies=0), trials=20)
    with pytest.raises(UserError, match="8 of 20 trials are missing"):
        best_entry(copy, "gmm-v1", "v", WANTED)


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        ("track_fingerprint", "other", "another version of gmm-v1"),
        ("fingerprint", "other", "before its schedule or weighting was changed"),
        ("tuned", {"trials": 4}, "12 trials are not confirmed yet"),
        ("tuned", {"trials": 12}, "no trial of its study could be confirmed"),
    ],
)
def test_a_study_that_does_not_count_is_refused(study, tmp_path, attribute, value, says):
    with pytest.raises(UserError, match=says):
        best_entry(change(study[0], tmp_path, **{attribute: value}), "gmm-v1", "v", WANTED)


def test_another_winner_is_another_run(study, tmp_path):
    before, _ = best_entry(Store(study[0]), "gmm-v1", "v", WANTED)
    copy = change(study[0], tmp_path)
    tuned(copy.root, KnownRuns(lambda spec: bowl(spec) if spec.trial > 11 else 50 + bowl(spec)), trials=20)
    after, _ = best_entry(copy, "gmm-v1", "v", WANTED)
    assert after.label == before.label
    assert after.fingerprint != before.fingerprint


def test_tracks_budget_is_on_its_card():
    assert tracks.get("gmm-v1").model_dump()["tuning"]["trials"] == 24
