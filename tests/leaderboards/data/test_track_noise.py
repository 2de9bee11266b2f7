"""The noise of a track: what its published runs show, and who may use it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from leaderboards.boards import noise_card, query
from leaderboards.comparisons.choice import EVERYTHING, panel_of
from leaderboards.data import released, track_noise
from leaderboards.releases.publishing.noise import noise_of
from leaderboards.statistics.pairs import pairs
from schedules.errors import UserError

TRACK, METRIC = "gmm-v1", "excess"


@pytest.fixture(scope="module")
def tables():
    return released.published_table(TRACK)


def test_the_noise_that_is_published_is_that_of_the_results(tables):
    """Of the metric that ranks; also: each set of targets has its record."""
    only = replace(tables, scores=tables.measured([METRIC]))
    fresh, published = noise_of(only, TRACK), track_noise.read(released.FOLDER / TRACK)
    of_metric = [record for record in published.records if record.metric == METRIC]
    assert {record.targets for record in of_metric} == {
        *(("eps",), ("v",), ("x0",), ("eps", "v"), ("eps", "x0"), ("v", "x0"), ("eps", "v", "x0"))
    }
    for record, again in zip(of_metric, fresh.records, strict=True):
        assert record.model_dump(include={"metric", "guidance", "targets", "entries", "seeds"}) == again.model_dump(
            include={"metric", "guidance", "targets", "entries", "seeds"}
        )
        for name in ("pairs", "own", "everywhere"):
            one, other = getattr(record, name), getattr(again, name)
            assert (one.freedom, one.variance) == pytest.approx((other.freedom, other.variance), rel=1e-4)
    assert (published.runs, published.protocol) == (1215, "1")


def test_the_prior_is_about_the_usual_variance_of_a_pair(tables):
    """Between the quartiles of what the pairs of 81 entries show, from outside the method."""
    panel = panel_of(tables, TRACK, EVERYTHING).cell("v")
    first, second = np.triu_indices(81, k=1)
    variances = pairs(panel.costs[0]).variance[first, second]
    prior = track_noise.read(released.FOLDER / TRACK).of(METRIC, None).section(["v"]).pairs
    low, high = np.quantile(variances, [0.25, 0.75])
    assert low < prior.variance < high
    assert 1 < prior.freedom < 20


def few(tables, seeds=3):
    """What a user has: two entries of one target."""
    runs = tables.runs
    return tables.where(runs["entry"].isin(["cosine", "edm"]) & (runs["target"] == "v") & (runs["seed"] < seeds))


def test_a_users_two_entries_are_judged_by_the_tracks_runs(tables):
    board = query.board_of(few(tables), TRACK)
    alone = query.board_of(few(tables), TRACK, whole_budget=False)
    assert board.noise == "1,215 published runs of the track"
    assert alone.noise == ""
    with_track, ordinary = ({row.entry: row.p_holm for row in ranking.rows}["edm"] for ranking in (board, alone))
    assert with_track < ordinary / 5
    assert any("2 entries, judged by the track's noise" in note for note in board.notes)
    assert not any("judged by the track's noise" in note for note in alone.notes)


def test_the_noise_of_another_version_of_the_track_is_not_used(tables, tmp_path, monkeypatch):
    home = shutil.copytree(released.FOLDER / TRACK, tmp_path / TRACK)
    file = home / track_noise.NOISE
    file.write_text(file.read_text().replace('"track_fingerprint":"', '"track_fingerprint":"0', 1))
    monkeypatch.setattr(released, "FOLDER", tmp_path)
    assert query.noise_of(TRACK) is None
    assert query.board_of(few(tables), TRACK).noise == ""


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / track_noise.NOISE).write_text(json.dumps({"schema_version": 1}))
    with pytest.raises(UserError, match="holds no noise of schema version 1: track"):
        track_noise.read(tmp_path)


def test_the_card_shows_it():
    rows = {name: (figure, remark) for name, figure, remark in noise_card.rows("digits-v1")}
    assert set(rows) == {"eps", "v", "x0", "eps, v", "eps, x0", "v, x0", "eps, v, x0"}
    figure, remark = rows["eps, v, x0"]
    assert 0.02 < float(figure) < 0.1
    entries = re.search(r"from (\d+) entries × 5 seeds", remark)
    assert int(entries[1]) >= 81
    assert noise_card.rows("mnist-v1") == [], "fifteen pairs are too few"
