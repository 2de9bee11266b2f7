"""Untuned against tuned (protocol 5): gains, costs, and notes on what is not even."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from leaderboards.boards.board import board
from leaderboards.boards.query import board_of
from leaderboards.boards.tuned_entries import budget_notes
from leaderboards.boards.tuned_parameters import in_trainers, lines, of_entry, searched_besides
from leaderboards.comparisons.choice import Choice
from leaderboards.comparisons.views import tuned
from leaderboards.comparisons.views.tuned import tuned_table_of
from leaderboards.render.columns import legend
from schedules import trainers

BASE = np.array([2.0, 2.4, 1.8, 2.1])
GAIN = np.array([0.80, 0.82, 0.79, 0.81])
TUNED = {"schedule": "laplace", "tuned": True, "tuned_from": "laplace", "trials": 20.0, "tuning_seconds": 600.0}


def both(table, target="v", gain=GAIN, **facts):
    table.runs_of("cosine", BASE, target).runs_of("laplace", 0.5 * BASE, target)
    facts = {**TUNED, "params": '{"loc": 1.0}', "fingerprint": f"tuned-{target}", **facts}
    return table.runs_of("laplace@tuned", 0.5 * BASE * gain, target, **facts)


def test_the_gain_is_paired_by_seed(table):
    (row,) = tuned_table_of(both(table).tables, "digits-v1").rows
    assert (row.schedule, row.entry, row.target, row.seeds) == ("laplace", "laplace@tuned", "v", 4)
    logs = np.log(GAIN)
    low, high = stats.t.interval(0.95, 3, loc=logs.mean(), scale=stats.sem(logs))
    assert np.log([row.gain.value, row.gain.low, row.gain.high]) == pytest.approx([logs.mean(), low, high])
    assert row.published.value == pytest.approx(np.mean(0.5 * BASE))
    assert row.tuned.value == pytest.approx(np.mean(0.5 * BASE * GAIN))
    assert (row.trials, row.tuning_seconds, row.params) == (20, 600, '{"loc": 1.0}')
    assert row.gain_shown
    assert row.verdict.startswith("−20 % [")


def test_every_cell_stands_under_its_head(table):
    (sheet,) = tuned.view(both(table).tables, "digits-v1", Choice()).sheets
    cells = dict(zip(sheet.headers, sheet.cells[0], strict=True))
    assert (cells["target"], cells["seeds"], cells["trials"], cells["min"]) == ("v", "4", "20", "10")
    assert cells["tuned to"].startswith("loc=1")
    assert cells["verdict"] == "gain"


@pytest.mark.parametrize(
    ("gain", "words"),
    [([1.1, 0.9, 1.05, 0.96], "no gain shown"), ([1.2, 1.21, 1.19, 1.2], "worse: +20 %"), ([1, 1, 1, 1], "no gain")],
)
def test_a_schedule_that_gains_nothing_says_so(table, gain, words):
    (row,) = tuned_table_of(both(table, gain=np.array(gain)).tables, "digits-v1").rows
    assert row.verdict.startswith(words)
    assert not row.gain_shown


def test_each_target_has_its_own_parameters_under_one_name(table):
    """Tuning is done for each target, so one label stands for several densities, and is one entry."""
    both(table, "eps", params='{"loc": 1.0}')
    both(table, "v", params='{"loc": 2.0}')
    gains = tuned_table_of(table.tables, "digits-v1")
    assert [row.target for row in gains.rows] == ["eps", "v", "all"]
    assert [json.loads(row.params) for row in gains.rows] == [
        {"loc": 1.0},
        {"loc": 2.0},
        {"eps": {"loc": 1.0}, "v": {"loc": 2.0}},
    ]
    assert (gains.rows[2].trials, gains.rows[2].tuning_seconds) == (20, 1200)
    assert gains.rows[2].gain.value == pytest.approx(gains.rows[0].gain.value)


EDM = '{"p_mean": -1.878, "p_std": 0.9143, "sigma_data": %s, "learning_rate": 2.768, "ema": 0.3066}'


def with_units(board):
    """What the pages and the site say of tuned entries; the legend says it without trainers' units."""
    return lines(row for section in board.cells for row in section.rows)


def test_what_it_was_tuned_to_is_shown_with_the_space_that_was_searched(table):
    """σ_d is given: one that tuning moved was searched, in a space of before; one that it left was not."""
    table.runs_of("cosine", BASE).runs_of("edm", BASE)
    facts = {**TUNED, "schedule": "edm", "tuned_from": "edm"}
    table.runs_of("edm@tuned", 0.5 * BASE, **facts, params=EDM % 0.1172, fingerprint="old")
    ranking = board_of(table.tables, "digits-v1", metric="fd", target="v")
    training = "lr × 2.77, EMA × 0.307"
    own = f"edm@tuned: v: p_mean=-1.878,p_std=0.9143,sigma_data=0.1172, {training}"
    assert any(line.startswith(f"{own} · edm2 --P_mean=") for line in with_units(ranking))
    assert own in legend(ranking)
    assert any("searched in an earlier space, over sigma_data too" in line for line in legend(ranking))
    assert of_entry(EDM % "1.0", "edm") == f"p_mean=-1.878,p_std=0.9143, {training}"
    assert searched_besides(EDM % "1.0", "edm") == []
    assert searched_besides(EDM % "0.5", "preset/edm-cifar10") == []
    assert searched_besides(EDM % "0.6", "preset/edm-cifar10") == ["sigma_data"]
    (row,) = tuned_table_of(table.tables, "digits-v1").rows
    assert of_entry(row.params, row.tuned_from).startswith("p_mean=-1.878")
    assert any("sigma_data" in note for note in tuned_table_of(table.tables, "digits-v1").notes)


def test_what_it_was_tuned_to_is_in_trainers_units_too(table):
    """λ ~ N(−2m, (2s)²): in EDM2 ln σ ~ N(m + ln 0.5, s²), in diffusers logit_mean is −m. Laplace is in neither."""
    table.runs_of("cosine", BASE).runs_of("logit_normal", BASE)
    facts = {**TUNED, "schedule": "logit_normal", "tuned_from": "logit_normal", "fingerprint": "normal"}
    table.runs_of("logit_normal@tuned", 0.5 * BASE, **facts, params='{"m": 0.4, "s": 1.1, "ema": 2.0}')
    both(table, params='{"loc": 0.31, "scale": 0.62}')
    ranking = board_of(table.tables, "digits-v1", metric="fd", target="v")
    (normal,) = [line for line in with_units(ranking) if line.startswith("logit_normal@tuned: ")]
    assert normal.startswith("logit_normal@tuned: v: m=0.4,s=1.1, lr × 1, EMA × 2 · edm2 --P_mean=")
    flags = dict(part.split(" ", 1) for part in normal.split(" · ")[1:])
    of_edm = trainers.read("edm2", flags["edm2"]).settings
    assert (of_edm["P_mean"], of_edm["P_std"]) == (pytest.approx(0.4 + np.log(0.5)), 1.1)
    of_diffusers = trainers.read("diffusers-flags", flags["diffusers-flags"]).settings
    assert (of_diffusers["logit_mean"], of_diffusers["logit_std"]) == (-0.4, 1.1)
    (laplace,) = [line for line in with_units(ranking) if line.startswith("laplace@tuned: ")]
    assert laplace.endswith("EMA × 1 · neither edm2 nor diffusers-flags draws exactly this")
    view = tuned.view(table.tables, "digits-v1", Choice())
    assert f"logit_normal@tuned, v: {normal.partition(' · ')[2]}" in view.notes
    assert [row["params"] for row in view.records] == [
        '{"loc": 0.31, "scale": 0.62}',
        '{"m": 0.4, "s": 1.1, "ema": 2.0}',
    ]


@pytest.mark.parametrize(
    ("params", "source"),
    [
        ('{"ema": 2.0}', "cosine"),
        ('{"m": 1.0, "s": 1.0}', "logit_normal|shift:a=3"),  # what the shift was tuned to is not recorded
        ('{"m": "loc 1"}', "logit_normal"),
        ('{"m": 1.0, "s": -1.0}', "logit_normal"),
        ('{"a": 1.0}', "gone"),
        ("no json", "laplace"),
    ],
)
def test_nothing_is_said_in_trainers_units_where_the_density_is_not_known(params, source):
    assert in_trainers(params, source) == ""


def test_of_transforms_the_spec_that_was_trained_with_is_shown(table):
    """Recorded are the family's own parameters, and the shift is what was tuned: λ is lower by 2 ln 4."""
    source, spec = "logit_normal|shift:a=3", "logit_normal:m=0.5|shift:a=4"
    table.runs_of("cosine", BASE).runs_of(source, BASE)
    facts = {**TUNED, "schedule": spec, "tuned_from": source, "params": '{"m": 0.5, "s": 1.0}'}
    table.runs_of(f"{source}@tuned", 0.5 * BASE, **facts)
    (line,) = with_units(board_of(table.tables, "digits-v1", metric="fd", target="v"))
    assert line.startswith(f"{source}@tuned: v: {spec}, lr × 1, EMA × 1 · edm2 --P_mean=")
    flags = line.split("edm2 ")[1].partition(" · ")[0]
    assert trainers.read("edm2", flags).settings["P_mean"] == pytest.approx(0.5 + np.log(4) + np.log(0.5))


def test_other_parameters_for_each_target_are_other_flags():
    units = in_trainers('{"eps": {"m": 0.5, "s": 1.0}, "v": {"m": 0.0, "s": 2.0}}', "logit_normal")
    eps, v = units.split("; ")
    assert eps.startswith("eps: edm2 ")
    assert eps.endswith("--logit_mean -0.5 --logit_std 1")
    assert v.endswith("--logit_mean 0 --logit_std 2")


@pytest.mark.parametrize(
    ("params", "source", "text"),
    [
        ('{"loc": 0.83, "scale": 0.5}', "laplace", "loc=0.83,scale=0.5, lr × 1, EMA × 1"),
        ('{"ema": 2.0}', "cosine", "lr × 1, EMA × 2"),
        ('{"eps": {"s": 2.0}, "v": {"s": 3.0}}', "cosine_scaled", "eps: s=2, lr × 1, EMA × 1; v: s=3, lr × 1, EMA × 1"),
        ('{"eps": "loc 1", "v": {}}', "gone", "eps: loc 1; v: lr × 1, EMA × 1"),
        ('{"weighting.gamma": 3.0, "side": "clean"}', "gone:a=1", "weighting.gamma=3,side=clean, lr × 1, EMA × 1"),
        ("no json", "laplace", "lr × 1, EMA × 1"),
    ],
)
def test_tuned_parameters_as_text(params, source, text):
    assert of_entry(params, source) == text


def test_parameters_that_are_no_json_stay_text(table, metric):
    both(table, "eps", params="loc 1")
    both(table, "v", params='{"loc": 2.0}')
    overall = board(table.tables, track="digits-v1", metric=metric()).overall
    (params,) = [row.params for row in overall.rows if row.tuned]
    assert json.loads(params) == {"eps": "loc 1", "v": {"loc": 2.0}}


def test_two_studies_of_one_target_are_shown_apart(table):
    both(table)
    table.runs_of("laplace@tuned", BASE, **TUNED, params="{}", fingerprint="other-study")
    rows = tuned_table_of(table.tables, "digits-v1").rows
    assert [row.entry for row in rows] == ["laplace@tuned#other-", "laplace@tuned#tuned-"]
    assert {row.schedule for row in rows} == {"laplace"}


def test_weighting_and_application_belong_to_the_pair(table):
    facts = {**TUNED, "weighting": "min_snr", "apply": "weight"}
    table.runs_of("cosine", BASE).runs_of("laplace", BASE)
    table.runs_of("laplace+min_snr [weight]", BASE).runs_of("laplace@tuned+min_snr [weight]", BASE * GAIN, **facts)
    (row,) = tuned_table_of(table.tables, "digits-v1").rows
    assert row.schedule == "laplace+min_snr [weight]"


def test_a_tuned_entry_alone_has_no_gain(table):
    table.runs_of("cosine", BASE).runs_of("laplace@tuned", BASE, **TUNED)
    gains = tuned_table_of(table.tables, "digits-v1")
    assert gains.rows == ()
    assert "not run untuned, so no gain to show: laplace@tuned" in gains.notes


def test_untuned_is_not_called_published_and_the_baseline_under_another_name_is_said(table):
    """`cosine_scaled` has s = 1 by default, which is cosine."""
    both(table)
    facts = {**TUNED, "schedule": "cosine_scaled", "tuned_from": "cosine_scaled", "params": '{"s": 4.0}'}
    table.runs_of("cosine_scaled", BASE).runs_of("cosine_scaled@tuned", BASE * GAIN, **facts, fingerprint="scaled")
    view = tuned.view(table.tables, "digits-v1", Choice())
    (sheet,) = view.sheets
    assert "published" not in f"{sheet.title} {' '.join(sheet.headers)}"
    assert {row[0]: row[sheet.headers.index("tuned to")].partition(",")[0] for row in sheet.cells} == {
        "cosine_scaled": "s=4",
        "laplace": "loc=1",
    }
    assert [note for note in view.notes if "very density" in note] == [
        "note: cosine_scaled has, untuned, the very density of cosine: its gain is over that one"
    ]


def test_the_board_says_what_is_not_even(table, metric):
    both(table)
    facts = {**TUNED, "schedule": "edm", "tuned_from": "edm", "trials": 40.0}
    table.runs_of("edm@tuned", BASE, **facts)
    notes = board(table.tables, track="digits-v1", metric=metric()).notes
    assert any("numbers of trials" in note and "20: laplace@tuned; 40: edm@tuned" in note for note in notes)
    assert any(note.startswith("cosine is not tuned here") for note in notes)
    table.runs_of("cosine@tuned", BASE, **{**TUNED, "schedule": "cosine", "tuned_from": "cosine", "trials": 40.0})
    notes = board(table.tables, track="digits-v1", metric=metric()).notes
    assert not any("not tuned here" in note for note in notes)


def test_the_board_says_where_trials_are_not_the_tracks(table, metric):
    rows = board(both(table).tables, track="digits-v1", metric=metric()).rows
    assert budget_notes(rows, 20) == []
    assert budget_notes(rows, 24) == ["tuned with another number of trials than the track's 24: laplace@tuned 20"]


def test_rows_of_the_board_say_what_was_tuned(table, metric):
    ranking = board(both(table).tables, track="digits-v1", metric=metric())
    rows = {row.entry: row for row in ranking.rows}
    assert (rows["laplace@tuned"].tuned_from, rows["laplace@tuned"].trials) == ("laplace", 20)
    assert (rows["laplace"].tuned_from, np.isnan(rows["laplace"].trials)) == ("", True)


def test_a_filter_reaches_the_tuned_table(table):
    gains = tuned_table_of(both(table).tables, "digits-v1", Choice(leave_out_seeds=(3,)))
    assert gains.rows[0].seeds == 3
