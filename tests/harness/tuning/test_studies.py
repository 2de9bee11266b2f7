"""Studies over runs whose scores are a known function: what is asked, stopped, confirmed and kept."""

import multiprocessing
from dataclasses import replace

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

import schedules
from harness import seeds, tracks
from harness.results.store import Store
from harness.specs import Entry
from harness.tuning.studies import storage
from harness.tuning.studies.study import Study
from harness.tuning.studies.tuned import TunedEntry, best_entry
from known_objective import HOPELESS, Killed, KnownRuns, bowl, tuned
from schedules import UserError
from schedules.schedule import SCHEDULES
from servers import postgresql


def facts(trials):
    return [(trial.number, trial.state, trial.value, trial.params, trial.intermediate_values) for trial in trials]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study done in one go by one worker, and its runs."""
    runs, root = KnownRuns(slots=1, spread=0.3), tmp_path_factory.mktemp("whole")
    [(trials, outcome)], _ = tuned(root, runs)
    return trials, outcome, runs, root


def test_trial_0_is_the_published_parameters(whole):
    trials, _, runs, _ = whole
    assert trials[0].params == {"learning_rate": 1, "ema": 1, "loc": 0, "scale": 0.5}
    assert {job.spec.entry for job in runs.jobs if job.spec.trial == 0} == {Entry.of("laplace")}


def test_the_budget_is_the_tracks(whole):
    trials, outcome, runs, _ = whole
    rule = tracks.get("gmm-v1").tuning
    assert len(trials) == outcome["trials"] == rule.trials
    searched = {(job.spec.trial, job.spec.seed) for job in runs.jobs if job.spec.seed in seeds.tuning(100)}
    assert len(searched) == rule.trials * rule.seeds
    confirmed = {(job.spec.trial, job.spec.seed) for job in runs.jobs} - searched
    assert len(confirmed) == (rule.finalists + 1) * rule.confirm_seeds
    assert outcome["deviates"] == ""


def test_every_run_tunes_on_seeds_that_scoring_never_uses(whole):
    _, _, runs, _ = whole
    used = {job.spec.seed for job in runs.jobs}
    assert all(job.spec.tunes and job.spec.study == "gmm-v1/v/laplace/native/sample" for job in runs.jobs)
    assert used == {1_000_000, 1_000_001, *range(2_000_000, 2_000_004)}


def test_value_is_the_mean_log_score_over_the_seeds(whole):
    trials, _, runs, _ = whole
    for trial in trials:
        if trial.state == TrialState.COMPLETE:
            ended = {result.spec.seed: result for result in runs.disk.values() if result.spec.trial == trial.number}
            logs = [
                np.log(max(ended[seed].values.items(), key=lambda pair: pair[0].mark)[1]) for seed in seeds.tuning(2)
            ]
            assert trial.value == pytest.approx(np.mean(logs), abs=1e-12)


@pytest.mark.parametrize(("slots", "order"), [(2, 1), (9, 2)])
def test_a_study_does_not_depend_on_workers_and_speed(whole, tmp_path, slots, order):
    [(trials, _)], _ = tuned(tmp_path, KnownRuns(slots=slots, order=order, spread=0.3), trials=12)
    assert facts(trials) == facts(whole[0][:12])


def test_a_study_does_not_depend_on_interruptions(whole, tmp_path):
    disk, commands, outcome = {}, 0, {}
    while not outcome:
        commands += 1
        runs = KnownRuns(slots=3, order=commands, spread=0.3, dies=17, disk=disk)
        [(trials, outcome)], _ = tuned(tmp_path, runs, trials=12)
    assert commands > 4
    assert facts(trials) == facts(whole[0][:12])


@pytest.mark.parametrize("asks", [1, 2, 3])
def test_a_command_that_dies_between_two_asks_leaves_a_block_that_is_filled_alike(whole, tmp_path, monkeypatch, asks):
    before, remaining = Study._add, asks

    def add(study, *args, **attributes):
        nonlocal remaining
        if remaining == 0:
            raise Killed
        remaining -= 1
        before(study, *args, **attributes)

    monkeypatch.setattr(Study, "_add", add)
    tuned(tmp_path, KnownRuns())
    monkeypatch.undo()
    [(trials, _)], _ = tuned(tmp_path, KnownRuns(spread=0.3), trials=4)
    assert facts(trials) == facts(whole[0][:4])


def test_it_is_an_ordinary_study(whole):
    study = optuna.load_study(study_name="gmm-v1/v/laplace/native/sample", storage=f"sqlite:///{whole[3]}/optuna.db")
    assert study.best_trial.number == min(study.trials, key=lambda trial: trial.value or np.inf).number
    assert study.trials[0].distributions["loc"] == optuna.distributions.FloatDistribution(-3, 3)
    assert study.user_attrs["tuned"]["trials"] == 24
    assert study.trials[5].user_attrs["schedule"].startswith("laplace:")
    assert len(optuna.importance.get_param_importances(study)) == 4


def test_tpe_finds_an_optimum_that_random_search_does_not(whole):
    trials, outcome, runs, _ = whole
    best = min(bowl(job.spec) for job in runs.jobs)
    rng = np.random.default_rng(0)
    draws = rng.uniform([-3, np.log(0.1), -np.log(4), -np.log(4)], [3, np.log(3), np.log(4), np.log(4)], (1000, 24, 4))
    random = ((draws - [1, 0, np.log(2), 0]) ** 2).sum(axis=2).min(axis=1)
    assert best < np.quantile(random, 0.25)
    early, late = (np.median([true(runs, trial) for trial in part]) for part in (trials[1:9], trials[12:]))
    assert late < early / 2
    assert outcome["gain"]["high"] < 1


def test_only_hopeless_trials_are_stopped(whole):
    trials, _, runs, _ = whole
    stopped = [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert set(HOPELESS) <= {trial.number for trial in stopped}
    assert trials[0].state == TrialState.COMPLETE
    assert len(stopped) < len(trials) / 3
    for trial in stopped:
        step = trial.last_step
        assert step < 500
        before = [earlier for earlier in trials[: trial.number // 4 * 4] if earlier.state == TrialState.COMPLETE]
        assert trial.intermediate_values[step] > np.percentile(
            [earlier.intermediate_values[step] for earlier in before], 75
        )
        written = [job for job in runs.jobs if job.spec.trial == trial.number and job.abandon]
        assert [job.spec.seed for job in written] == [1_000_000, 1_000_001]
        assert f"{step / 500:.0%}" in written[0].abandon


def test_stopping_early_saves_steps_and_does_not_change_the_best(whole, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.tuning.trial.hopeless", lambda trial, others: False)
    [(trials, outcome)], _ = tuned(tmp_path, KnownRuns(spread=0.3))
    assert not [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert whole[1]["steps"] < outcome["steps"] == 24 * 2 * 500 + 4 * 4 * 500
    assert (
        min(trial.value for trial in whole[0] if trial.state == TrialState.COMPLETE)
        <= min(trial.value for trial in trials) + 0.3
    )


def test_fresh_seeds_decide_and_not_the_lucky_trial(tmp_path):
    def lucky_on_tuning_seeds(spec):
        if spec.trial == 9:
            return -5.0 if spec.seed < 2_000_000 else 30.0
        return bowl(spec)

    [(trials, outcome)], _ = tuned(tmp_path, KnownRuns(lucky_on_tuning_seeds), trials=12)
    assert min(trials, key=lambda trial: trial.value if trial.value is not None else np.inf).number == 9
    assert 9 in [candidate["trial"] for candidate in outcome["confirmed"]]
    assert outcome["trial"] != 9


def test_published_parameters_that_win_stay(tmp_path):
    def published_is_best(spec):
        return 0.0 if spec.trial == 0 else 1.0 + bowl(spec)

    [(_, outcome)], _ = tuned(tmp_path, KnownRuns(published_is_best), trials=8)
    assert (outcome["trial"], outcome["schedule"], outcome["learning_rate"]) == (0, "laplace", 1.0)
    assert outcome["gain"] is None
    assert outcome["verdict"] == "tuning gained nothing: the published parameters won"


def test_a_gain_within_the_noise_is_not_called_one(tmp_path):
    [(_, outcome)], _ = tuned(tmp_path, KnownRuns(lambda spec: 0.0, noise=0.3), trials=8)
    assert outcome["gain"] is None or outcome["verdict"].startswith("no gain shown")


def test_gain_is_the_paired_log_ratio_with_its_t_interval(whole):
    from scipy import stats

    _, outcome, _, _ = whole
    logs = {candidate["trial"]: np.array(candidate["logs"]) for candidate in outcome["confirmed"]}
    difference = logs[outcome["trial"]] - logs[0]
    low, high = stats.t.interval(0.95, 3, difference.mean(), stats.sem(difference))
    gain = outcome["gain"]
    assert (gain["ratio"], gain["low"], gain["high"]) == pytest.approx(tuple(np.exp([difference.mean(), low, high])))


def test_more_trials_go_on_and_are_confirmed_anew(whole, tmp_path):
    disk = {}
    for trials in (6, 8):
        [(history, confirmed)], _ = tuned(tmp_path, KnownRuns(spread=0.3, disk=disk), trials=trials)
        assert len(history) == confirmed["trials"] == trials
    assert facts(history) == facts(whole[0][:8])


def test_another_number_of_trials_is_noted(tmp_path):
    [(_, outcome)], _ = tuned(tmp_path, KnownRuns(), trials=5, each=1)
    assert outcome["deviates"] == "5 trials instead of 24, 1 seed instead of 2"


@pytest.mark.parametrize("bad", ["diverged", "failed"])
def test_a_bad_trial_costs_itself_only(tmp_path, bad):
    def score(spec):
        return bad if spec.trial in (3, 5) and spec.seed % 2 else bowl(spec)

    [(trials, outcome)], messages = tuned(tmp_path, KnownRuns(score), trials=8)
    state = {"diverged": TrialState.PRUNED, "failed": TrialState.FAIL}[bad]
    assert [trials[number].state for number in (3, 5)] == [state, state]
    assert trials[3].user_attrs["outcome"] == bad
    assert "seed 1000001" in trials[3].user_attrs["reason"]
    assert outcome["schedule"]
    assert len(messages) == (2 if bad == "failed" else 0)


def test_published_parameters_that_diverge_are_beaten(tmp_path):
    [(_, outcome)], _ = tuned(tmp_path, KnownRuns(lambda spec: "diverged" if spec.trial == 0 else bowl(spec)), trials=8)
    assert outcome["trial"] != 0
    assert outcome["gain"] is None
    assert "diverged" in outcome["verdict"]


def test_nothing_can_be_confirmed_where_every_run_fails(tmp_path):
    runs = KnownRuns(lambda spec: "failed")
    [(trials, outcome)], _ = tuned(tmp_path, runs, trials=5)
    assert max(job.spec.seed for job in runs.jobs) < 2_000_000, "what cannot train is not tried again"
    assert {trial.state for trial in trials} == {TrialState.FAIL}
    assert "schedule" not in outcome


def test_every_entry_gets_the_same_and_workers_do_not_idle(tmp_path):
    specs = ["cosine", "piecewise", "preset/edm2-img512", "adaptive_elbo"]
    idle = []

    class Watched(KnownRuns):
        def wait(self):
            if self.queue and len({job.spec.study for job in self.jobs}) < len(specs):
                idle.append(len(self.queue) < self.slots)
            return super().wait()

    runs = Watched(lambda spec: spec.entry.learning_rate, slots=6)
    studies, _ = tuned(tmp_path, runs, specs=specs, trials=4)
    searched = [
        {(job.spec.trial, job.spec.seed) for job in runs.jobs if spec in job.spec.study and job.spec.seed < 2_000_000}
        for spec in specs
    ]
    assert all(jobs == searched[0] for jobs in searched)
    assert len(searched[0]) == 4 * 2
    multipliers = [[(t.params["learning_rate"], t.params["ema"]) for t in trials] for trials, _ in studies]
    assert all(row == multipliers[0] for row in multipliers), "the random trials are the same for every schedule"
    assert not any(idle)


def test_a_study_under_other_rules_is_refused_until_it_is_forgotten(tmp_path):
    tuned(tmp_path, KnownRuns(), trials=4, each=1)
    with pytest.raises(UserError, match=r"has 1 seeds a trial; got 2; --restart"):
        tuned(tmp_path, KnownRuns(), trials=4)
    [(trials, outcome)], _ = tuned(tmp_path, KnownRuns(), trials=4, restart=True)
    assert outcome["seeds"] == 2
    assert len(trials) == 4


def test_a_study_goes_on_in_the_space_that_it_was_begun_in(tmp_path, monkeypatch):
    """Before parameters could be given, EDM's σ_d was searched: its studies stay readable and can be gone on with."""

    def score(spec):
        return abs(schedules.parse(spec.entry.schedule).ppf(0.5) - 1.0) + 9 * (spec.trial == 0)

    entries = {**SCHEDULES._entries, "edm": replace(SCHEDULES.info("edm"), given=())}
    with monkeypatch.context() as before:
        before.setattr(SCHEDULES, "_entries", entries)
        [(old, _)], _ = tuned(tmp_path, KnownRuns(score), specs=["edm"], trials=8)
    assert "sigma_data" in old[7].params
    wanted = TunedEntry(Entry.of("edm"))
    assert "sigma_data" in best_entry(Store(tmp_path), "gmm-v1", "v", wanted)[0].schedule
    [(trials, says)], _ = tuned(tmp_path, KnownRuns(score), specs=["edm"], trials=12)
    assert facts(trials[:8]) == facts(old)
    assert {"sigma_data"} <= trials[11].params.keys()
    assert "sigma_data" in says["params"]
    assert best_entry(Store(tmp_path), "gmm-v1", "v", wanted)[0].schedule == says["schedule"]
    [(anew, _)], _ = tuned(tmp_path, KnownRuns(score), specs=["edm"], trials=4, restart=True)
    assert anew[3].params.keys() == {"learning_rate", "ema", "p_mean", "p_std"}


def test_a_trial_that_somebody_else_asked_for_is_named(tmp_path):
    tuned(tmp_path, KnownRuns(), trials=4)
    study = optuna.load_study(study_name="gmm-v1/v/laplace/native/sample", storage=f"sqlite:///{tmp_path}/optuna.db")
    study.ask()
    with pytest.raises(UserError, match="trial 4 was not asked for"):
        tuned(tmp_path, KnownRuns(), trials=8)


AT_ONCE = 12
"""Trials of a study that several commands share: three blocks."""


@pytest.fixture
def postgres():
    with postgresql("studies") as databases:
        yield databases["studies"]


@pytest.mark.parametrize("server", ["sqlite", pytest.param("postgresql", marks=pytest.mark.external)])
def test_commands_at_once_share_a_study(tmp_path, server, request, monkeypatch):
    if server == "postgresql":
        monkeypatch.setenv(storage.VARIABLE, request.getfixturevalue("postgres"))
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    crew = [context.Process(target=_command, args=(tmp_path, number, queue)) for number in range(4)]
    for command in crew:
        command.start()
    reports = [queue.get(timeout=120) for _ in crew]
    for command in crew:
        command.join(30)
    assert all(isinstance(report, list) for report in reports), reports
    ran = [pair for report in reports for pair in report]
    assert len(ran) == len(set(ran)), "no run twice"
    assert len({trial for trial, seed in ran if seed < 2_000_000}) == AT_ONCE
    assert sum(any(seed >= 2_000_000 for _, seed in report) for report in reports) == 1, "one of them confirms"
    [(trials, outcome)], _ = tuned(tmp_path, KnownRuns(lambda spec: "failed"), trials=AT_ONCE)
    assert len(trials) == AT_ONCE
    assert all(trial.state.is_finished() for trial in trials)
    assert outcome["trials"] == AT_ONCE


def _command(root, number, queue):
    try:
        runs = KnownRuns(slots=2, order=number, spread=0.3)
        tuned(root, runs, trials=AT_ONCE)
        ended = [(job.spec.trial, job.spec.seed) for job in runs.jobs if job.until == 1.0 or job.abandon]
        queue.put(ended)
    except BaseException as error:
        queue.put(repr(error))


def true(runs, trial):
    return next(bowl(job.spec) for job in runs.jobs if job.spec.trial == trial.number)
