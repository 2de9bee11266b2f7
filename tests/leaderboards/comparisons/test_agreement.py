"""Agreement with published comparisons: recomputed from the release and the literature's files, and found by rule."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

import leaderboards
from harness.cli.main import cli
from leaderboards.comparisons.agreement import agreements as agreement
from leaderboards.comparisons.agreement.agreements import agreements
from leaderboards.comparisons.agreement.headline import headlines, line
from leaderboards.comparisons.choice import Choice
from leaderboards.comparisons.views import view
from leaderboards.comparisons.views.predicts import record
from leaderboards.data.released import published_table, released_tracks
from leaderboards.literature import preregistration, tables
from leaderboards.literature.schema import PublishedTable
from leaderboards.releases.agreement_line import FOLDER, agreement_line
from leaderboards.releases.publishing import agreement as written
from schedules.errors import UserError

FILE = Path(tables.__file__).with_name("2407.03297-guidance.json")
EXPECTED = {"digits-v1": (0.87, 0.017), "gmm-v1": (-0.87, 0.017), "mnist-v1": (-0.47, 0.27)}
"""Track → τ and p of the primary comparison, as found by hand before there was this code."""


@pytest.fixture(scope="module")
def by_track():
    """Every comparison of each release, for v."""
    choice = Choice(target="v")
    return {track: agreements(published_table(track), track, choice) for track in EXPECTED}


def their_best():
    """Spec → the paper's best number, of the six native rows, from the file alone."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))["rows"]
    return {row["spec"]: min(row["values"].values()) for row in rows if "weighting" not in row}


@pytest.mark.parametrize("track", EXPECTED)
def test_tau_is_that_of_the_release_and_the_file_by_scipy(by_track, track):
    numbers = their_best()
    rows = leaderboards.board(leaderboards.published(track), target="v").set_index("entry").loc[list(numbers)]
    truth = stats.kendalltau(rows["mean"], list(numbers.values()), method="exact")
    each = headlines(by_track[track])[0]
    assert (each.rows, each.table.source, each.guidance, each.subset) == (6, "2407.03297", "best", "native")
    assert (each.tau, each.p) == pytest.approx((truth.statistic, truth.pvalue))
    assert (round(each.tau, 2), round(each.p, 3 if each.p < 0.1 else 2)) == EXPECTED[track]
    by_seed = pd.DataFrame(rows["values"].tolist())
    taus = [stats.kendalltau(column, list(numbers.values())).statistic for _, column in by_seed.items()]
    interval = stats.t.interval(0.95, len(taus) - 1, np.mean(taus), stats.sem(taus))
    assert (each.tau_low, each.tau_high) == pytest.approx(np.clip(interval, -1, 1))


def test_every_column_is_there_by_target_scale_and_share(by_track):
    of_table = [each for each in by_track["digits-v1"] if each.file == FILE.stem]
    ours = {"best", "1", "1.15", "1.3", "1.5", "2", "3"}
    assert {(each.ours, each.theirs) for each in of_table if each.share == 1} == {
        (scale, column) for scale in ours for column in ("best", "CFG 1.5", "CFG 2.0", "CFG 3.0")
    }
    assert {each.share for each in of_table} == {0.25, 0.5, 1.0}
    assert sum(each.guidance == "best" and each.subset == "native" for each in of_table) == 1


def test_pairs_in_the_other_order_are_named(by_track):
    (pair,) = headlines(by_track["digits-v1"])[0].disagreements
    assert (pair.first, pair.second) == ("edm", "flow_uniform")
    by_excess = headlines(by_track["gmm-v1"])[0]
    assert len(by_excess.disagreements) == round((1 - by_excess.same_order) * 15) == 14
    assert any(pair.told_apart for pair in by_excess.disagreements)


def test_densities_of_the_other_paper_are_read_on_v(by_track):
    """The paper's rows on flow are read on v too, each as the entry of its own name."""
    (each,) = [
        each
        for each in by_track["digits-v1"]
        if each.table.table == "table 1"
        and (each.target, each.subset) == ("v", "native")
        and "rf/cosmap" in each.labels
        and (each.ours, each.theirs, each.share) == ("best", "all", 1.0)
    ]
    assert dict(zip(each.labels, each.entries, strict=True))["rf/cosmap"] == "cosmap"
    assert {"rf/mode(1.75)", "rf/lognorm(0.50, 0.60)"} <= set(each.labels)
    assert each.tau == pytest.approx(stats.kendalltau(np.nanmean(each.scores, axis=1), each.numbers).statistic)


def test_what_is_written_beside_a_release_is_what_it_gives(by_track, tmp_path):
    """`python -P -m leaderboards.releases.publishing.agreement` writes it anew where this fails."""
    assert set(EXPECTED) <= set(released_tracks())
    for track, comparisons in by_track.items():
        assert agreement_line(track) == line(comparisons) != ""
    assert agreement_line("cifar10-v1") == ""
    written.write(published_table("mnist-v1"), "mnist-v1", tmp_path)
    assert to_9_digits(tmp_path) == to_9_digits(FOLDER / "mnist-v1")


def to_9_digits(release):
    """Versions of SciPy differ in the eleventh digit of a quantile."""
    text = (release / "agreement.json").read_text(encoding="utf8")
    return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.9g}", text)


def test_the_view_as_json():
    arguments = ["leaderboard", "mnist-v1", "--published", "-t", "v", "--view", "predicts", "--format", "json"]
    done = CliRunner().invoke(cli, arguments)
    rows = json.loads(done.stdout)
    (row,) = [row for row in rows if (row["subset"], row["target"], row["guidance"]) == ("native", "v", "best")]
    assert done.exit_code == 0
    assert (row["source"], row["rows"], row["seeds"]) == ("2407.03297", 6, 3)
    assert {"table", "tau", "tau_low", "tau_high", "p"} <= set(row)


def of_a_table(table, scores, **facts):
    """Runs of entries on v: entry → score of each seed, None where there is no run."""
    for entry, values in scores.items():
        for seed, value in enumerate(values):
            if value is not None:
                table.run(entry, seed, {("test", 1.0, 1.0): value, ("val", 1.0, 1.0): value}, schedule=entry, **facts)
    return table


SIX = {"cosine": 5.0, "edm": 6.0, "flow_uniform": 7.0, "cosine_scaled:s=2": 2.0, "cauchy": 3.0, "laplace": 1.0}


def test_runs_that_diverged_come_last_and_missing_seeds_are_named(table):
    """A diverged row counts as the worst; τ is given with and without a row that lacks a seed."""
    scores = {entry: [value, 1.01 * value] for entry, value in SIX.items()} | {"cosine_scaled:s=2": [9.0, None]}
    of_a_table(table, scores)
    table.run("laplace", 2, None, schedule="laplace")
    each = headlines(agreements(table.tables, "digits-v1"))[0]
    assert each.incomplete == ("cosine", "edm", "flow_uniform", "cosine_scaled:s=2", "cauchy")
    means = [5, 6, 7, 9, 3, np.inf]
    numbers = [their_best()[entry] for entry in each.entries]
    ranked = stats.rankdata(means)
    assert each.tau == pytest.approx(stats.kendalltau(ranked, numbers).statistic)


def test_tuned_weighted_and_other_weightings_stand_for_no_row(table):
    of_a_table(table, {entry: [value, value] for entry, value in SIX.items()})
    of_a_table(table, {"mode": [1.0, 1.0]}, apply="weight")
    of_a_table(table, {"logit_normal": [1.0, 1.0]}, tuned=True)
    for each in agreements(table.tables, "digits-v1"):
        assert not {"mode", "logit_normal"} & set(each.entries)
    for seed in (0, 1):
        scores = {("test", 1.0, 1.0): 4.0, ("val", 1.0, 1.0): 4.0}
        table.run("cosine + min_snr", seed, scores, schedule="cosine", weighting="min_snr")
    rows = {each.subset: each for each in agreements(table.tables, "digits-v1") if each.guidance == "best"}
    assert {subset: each.rows for subset, each in rows.items()} == {"native": 6, "all": 7}
    assert dict(zip(rows["all"].labels, rows["all"].entries, strict=True))["Min-SNR"] == "cosine + min_snr"


def test_every_file_is_a_table_and_a_new_one_is_found(tmp_path, monkeypatch):
    assert len(tables.published_tables()) >= 5
    (tmp_path / "new.json").write_bytes(FILE.read_bytes())
    assert list(tables.published_tables(tmp_path)) == ["new"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spec": "laplacian"}, "laplacian"),
        ({"target": "velocity"}, "target 'velocity'; expected one of"),
        ({"weighting": "minsnr"}, "minsnr"),
        ({"values": {"CFG 4": 1.0}}, "CFG 4"),
        ({"colour": "red"}, "colour"),
        ({"spec": "edm"}, "twice"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_line(tmp_path, change, words):
    content = json.loads(FILE.read_text(encoding="utf-8"))
    content["rows"][0] |= change
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"wrong\.json is no published comparison") as error:
        tables.read(file)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_what_counts_as_primary_follows_from_what_is_compared():
    def kind(track, theirs="best", target="v", specs=tuple(SIX)):
        return preregistration.status(track, FILE.stem, target, "best", theirs, "native", specs)

    assert kind("fashion-latent-v1") == kind("mnist-latent-v1", "CFG 2.0") == "primary"
    assert kind("mnist-latent-v1", "CFG 3.0") == kind("mnist-latent-v1", target="eps") == "secondary"
    assert kind("digits-v1") == kind("mnist-latent-v1", target="x0", specs=("cosine", "edm")) == "exploratory"


def test_the_view_of_a_table_without_rows_says_so(table):
    report = view("predicts")(of_a_table(table, {"cosine": [1.0, 1.1]}).tables, "digits-v1", Choice())
    assert report.records == ()
    assert "no two entries of any published comparison" in report.notes[0]


def test_a_number_that_is_better_when_higher(table):
    """The same numbers called higher-is-better turn the order round, and its range with it."""
    of_a_table(table, {entry: [value, value] for entry, value in SIX.items()})
    content = json.loads(FILE.read_text(encoding="utf-8"))
    higher = PublishedTable.model_validate({**content, "metric": {"name": "score", "better": "higher"}})
    with pytest.MonkeyPatch.context() as patch:
        lower = headlines(agreements(table.tables, "digits-v1"))[0]
        patch.setattr(agreement, "published_tables", lambda: {FILE.stem: higher})
        by_column = {each.theirs: each for each in agreements(table.tables, "digits-v1") if each.ours == "best"}
        three = by_column["CFG 3.0"]
    assert by_column["best"].tau < 0 < lower.tau
    assert three.moved_10[0] <= three.tau <= three.moved_10[1]
    assert record(three)["tau_at_10_percent"] == list(three.moved_10)
