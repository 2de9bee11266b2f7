"""What is written below a study is what the study then says."""

import optuna
from optuna.trial import TrialState, create_trial

from harness.tuning.studies.running_trials import RunningTrials


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
