"""Metrics from one file: measured beside the others, in tuning too, and one line for what cannot be.

`tests/harness/cli/test_main_job.py` has one in a worker's run and on a board.
"""

import pytest
import torch

from harness.cli import main
from harness.evaluation.drawing import Subject
from harness.metrics import METRICS, plugins
from harness.metrics.keys import Measured
from harness.runs.run import Bench
from harness.tuning import objective
from leaderboards.releases.publishing import freezing
from schedules import UserError, create

OWN = '''
from harness.metrics import Metric, register

COUNTED = {"better": "higher", "compare": "difference"}


@register(Metric("drawn", title="Samples", needs=("samples",), splits=("val", "test"), **COUNTED))
def drawn(samples, reference):
    """How many samples there are."""
    return len(samples.x)


@register(Metric("dimensions", title="Dimensions", needs=("features",), **COUNTED),
          Metric("paired", title="Pairs", needs=("features",), **COUNTED))
def both(samples, reference):
    return samples.features.shape[1], len(reference.paired)


@register(Metric("points", title="Points", needs=("curve",), at="marks", better="lower", compare="ratio"))
def points(curve, reference):
    return len(curve.logsnr)
'''

NAMES = {"drawn", "dimensions", "paired", "points"}


@pytest.fixture(autouse=True)
def _forget():
    before = set(METRICS)
    yield
    for origin in {METRICS[name].origin for name in set(METRICS) - before}:
        METRICS.forget(origin)


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    return str(file)


@pytest.fixture(scope="module")
def place(tiny_gmm):
    return Bench(tiny_gmm, torch.device("cpu"))


def test_it_moves_no_other_score_and_tuning_can_go_by_it(place, own):
    subject = Subject(place.network(0), "v", 0)
    before = place.evaluator(subject, 1.0, create("laplace")).values
    assert set(plugins.load_plugin(own)) == set(plugins.load_plugin(own)) == NAMES
    after = place.evaluator(subject, 1.0, create("laplace")).values
    more = {measured.metric for measured in after} - {measured.metric for measured in before}
    assert more == NAMES
    assert {measured: value for measured, value in after.items() if measured.metric not in more} == before
    assert after[Measured("drawn", "val", 1.0)] == after[Measured("drawn", "test", 1.0)] == 64
    early = place.evaluator(subject, 0.5, create("laplace")).values
    assert (after[Measured("dimensions", "test", 1.0)], after[Measured("paired", "test", 1.0)]) == (4, 32)
    assert early[Measured("points", "test", mark=0.5)] == 33
    assert "drawn" not in {measured.metric for measured in early}
    assert place.evaluator.validate(subject, 0.5, "points").values == {Measured("points", "val", mark=0.5): 33}
    objective.check(place.track.model_copy(update={"primary_metric": "points"}))
    with pytest.raises(UserError, match="ranked by drawn, which tuning cannot go by; expected a metric that"):
        objective.check(place.track.model_copy(update={"primary_metric": "drawn"}))
    with pytest.raises(ValueError, match="'drawn' has no validation score; expected fd, eps_error, excess or points"):
        place.evaluator.validate(subject, 1.0, "drawn")
    assert freezing.kept("test/fd/g1")
    assert not freezing.kept("test/drawn/g1")  # nobody else could read it


def test_a_value_that_cannot_be_is_the_metrics_mistake_and_no_divergence(place, tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text(OWN.replace("return len(samples.x)", "return float('nan')"))
    plugins.load_plugin(str(file))
    with pytest.raises(ValueError, match=r"metric 'drawn' is nan, outside its bounds \(metric plugin .*wrong\.py"):
        place.evaluator(Subject(place.network(0), "v", 0), 1.0, create("laplace"))


METRIC = "from harness.metrics import *\n@register(Metric({}))\ndef own(samples, reference): return 1.0\n"
GOOD = 'better="lower", compare="ratio"'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "registers no metric"),
        ("def (", "import failed with SyntaxError"),
        ("import sys; sys.exit('no')", "import failed with SystemExit: no"),
        ("raise GeneratorExit('no')", "import failed with GeneratorExit: no"),
        (METRIC.format(f'"fd", "Mine", needs=("samples",), {GOOD}'), r"'fd' is there already \(builtin\)"),
        (METRIC.format(f'"My metric", "Mine", needs=("samples",), {GOOD}'), "'My metric': expected a name of small"),
        (METRIC.format(f'"own", "Mine", needs=("sample",), {GOOD}'), "did you mean samples"),
        (METRIC.format(f'"own", "Mine", needs=("optimum",), {GOOD}'), "expected one of samples, features, "),
        (METRIC.format(f'"own", "Mine", needs=("samples",), splits=("train",), {GOOD}'), "splits are"),
        (METRIC.format('"own", "Mine", needs=("samples",), better="up", compare="ratio"'), "expected lower or higher"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing_behind(tmp_path, text, says):
    file, before = tmp_path / "own.py", dict(METRICS)
    file.write_text(text)
    with pytest.raises(UserError, match=says) as refused:
        plugins.load_plugin(str(file))
    assert "\n" not in str(refused.value)
    assert repr(str(file)) in str(refused.value)
    assert dict(METRICS) == before


def test_an_installed_package_announces_its_metrics(tmp_path, own, monkeypatch):
    (tmp_path / "announced_metrics.py").write_text(OWN)
    about = tmp_path / "announced-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: announced\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[snrbench.metrics]\nannounced = announced_metrics\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.load_entry_points.cache_clear()
    assert set(plugins.load_entry_points()) == NAMES
    assert METRICS["drawn"].origin == "entry point announced_metrics"
    plugins.load_entry_points.cache_clear()


def test_a_standard_error_ranks_nothing(capsys):
    assert main.exit_code(["leaderboard", "digits-v1", "--published", "--metric", "kd_se"]) == 2
    assert capsys.readouterr().err.strip() == "snrbench: metric 'kd_se' is the standard error of kd, which ranks"
