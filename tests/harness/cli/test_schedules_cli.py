"""`snrbench schedules`: every command, its output, its exit code."""

import json
import re
import subprocess
import sys

import pytest
import typer
from scipy import stats
from typer.testing import CliRunner

import leaderboards
from forgotten_plugins import forgotten_afterwards
from harness.cli.commands.schedules import add_to
from leaderboards.commands import from_trainer
from leaderboards.data import released
from schedules import UserError
from schedules.plugins import scaffolds

BAD = """
import numpy as np
from scipy import stats
from schedules import register

class Heavy:
    def pdf(self, x):
        return 2 * stats.norm.pdf(x)
    def cdf(self, x):
        return stats.norm.cdf(x)
    def ppf(self, q):
        return stats.norm.ppf(q)

@register("twice_too_much")
def twice_too_much():
    return Heavy()
"""


@pytest.fixture(autouse=True)
def _forget_plugins():
    with forgotten_afterwards():
        yield


@pytest.fixture
def run():
    parent = typer.Typer()
    add_to(parent)
    from_trainer.add_to(parent)
    parent.command("other")(lambda: None)
    runner = CliRunner()

    def call(*arguments):
        return runner.invoke(parent, ["schedules", *arguments])

    return call


def test_list_names_everything(run):
    result = run("list")
    assert result.exit_code == 0
    for name in ("cosine", "laplace", "preset/edm2-img512", "min_snr", "arXiv:2407.03297"):
        assert name in result.output


def test_list_json(run):
    rows = json.loads(run("list", "--json").output)
    assert {row["kind"] for row in rows} == {"schedule", "preset", "weighting"}
    laplace = next(row for row in rows if row["name"] == "laplace")
    assert laplace["params"] == {"loc": 0.0, "scale": 0.5}
    assert next(row for row in rows if row["name"] == "preset/sd3")["spec"] == "logit_normal|shift:a=3"


def test_show(run):
    output = run("show", "laplace:scale=0.7|shift:a=3").output
    for text in (
        "laplace:scale=0.7|shift:a=3",
        "scale = 0.7",
        "a number in [0.1, 3]",
        "arXiv:2407.03297",
        "50%: -2.197",
    ):
        assert text in output


def test_show_says_what_else_it_is(run):
    assert "cosmap" in run("show", "cosine").output
    assert "diffusers_laplace" in run("show", "laplace").output
    assert "logit_normal|shift:a=3" in run("show", "preset/sd3").output


def test_show_a_name_that_is_both(run):
    kinds = [record["kind"] for record in json.loads(run("show", "sigmoid", "--json").output)]
    assert kinds == ["schedule", "weighting"]


def test_show_json_of_a_weighting(run):
    weighting = json.loads(run("show", "min_snr:gamma=3", "--json").output)
    assert (weighting["kind"], weighting["params"]) == ("weighting", {"gamma": 3.0})


def test_check_passes(run):
    result = run("check", "laplace")
    assert result.exit_code == 0
    assert "pass  integrates to 1" in result.output


def test_check_says_how_much_is_clipped(run):
    """cosine widened nine times is hypsecant(0, 18)."""
    result = run("check", "cosine|scale:by=9")
    assert result.exit_code == 0
    assert f"{2 * stats.hypsecant(0, 18).sf(20):.0%} of its draws lie beyond ±20" in result.output
    assert "of its draws" not in run("check", "cosine").output


def test_check_fails_with_one_and_says_where(run, tmp_path):
    plugin = tmp_path / "bad.py"
    plugin.write_text(BAD)
    result = run("check", "twice_too_much", "--plugin", str(plugin))
    assert result.exit_code == 1
    assert "FAIL  integrates to 1" in result.output
    assert "λ=" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "laplce"),
        ("check", "laplace:scale=9"),
        ("plot", "cosine", "--out", "x.gif"),
        ("list", "--plugin", "no.py"),
    ],
)
def test_wrong_use_is_a_user_error(run, arguments):
    result = run(*arguments)
    assert isinstance(result.exception, UserError)
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize(
    ("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", (b"<!doctype html", b"<html"))]
)
def test_plot(run, tmp_path, ending, start):
    out = tmp_path / f"picture.{ending}"
    result = run("plot", "cosine", "laplace", "preset/sd3", "--out", str(out))
    assert result.exit_code == 0
    content = out.read_bytes()
    assert content.lstrip().startswith(start)
    if ending != "png":
        assert b"preset/sd3" in content or b"target flow" in content


VECTOR = """
from scipy import stats
from schedules import register

@register("two_at_once")
def two_at_once():
    return stats.norm([0, 1], 1)
"""


@pytest.mark.parametrize("command", ["show", "plot", "nearest", "export"])
def test_a_density_that_fails_in_mid_work_is_named(run, tmp_path, command):
    (tmp_path / "vector.py").write_text(VECTOR)
    more = {"plot": ["--out", str(tmp_path / "x.png")], "export": ["--to", "torch"]}.get(command, [])
    result = run(command, "two_at_once", *more, "--plugin", str(tmp_path / "vector.py"))
    assert isinstance(result.exception, UserError)
    assert "schedule 'two_at_once' fails 'shapes'" in str(result.exception)


def test_nearest(run):
    result = run("nearest", "cosine", "-n", "4")
    assert "cosmap" in result.output
    assert "the same density" in result.output
    relatives = json.loads(run("nearest", "vp_sde", "--json").output)
    assert relatives[0]["name"] == "ddpm_linear"
    assert not relatives[0]["same"]


LOGISTIC = """
from optuna.distributions import FloatDistribution as Float
from scipy import stats
from schedules import register

@register("my_logistic", space={"scale": Float(0.1, 5)})
def my_logistic(scale: float = 1.0):
    return stats.logistic(0, scale)

@register("my_normal")
def my_normal():
    return stats.norm(2.4, 2.4)
"""


@pytest.mark.parametrize(
    ("spec", "pattern"),
    [
        ("my_logistic", r"its density is that of (.*, )?loglogistic\b.* and of (.*, )?uniform_gamma\b"),
        ("my_logistic:scale=1.01", r"its density is nearly that of \S+ at its defaults: 0\.45% of the draws"),
        ("my_logistic:scale=2", r"its density is that of (.*[, ])?flow_uniform\b"),
        ("my_normal", r"its density is that of edm, .* at their defaults and of (.*, )?preset/flow-matching-image\b"),
        ("my_logistic:scale=1.3", ""),
        ("preset/pi0", ""),  # comes with snrbench: `show` has its relatives
    ],
)
def test_a_density_that_is_there_already_is_told(run, snrbench, tmp_path, spec, pattern):
    (tmp_path / "mine.py").write_text(LOGISTIC)
    with_plugin = ("--plugin", str(tmp_path / "mine.py"))
    checked = run("check", spec, *with_plugin)
    assert checked.exit_code == 0
    code, _, err = snrbench(
        "run", "gmm-v1", "-s", spec, "-s", "cosmap", *with_plugin, "--dry-run", "--store", tmp_path / "store"
    )
    assert code == 0
    for text in (checked.stderr, err):
        notes = [line for line in text.splitlines() if "its density" in line]
        assert len(notes) == bool(pattern), text
        assert all(re.search(pattern, line) for line in notes)
    if not spec.startswith("my_"):
        return
    record = json.loads(run("show", spec, *with_plugin, "--json").output)
    assert bool(record["same density as"] or record["nearly the density of"]) == bool(pattern)


def test_export(run, tmp_path):
    assert json.loads(run("export", "cosine", "--to", "json").output)["spec"] == "cosine"
    out = tmp_path / "drawn.py"
    assert run("export", "cosine", "--to", "torch", "--out", str(out)).exit_code == 0
    compile(out.read_text(), str(out), "exec")


def test_export_to_a_trainer(run, tmp_path):
    result = run("export", "preset/sd3", "--to", "sd-scripts")
    assert result.stdout == "--timestep_sampling shift --sigmoid_scale 1 --discrete_flow_shift 3\n"
    out = tmp_path / "flags.txt"
    assert run("export", "edm", "--to", "edm2", "--sigma-data", "1", "--out", str(out)).exit_code == 0
    assert out.read_text() == "--P_mean=-1.2 --P_std=1.2  # sigma_data=1\n"
    with_script = run("export", "flow_uniform|shift:a=2", "--to", "sd-scripts", "--with", "sd3_train.py")
    assert "--training_shift 2" in with_script.stdout


def test_what_a_trainer_cannot_draw_is_one_line(run):
    """The nearest and its distance are said, and nothing that could be pasted by mistake is printed."""
    result = run("export", "laplace", "--to", "ai-toolkit")
    assert result.stdout == ""
    assert isinstance(result.exception, UserError)
    expected = "ai-toolkit can't draw laplace; nearest is noise_scheduler: flowmatch; timestep_type: sigmoid"
    assert str(result.exception).startswith(expected)
    assert "nats of λ away on average" in str(result.exception)
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("export", "cosine", "--to", "sd-script"),
            "unknown export format or trainer 'sd-script'; did you mean sd-scripts",
        ),
        (("export", "cosine", "--to", "json", "--tokens", "9"), "--tokens: only of a trainer"),
        (("export", "edm", "--to", "musubi", "--sigma-data", "0.5"), "does not depend on σ_d"),
        (("export", "infonoise", "--to", "edm"), "learns while training"),
        (("export", "laplace"), "--to is missing; expected one of torch, diffusers, json, "),
        (("from",), "TRAINER is missing; expected one of "),
        (("show", "zzz"), "unknown schedule 'zzz' (one of your own comes with --plugin FILE.py); known: "),
        (("from", "sd-script", ""), "unknown trainer 'sd-script'"),
        (("from", "edm2", "--P_men", "1"), "unknown flag of edm2 'P_men'"),
    ],
)
def test_wrong_use_of_trainers(run, arguments, words):
    result = run(*arguments)
    assert isinstance(result.exception, UserError)
    assert words in str(result.exception)


def test_from_flags(run, tmp_path):
    """In quotes or not; its relatives, its plot, and its row on the published boards under whatever name."""
    picture = tmp_path / "drawn.svg"
    line = "--timestep_sampling flux_shift --sigmoid_scale 1.2"
    result = run("from", "sd-scripts", line, "--tokens", "4096", "--plot", str(picture))
    assert result.exit_code == 0
    assert result.stdout.startswith("logit_normal:s=1.2|flux_shift:mu=1.15\n")
    assert "preset/flux-1024" in result.stdout
    assert "published: on no board" in result.stdout
    assert "note: at 4096 tokens" in result.stderr
    assert picture.read_bytes().lstrip().startswith(b"<?xml")
    answer = json.loads(run("from", "edm2", "--P_mean", "-1.2", "--P_std=1.2", "--sigma-data", "1", "--json").stdout)
    assert answer["spec"] == "edm2:p_mean=-1.2,p_std=1.2"
    row = next(row for row in answer["published"] if row["track"] == "digits-v1" and row["entry"] == "edm")
    table = (released.FOLDER / "digits-v1" / "table.md").read_text()
    assert f"| {row['rank_low']}–{row['rank_high']} | `edm` |" in table
    board = leaderboards.board(leaderboards.published("digits-v1"))
    assert (row["target"], row["entries"]) == ("all", (board["target"] == "all").sum())
    assert 1.28 <= row["ci_low"] <= row["mean"] <= row["ci_high"] <= 1.42


def test_show_says_it_in_trainers_words(run):
    output = run("show", "preset/edm2-img512").output
    assert "as its trainer, in edm2: --preset=edm2-img512-s" in output
    assert "in edm: --precond=edm c.loss_kwargs.update(P_mean=-0.4, P_std=1)" in output
    assert "in diffusers-flags: --weighting_scheme logit_normal --logit_mean -0.2931472 --logit_std 1" in output


def test_new_writes_a_plugin_that_passes_its_own_test(run, tmp_path, monkeypatch):
    """A file of every kind, all in one process; each passes its own test as it is."""
    assert run("new", "my_first", "--in", str(tmp_path)).exit_code == 0
    help_text = run("new", "--help").output
    for kind in scaffolds.kinds():
        assert kind in help_text
        assert run("new", f"my_{kind}", "--kind", kind, "--in", str(tmp_path)).exit_code == 0
        checked = run("check", f"my_{kind}", "--plugin", str(tmp_path / f"my_{kind}.py"))
        assert (checked.exit_code, "at the start its density is that of cosine" in checked.stderr) == (
            0,
            kind == "learner",
        )
        assert kind == "learner" or "its density" not in checked.stderr, "a new schedule is one that nobody has"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(entry for entry in sys.path if entry)},
    )
    assert done.returncode == 0, done.stdout
    monkeypatch.syspath_prepend(tmp_path)  # as the folder that the command is given in is
    assert "is there already" in str(run("new", "my_first", "--in", str(tmp_path)).exception)
    for name in ("cosine", "No-Name", "../x", "class", "json", "torch", "schedules", "stats", "register", "a" * 65):
        assert isinstance(run("new", name, "--in", str(tmp_path)).exception, UserError)
    assert "unknown kind of schedule 'tables'; did you mean table" in str(run("new", "x", "--kind", "tables").exception)


def test_the_module_imports_nothing_heavy():
    code = (
        "import sys, harness.cli.commands.schedules;"
        "print([m for m in ('numpy', 'scipy', 'optuna', 'rich.table', 'matplotlib', 'torch') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
