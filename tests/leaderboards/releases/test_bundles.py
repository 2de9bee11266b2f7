"""Results from strangers: malformed files are refused, forged scores are found, honest ones are marked verified."""

from __future__ import annotations

import importlib.metadata
import io
import json
import re
import shutil
import sqlite3
import zipfile
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from harness import tracks
from harness.device import describe
from harness.metrics.keys import parse
from harness.metrics.registry import METRICS
from harness.runs.run import RunResult
from harness.specs import Entry, RunSpec
from leaderboards.boards import query
from leaderboards.data.cache import packed
from leaderboards.releases.bundles import archive, contents, receipt, rerun
from leaderboards.releases.bundles.archive import MalformedError
from leaderboards.releases.publishing import freezing
from schedules.errors import UserError

TRACK = "digits-v1"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def honest(_built, tmp_path_factory):
    """A bundle of a store whose run keys and fingerprints are the harness's own."""
    store = shutil.copytree(_built, tmp_path_factory.mktemp("bundles") / "store")
    entries = {name: Entry.of(name) for name in ("cosine", "laplace", "cosine_scaled:s=2", "edm")}
    with sqlite3.connect(store / "mlflow.db") as db:
        tags: dict[str, dict[str, str]] = {}
        for run_id, key, value in db.execute("SELECT run_uuid, key, value FROM tags"):
            tags.setdefault(run_id, {})[key.removeprefix("snrbench.")] = value
        for run_id, of in tags.items():
            entry = entries[of["entry"]]
            spec = RunSpec(track=TRACK, target=of["target"], entry=entry, seed=int(of["seed"]))
            hardware = describe(str(CPU))
            for key, value in (("run_key", spec.key), ("fingerprint", entry.fingerprint), ("hardware", hardware)):
                where = "key = ? AND run_uuid = ?"
                db.execute(f"UPDATE tags SET value = ? WHERE {where}", [value, f"snrbench.{key}", run_id])
    file = store.parent / "results.bundle"
    contents.make(store, TRACK, file)
    return file


@pytest.fixture
def again(honest, monkeypatch):
    """Stands in for the harness: gives each run's own scores, times `factor`; counts the runs."""
    scores = {run.run_key: run.scores for run in contents.open_bundle(honest).runs}

    class Harness:
        factor, outcome, calls = 1.0, "finished", 0

        def __call__(self, spec, device):
            self.calls += 1
            measured = {parse(key): value for key, value in scores[spec.key].items() if parse(key)}
            return RunResult(spec, self.outcome, values={of: self.factor * value for of, value in measured.items()})

    harness = Harness()
    monkeypatch.setattr(rerun, "execute", harness)
    return harness


def rewritten(honest, out, manifest=None, change=None):
    """The bundle with its manifest or its table changed, written as a bundle is."""
    members = archive.read(honest)
    if manifest:
        members[archive.MANIFEST] = json.dumps({**json.loads(members[archive.MANIFEST]), **manifest}).encode()
    if change:
        buffer = pa.BufferOutputStream()
        pq.write_table(change(pq.read_table(io.BytesIO(members[archive.RUNS]))), buffer, compression="none")
        members[archive.RUNS] = buffer.getvalue().to_pybytes()
    archive.write(out, members)
    return out


def column(name, change):
    """A change of one column: of the list of its values."""

    def changed(table):
        place = table.schema.get_field_index(name)
        return table.set_column(place, name, pa.array(change(table[name].to_pylist()), table.schema.field(name).type))

    return changed


def test_a_bundle_holds_the_scores_to_the_last_digit(honest, one_table):
    bundle = contents.open_bundle(honest)
    own = query.runs_table(honest.parent / "store", TRACK)
    handed_in, where = contents.as_table(bundle, {}), ["run_key", "split", "guidance", "mark"]
    for metric in ("fd", "kd", "nll"):
        of_bundle, of_store = (
            part.loc[part["metric"] == metric, [*where, "value"]].sort_values(where).reset_index(drop=True)
            for part in map(one_table, (handed_in, own))
        )
        assert len(of_store) > 36
        pd.testing.assert_frame_equal(of_bundle, of_store, check_exact=True)
    assert bundle.manifest.runs == 36
    assert sorted(zipfile.ZipFile(honest).namelist()) == ["bundle.json", "runs.parquet"]


def test_a_sample_of_honest_runs_agrees(honest, again):
    bundle = contents.open_bundle(honest)
    assert rerun.unverifiable(bundle) == {}
    chosen = rerun.sample(bundle, {}, 5, seed=1)
    assert len({run.run_key for run in chosen}) == 5
    assert chosen == rerun.sample(bundle, {}, 5, seed=1)
    assert chosen != rerun.sample(bundle, {}, 5, seed=2)
    assert len(rerun.sample(bundle, {}, 99, seed=0)) == 36
    verdicts = [rerun.compare(bundle, run, CPU) for run in chosen]
    assert all(verdict.agreed for verdict in verdicts)
    assert again.calls == 5
    assert verdicts[0].largest == 0


@pytest.mark.parametrize(
    ("factor", "here", "elsewhere"), [(1 + 1e-9, True, True), (1.001, False, True), (1.1, False, False)]
)
def test_the_tolerance_is_float_noise_here_and_wider_elsewhere(honest, again, monkeypatch, factor, here, elsewhere):
    bundle = contents.open_bundle(honest)
    again.factor = factor
    verdicts = []
    for exact in (True, False):
        monkeypatch.setattr(rerun, "same_place", lambda *_, exact=exact: exact)
        verdicts.append(rerun.compare(bundle, bundle.runs[0], CPU))
    assert [verdict.agreed for verdict in verdicts] == [here, elsewhere]
    assert verdicts[0].scores > verdicts[1].scores > 5
    assert "every score to 1e-06" in rerun.tolerance(verdicts[0])
    assert "other hardware" in rerun.tolerance(verdicts[1])


def test_hardware_and_torch_decide_what_is_the_same_place(honest, monkeypatch):
    bundle = contents.open_bundle(honest)
    run = bundle.runs[0]
    version = importlib.metadata.version("torch")
    with_torch = replace(bundle, manifest=bundle.manifest.model_copy(update={"environment": [{"torch": version}]}))
    monkeypatch.setattr(rerun, "describe", lambda device: "EPYC 9999")
    here = run.model_copy(update={"hardware": "EPYC 9999"})
    assert rerun.same_place(with_torch, here, CPU)
    assert not rerun.same_place(bundle, here, CPU)
    assert not rerun.same_place(with_torch, run.model_copy(update={"hardware": "another"}), CPU)
    assert not rerun.same_place(with_torch, here, torch.device("cuda"))
    compiled = [{"torch": version}, {"torch": version, "execution": "inductor"}]
    some_compiled = replace(bundle, manifest=bundle.manifest.model_copy(update={"environment": compiled}))
    assert not rerun.same_place(some_compiled, here, CPU)
    monkeypatch.setattr(rerun, "describe", lambda device: "x86_64")
    assert not rerun.same_place(with_torch, run.model_copy(update={"hardware": "x86_64"}), CPU)


def test_one_tampered_score_is_found(honest, again, tmp_path):
    """Of 36 runs one score of one run is made 30 % better: whoever repeats that run sees it."""
    bundle = contents.open_bundle(honest)
    place = bundle.runs[7]

    def better(rows):
        keys = bundle.packed[packed.KEYS].to_pylist()[7].split(packed.JOINT)
        rows[7][keys.index("test/fd/g1.5")] *= 0.7
        return rows

    forged = contents.open_bundle(rewritten(honest, tmp_path / "forged", change=column("values", better)))
    verdict = rerun.compare(forged, forged.runs[7], CPU)
    assert forged.runs[7].run_key == place.run_key
    assert not verdict.agreed
    assert len(verdict.differences) == 1
    assert verdict.differences[0].startswith("test/fd/g1.5: ")
    assert rerun.compare(forged, forged.runs[8], CPU).agreed


def test_a_forged_key_or_outcome_disagrees(honest, again):
    bundle = contents.open_bundle(honest)
    moved = bundle.runs[0].model_copy(update={"run_key": "0" * 32})
    assert "run key" in rerun.compare(bundle, moved, CPU).differences[0]
    assert again.calls == 0
    again.outcome = "diverged"
    assert "outcome finished; run again: diverged" in rerun.compare(bundle, bundle.runs[0], CPU).differences[0]


def test_scores_that_were_left_out_are_missed(honest, again, monkeypatch):
    monkeypatch.setattr(rerun, "same_place", lambda *_: True)
    bundle = contents.open_bundle(honest)
    run = bundle.runs[0]
    less = run.model_copy(update={"scores": {key: value for key, value in run.scores.items() if "nll" not in key}})
    assert rerun.compare(bundle, less, CPU).differences == (
        "not handed in: mark25/test/nll, mark50/test/nll, test/nll",
    )


def test_what_is_not_registered_here_stays_self_reported(honest, tmp_path):
    other = column("schedule", lambda names: ["secret" if name == "edm" else name for name in names])
    bundle = contents.open_bundle(rewritten(honest, tmp_path / "b", change=other))
    beyond = rerun.unverifiable(bundle)
    assert beyond.keys() == {"edm"}
    assert "unknown schedule 'secret'" in beyond["edm"]
    assert {run.entry for run in rerun.sample(bundle, beyond, 99, 0)} == {"cosine", "laplace", "cosine_scaled:s=2"}
    edited = column("fingerprint", lambda hashes: ["0" * 16 for _ in hashes])
    bundle = contents.open_bundle(rewritten(honest, tmp_path / "c", change=edited))
    assert "another density" in rerun.unverifiable(bundle)["laplace"]
    noted = receipt.Receipt(bundle=bundle.digest, made="", agreed=True, rerun=(), unverifiable=("edm",), tolerance="")
    assert receipt.marks(bundle, noted) | {"laplace": "verified", "edm": "self-reported"} == receipt.marks(
        bundle, noted
    )
    assert set(receipt.marks(bundle, None).values()) == {"self-reported"}
    assert set(receipt.marks(bundle, noted.model_copy(update={"agreed": False})).values()) == {"self-reported"}


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"made": "yesterday"}, "made"),
        ({"runs": 35}, "36 runs; bundle.json says 35"),
        ({"runs": "36"}, "runs"),
        ({"extra": 1}, "extra"),
        ({"track": "x" * 501}, "track"),
        ({"track": "gmm-v1"}, "another track"),
    ],
)
def test_a_manifest_that_does_not_hold_is_refused(honest, tmp_path, manifest, words):
    with pytest.raises(MalformedError, match=words) as caught:
        contents.open_bundle(rewritten(honest, tmp_path / "b", manifest))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("seed", lambda values: [-1, *values[1:]], "run 0: seed"),
        ("run_key", lambda values: [values[1], *values[1:]], "run key is there twice"),
        ("run_key", lambda values: ["../../etc", *values[1:]], "run 0: run_key"),
        ("outcome", lambda values: ["won", *values[1:]], "run 0: outcome"),
        ("apply", lambda values: ["guess", *values[1:]], "run 0: apply"),
        ("params", lambda values: ["[]", *values[1:]], "run 0: params"),
        ("params", lambda values: ["{", *values[1:]], "run 0: params"),
        ("entry", lambda values: ["x" * 10_001, *values[1:]], "run 0: entry"),
        ("hardware", lambda values: ["x" * 501, *values[1:]], r"run 0: hardware: .* \(\S+ × \w+ × seed \d\)"),
        ("values", lambda values: [[float("nan"), *values[0][1:]], *values[1:]], "is nan"),
        ("values", lambda values: [values[0][:-1], *values[1:]], "run 0"),
        (
            "keys",
            lambda values: ["test/fid/g1" + values[0][values[0].index("\n") :], *values[1:]],
            "unknown measured value",
        ),
        ("track_fingerprint", lambda values: ["0" * 16, *values[1:]], "another track or protocol"),
    ],
)
def test_a_row_that_does_not_hold_is_refused(honest, tmp_path, name, change, words):
    with pytest.raises(MalformedError, match=words) as caught:
        contents.open_bundle(rewritten(honest, tmp_path / "b", change=column(name, change)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "score"),
    [
        ("test/fd/g1.5", 1e308),
        ("test/fd/g1.5", -1e-9),
        ("test/eps_error", -0.1),
        ("test/kd/g1.5", -1e39),
        ("test/kd_se/g1.5", -1e-9),
        ("test/precision/g1.5", 1.5),
        ("test/memorised/g1.5", -0.5),
        ("test/nll", float("inf")),
        ("seconds/training", -1.0),
    ],
)
def test_a_score_that_its_metric_cannot_take_is_refused(honest, tmp_path, key, score):
    """A number that no run gives would make intervals of nothing, and ranks of the rest."""
    bundle = contents.open_bundle(honest)
    run = bundle.runs[0]
    assert key in run.scores
    with pytest.raises(ValueError, match=re.escape(f"{key} is {score}")):
        contents.BundledRun.model_validate({**run.model_dump(), "scores": {**run.scores, key: score}})
    assert METRICS["kd"].takes(-1e-3)  # unbiased, so a good one can be below zero
    assert not METRICS["excess"].takes(-1e-9)


def test_what_is_written_is_what_can_be_read(honest, tmp_path, monkeypatch):
    """A spec of 814 characters is bundled and opened; what `verify` would refuse is never written."""
    store = shutil.copytree(honest.parent / "store", tmp_path / "store")
    long = "mix(" + ",".join(f"0.1*laplace:loc={k / 7:.12f}" for k in range(30)) + ")"
    with sqlite3.connect(store / "mlflow.db") as db:
        for key in ("entry", "schedule"):
            db.execute("UPDATE tags SET value = ? WHERE key = ? AND value = 'edm'", [long, f"snrbench.{key}"])
        db.execute("UPDATE runs SET end_time = end_time + 1")
    out = tmp_path / "long.zip"
    contents.make(store, TRACK, out)
    assert len(long) > 814
    assert long in {run.schedule for run in contents.open_bundle(out).runs}

    with sqlite3.connect(store / "mlflow.db") as db:
        db.execute("UPDATE tags SET value = ? WHERE key = 'snrbench.hardware'", ["x" * 501])
        db.execute("UPDATE runs SET end_time = end_time + 1")
    out = tmp_path / "refused.zip"
    with pytest.raises(UserError, match=r"refused.zip cannot be made: run 0: hardware: .* × seed 0\)$"):
        contents.make(store, TRACK, out)
    monkeypatch.setattr(freezing, "environments", lambda *_: {str(n): {"torch": str(n)} for n in range(101)})
    with pytest.raises(UserError, match=r"refused.zip cannot be made: bundle.json: environment: .* 100 items"):
        contents.make(store, TRACK, out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.zip", "store"]


def test_a_table_of_another_make_is_refused(honest, tmp_path):
    for change, words in (
        (lambda table: table.drop_columns(["seed"]), "columns that differ: seed"),
        (lambda table: table.append_column("code", pa.array(["import os"] * len(table))), "columns that differ: code"),
        (lambda table: table.set_column(table.schema.get_field_index("seed"), "seed", table["entry"]), "runs.parquet"),
    ):
        with pytest.raises(MalformedError, match=words):
            contents.open_bundle(rewritten(honest, tmp_path / "b", change=change))
    members = archive.read(honest)
    for content, words in (
        (b"PAR1 garbage", "runs.parquet"),
        (_compressed(members[archive.RUNS]), "compressed pages; expected none"),
    ):
        archive.write(tmp_path / "c", {**members, archive.RUNS: content})
        with pytest.raises(MalformedError, match=words):
            contents.open_bundle(tmp_path / "c")


def _compressed(content):
    buffer = pa.BufferOutputStream()
    pq.write_table(pq.read_table(io.BytesIO(content)), buffer, compression="zstd")
    return buffer.getvalue().to_pybytes()


def test_rows_of_a_bundle_are_marked_and_ranked(honest, real_store, tmp_path):
    runs = receipt.bundle_table(honest, real_store, TRACK).runs
    assert set(runs["verified"]) == {"self-reported"}
    assert set(runs["source"]) == {"results.bundle"}
    digest = archive.digest(honest)
    receipt.save(
        real_store, receipt.Receipt(bundle=digest, made="", agreed=True, rerun=(), unverifiable=(), tolerance="")
    )
    board = query.board_of(receipt.bundle_table(honest, real_store, TRACK), TRACK, target="v")
    assert {(row.source, row.verified) for row in board.rows} == {("results.bundle", "verified")}
    changed = rewritten(honest, tmp_path / "changed", {"made": "2020-01-01"})
    assert set(receipt.bundle_table(changed, real_store, TRACK).runs["verified"]) == {"self-reported"}


def test_a_bundle_of_another_track_or_version_does_not_compare(honest, real_store, monkeypatch):
    with pytest.raises(UserError, match=r"is of 'digits-v1'; expected 'gmm-v1'"):
        receipt.bundle_table(honest, real_store, "gmm-v1")
    monkeypatch.setattr("harness.tracks.track.PROTOCOL", "9")
    with pytest.raises(UserError, match="the numbers do not compare"):
        receipt.bundle_table(honest, real_store, TRACK)
    assert tracks.get(TRACK).protocol == "9"
