"""`NAME@tuned` in `snrbench schedules`: what a store's study found, of the track and target that are meant."""

import json

import pytest
import typer
from typer.testing import CliRunner

import leaderboards
import schedules
from harness import tracks
from harness.cli.commands.schedules import add_to
from harness.tracks.plugins import load_of_store
from harness.tuning.studies import lookup
from known_objective import KnownRuns, tuned
from schedules import UserError


def score(spec):
    """Best far from what is published, and elsewhere for each target."""
    return abs(float(schedules.parse(spec.entry.schedule).ppf(0.5)) - 2) + 9 * (spec.trial == 0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    for target in ("v", "eps"):
        tuned(root, KnownRuns(score), specs=["laplace"], trials=4, target=target)
    tuned(root, KnownRuns(score), specs=["cosine|shift:a=2"], trials=4)
    return root


@pytest.fixture
def run(store):
    parent = typer.Typer()
    add_to(parent)
    parent.command("other")(lambda: None)

    def call(*arguments):
        return CliRunner().invoke(parent, ["schedules", *map(str, arguments), "--store", str(store)])

    return call


def spec_of(store, target):
    import optuna

    name = f"gmm-v1/{target}/laplace/native/sample"
    attributes = optuna.load_study(study_name=name, storage=f"sqlite:///{store}/optuna.db").user_attrs
    return attributes["tuned"]["schedule"]


@pytest.mark.parametrize("target", ["v", "eps"])
def test_what_is_shown_is_what_the_study_of_the_target_found(run, store, target):
    record = json.loads(run("show", "laplace@tuned", "-t", target, "--json").stdout)
    assert record["spec"] == spec_of(store, target) != "laplace"
    assert record["quantiles"]["50%"] == pytest.approx(float(schedules.parse(spec_of(store, target)).ppf(0.5)))
    assert (record["tuned"]["track"], record["tuned"]["target"]) == ("gmm-v1", target)
    stderr = run("show", "laplace@tuned", "--target", target, "--track", "gmm-v1").stderr
    assert f"laplace@tuned is {spec_of(store, target)} (tuned on gmm-v1, target {target}; learning rate × " in stderr


def test_export_plot_and_nearest_take_it_too(run, store, tmp_path):
    exported = json.loads(run("export", "laplace@tuned", "--to", "json", "-t", "v").stdout)
    assert exported["spec"] == spec_of(store, "v")
    assert run("plot", "cosine", "laplace@tuned", "-t", "v", "--out", tmp_path / "both.svg").exit_code == 0
    assert spec_of(store, "v") in (tmp_path / "both.svg").read_text()
    relatives = json.loads(run("nearest", "laplace@tuned", "-t", "eps", "--json", "-n", "2").stdout)
    plain = json.loads(run("nearest", spec_of(store, "eps"), "--json", "-n", "2").stdout)
    assert relatives == plain


def test_transforms_stand_behind_and_one_study_needs_no_more_words(run):
    record = json.loads(run("show", "cosine@tuned|shift:a=2", "--json").stdout)
    assert record["spec"].startswith("cosine|shift:a=")
    assert record["spec"] != "cosine|shift:a=2"


@pytest.mark.parametrize("of", [("digits-v1", "v"), ("gmm-v1", "x0"), ("fashion-latent-v1", None)])
def test_what_no_study_of_the_store_found_is_what_the_published_board_has(run, of):
    track, target = of
    exported = run(
        "export", "logit_normal@tuned", "--to", "json", "--track", track, *(["-t", target] if target else [])
    )
    runs = leaderboards.published(track).runs.query("entry == 'logit_normal@tuned'")
    (expected,) = runs[runs["target"] == (target or "v")]["schedule"].unique()
    assert json.loads(exported.stdout)["spec"] == expected
    assert f"logit_normal@tuned is {expected} (published: tuned on {track}, target {target or 'v'}; " in exported.stderr


def test_a_study_of_the_store_comes_before_a_published_one(run, store):
    assert json.loads(run("show", "laplace@tuned", "-t", "v", "--track", "gmm-v1", "--json").stdout)["spec"] == spec_of(
        store, "v"
    )
    published = json.loads(run("show", "laplace@tuned", "-t", "v", "--track", "digits-v1", "--json").stdout)
    assert published["tuned"]["published"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "laplace@tuned"], r"tuned for gmm-v1 × eps, gmm-v1 × v; say which with --track and --target"),
        (
            ["show", "laplace@tuned", "-t", "flow"],
            "not tuned for flow in the store .* or on a published board; it is for gmm-v1 × eps, gmm-v1 × v, digits-v1",
        ),
        (["nearest", "sigmoid@tuned"], r"sigmoid@tuned: not tuned in the store .* published board; snrbench tune"),
        (
            ["export", "edm@tuned", "--to", "json"],
            "tuned for digits-v1 × eps, .*gmm-v1 × x0; say which with",
        ),
        (["export", "laplac@tuned", "--to", "json"], "did you mean laplace"),
    ],
)
def test_what_is_not_one_study_is_one_line(run, arguments, words):
    with pytest.raises(UserError, match=words):
        raise run(*arguments).exception


def test_a_study_on_a_track_of_the_store_is_found_without_its_name(tmp_path, monkeypatch):
    folder = tmp_path / "tracks"
    folder.mkdir()
    track = "from harness.tracks.gmm import GMM\nTRACK = GMM.model_copy(update={'name': 'own-q-v1'})\n"
    (folder / "own-q-v1.py").write_text(track)
    load_of_store(tmp_path, "own-q-v1")
    tuned(tmp_path, KnownRuns(score), specs=["laplace"], trials=4, track="own-q-v1")
    monkeypatch.delitem(tracks.TRACKS, "own-q-v1")
    assert lookup.tuned("laplace@tuned", tmp_path).track == "own-q-v1"
    monkeypatch.delitem(tracks.TRACKS, "own-q-v1")
