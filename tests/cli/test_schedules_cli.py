"""`snrbench schedules`: every command, its output, its exit code."""

import json
import subprocess
import sys

import pytest
import typer
from scipy import stats
from typer.testing import CliRunner

from harness.cli.schedules import add_to
from schedules import UserError
from schedules.plugins import loading

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
    before = loading._registered()
    yield
    loading._forget(loading._registered() - before)
    loading._loaded.clear()


@pytest.fixture
def run():
    parent = typer.Typer()
    add_to(parent)
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
    kinds = [one["kind"] for one in json.loads(run("show", "sigmoid", "--json").output)]
    assert kinds == ["schedule", "weighting"]


def test_show_json_of_a_weighting(run):
    shown = json.loads(run("show", "min_snr:gamma=3", "--json").output)
    assert (shown["kind"], shown["params"]) == ("weighting", {"gamma": 3.0})


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


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<!doctype html")])
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
    found = json.loads(run("nearest", "vp_sde", "--json").output)
    assert found[0]["name"] == "ddpm_linear"
    assert not found[0]["same"]


def test_export(run, tmp_path):
    assert json.loads(run("export", "cosine", "--to", "json").output)["spec"] == "cosine"
    out = tmp_path / "drawn.py"
    assert run("export", "cosine", "--to", "torch", "--out", str(out)).exit_code == 0
    compile(out.read_text(), str(out), "exec")


def test_new_writes_a_plugin_that_passes_its_own_test(run, tmp_path):
    assert run("new", "my_first", "--in", str(tmp_path)).exit_code == 0
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_my_first.py")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(entry for entry in sys.path if entry)},
    )
    assert done.returncode == 0, done.stdout
    assert "already" in str(run("new", "my_first", "--in", str(tmp_path)).exception)
    for name in ("cosine", "No-Name", "../x", "class", "json", "torch", "schedules", "stats", "register", "a" * 65):
        assert isinstance(run("new", name, "--in", str(tmp_path)).exception, UserError)


def test_the_module_imports_nothing_heavy():
    code = (
        "import sys, harness.cli.schedules;"
        "print([m for m in ('numpy', 'scipy', 'optuna', 'rich.table', 'matplotlib', 'torch') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
