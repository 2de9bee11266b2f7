"""What is written below a study is what the study then says."""

import optuna
import pytest
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import TrialState, create_trial

from harness.tuning.studies.running_trials import RunningTrials
from known_objective import KnownRuns, tuned


def test_a_study_says_what_was_written_of_its_running_trials(tmp_path):
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/optuna.db")
    for name in ("another", "this"):  # the ids of a trial and its number are not the same
        study = optuna.create_study(study_name=name, storage=storage)
        for _ in range(2):
            study.add_trial(create_trial(state=TrialState.RUNNING, params={}, distributions={}))
    running = RunningTrials(storage, "this")
    running.report(1, 30, 0.5)
    running.report(1, 60, 0.25)
    running.note(1, seconds=2.5, outcome="paused")
    first, second = study.get_trials()
    assert (first.intermediate_values, first.user_attrs) == ({}, {})
    assert second.intermediate_values == {30: 0.5, 60: 0.25}
    assert second.user_attrs == {"seconds": 2.5, "outcome": "paused"}
    study.tell(1, 0.25)
    assert study.get_trials()[1].state == TrialState.COMPLETE


@pytest.fixture(scope="module")
def as_it_is(tmp_path_factory):
    """A study with the Optuna that is installed."""
    [study], _ = tuned(tmp_path_factory.mktemp("as-it-is"), KnownRuns(spread=0.3), trials=16)
    return study


@pytest.mark.parametrize("method", ["set_trial_intermediate_value", "set_trial_user_attr"])
@pytest.mark.parametrize("change", ["gone", "another form"])
def test_a_study_finds_the_same_with_an_optuna_that_takes_nothing_of_running_trials(
    as_it_is, tmp_path, monkeypatch, method, change
):
    before, outcome = as_it_is
    assert outcome["states"]["pruned"], "early scores decide about some trials"
    for storage in (RDBStorage, BaseStorage):
        if change == "gone":
            monkeypatch.delattr(storage, method)
        else:
            monkeypatch.setattr(storage, method, lambda self, *, trial: None)
    with pytest.warns(RuntimeWarning, match="running trials") as warned:
        [(trials, again)], _ = tuned(tmp_path, KnownRuns(spread=0.3), trials=16)
    assert len([one for one in warned if one.category is RuntimeWarning]) == 1
    assert again == outcome
    assert [(trial.state, trial.params) for trial in trials] == [(trial.state, trial.params) for trial in before]
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path}/optuna.db")
    assert [(trial.state, trial.params) for trial in study.trials] == [(one.state, one.params) for one in before]
    assert not any("seconds" in trial.user_attrs for trial in study.trials)


def test_such_a_study_goes_on_after_a_command_that_died(tmp_path, monkeypatch):
    for storage in (RDBStorage, BaseStorage):
        monkeypatch.delattr(storage, "set_trial_user_attr")
    disk = {}
    with pytest.warns(RuntimeWarning, match="running trials"):
        [(trials, outcome)], _ = tuned(tmp_path, KnownRuns(dies=25, disk=disk), trials=8)
    assert any(trial.state == TrialState.RUNNING for trial in trials)
    assert not outcome
    runs = KnownRuns(disk=disk)
    with pytest.warns(RuntimeWarning, match="running trials"):
        [(trials, outcome)], _ = tuned(tmp_path, runs, trials=8)
    assert all(trial.state == TrialState.COMPLETE for trial in trials)
    assert outcome["trials"] == 8
