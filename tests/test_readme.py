"""What README and the rooms' pages tell a reader to do exists as it is written; what only looks is run."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from typer.main import get_command

import harness
import leaderboards
from harness import tracks
from harness.cli import main
from harness.execution import executors
from harness.metrics import METRICS
from harness.metrics.plugins import load_plugin as metrics_of
from harness.tracks.plugins import load_plugin

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")
ROOMS = ("app", "harness", "leaderboards", "schedules")
OF_ROOMS = [page for room in ROOMS for page in (ROOT / room).rglob("README.md")]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(OF_ROOMS)]
THE_TWO = [
    "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/snrbench quickstart",
    "python3 -m venv .tox/run && .tox/run/bin/pip install tox && .tox/run/bin/tox",
]
LOOKS = ("leaderboard digits-v1 --published", "schedules show", "schedules export")
"""What the commands begin with that train nothing and read no store."""


def commands(text: str) -> list[list[str]]:
    """The words of every `snrbench …` of its code blocks, without comments and continued lines joined."""
    blocks = re.findall(r"```(?:console)?\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    matches = [re.match(r"(?:\$ )?(?:\S*/)?snrbench (.*)", line) for line in lines]
    return [shlex.split(line[1], comments=True) for line in matches if line]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_exists_as_it_is_written(page):
    for words in commands(page.read_text(encoding="utf8")):
        command, arguments = get_command(main.cli), [word for word in words if word != "…"]
        while hasattr(command, "commands"):
            assert arguments[0] in command.commands, words
            command, arguments = command.commands[arguments[0]], arguments[1:]
        _, surplus, _ = command.make_parser(command.context_class(command)).parse_args(arguments)
        assert not surplus, words


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_and_name_of_ours_that_is_named_is_there(page):
    text, begins = page.read_text(encoding="utf8"), "|".join((*ROOMS, "tests"))
    for path in re.findall(rf"`((?:{begins})/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
    for name in re.findall(rf"`((?:{'|'.join(ROOMS)})(?:\.\w+)+)`", text):
        if not name.endswith(".py"):
            resolve_name(name)


def test_the_commands_of_readme_that_only_look_do_what_they_say(capsys):
    looking = [words for words in commands(README) if " ".join(words).startswith(LOOKS)]
    assert len(looking) == 4
    for words in looking:
        code = main.exit_code(words)
        output = capsys.readouterr()
        assert code == 0, (words, output.err)
        assert output.out


def test_the_way_in_for_a_schedule_of_ones_own_goes_as_it_says(tmp_path, monkeypatch, capsys):
    """Its runs are planned here; tests/harness/cli trains a new schedule."""
    monkeypatch.chdir(tmp_path)
    new, run = (words for words in commands(README) if "my_schedule" in words)
    assert main.exit_code(new) == 0
    capsys.readouterr()
    assert main.exit_code([*run, "--dry-run"]) == 0
    planned = capsys.readouterr().out.splitlines()
    runs = {
        f"{entry} × {target} × seed {seed}"
        for entry in ("cosine", "my_schedule")
        for target in ("eps", "v", "x0")
        for seed in range(5)
    }
    assert {line.split("  ")[1] for line in planned} == runs


def test_the_two_commands_are_those_of_ci_in_one_block():
    (block,) = [block for block in re.findall(r"```\n(.*?)```", README, re.DOTALL) if "quickstart" in block]
    assert [line.partition("  #")[0].strip() for line in block.splitlines()] == THE_TWO
    assert THE_TWO[1] in (ROOT / ".ci" / "run").read_text()


def test_the_python_of_readme_runs():
    """All but its last line, which trains; a doctest of `harness` trains."""
    (text,) = re.findall(r"```python\n(.*?)\nrun = harness.train\((.*?)\)", README, re.DOTALL)
    place: dict = {}
    exec(text[0], place)
    assert eval(f"signature.bind({text[1]})", {"signature": inspect.signature(harness.train)})
    release = json.loads((ROOT / "leaderboards" / "published" / "digits-v1" / "release.json").read_text())
    assert len(place["results"].runs) == release["runs"]
    assert place["board"].loc[place["board"]["entry"] == "cosine", "ratio"].item() == 1.0
    assert np.isfinite(place["levels"]).all()


def test_readme_is_short_and_says_what_it_is_first():
    lines = README.splitlines()
    assert len(lines) <= 180
    assert lines[0] == "# snrbench"
    assert "noise schedules" in lines[2]
    assert "schedules export" in README


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """Writes the file that CONTRIBUTING shows under a name."""
    monkeypatch.setattr(tracks, "TRACKS", dict(tracks.TRACKS))
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf8")

    def written(name: str) -> Path:
        (code,) = re.findall(rf"```python\n# {re.escape(name)}\n(.*?)```", text, re.DOTALL)
        file = tmp_path / name
        file.write_text(code)
        return file

    yield written
    if "spread" in METRICS:
        METRICS.forget(METRICS["spread"].origin)


def test_the_recipes_of_contributing_are_what_their_options_take(recipe):
    assert load_plugin(str(recipe("wide_gmm.py"))) == ["wide-gmm-v1"]
    assert tracks.get("wide-gmm-v1").training.steps == 1000
    assert executors.get(str(recipe("one_at_a_time.py"))).name == "one-at-a-time"
    assert metrics_of(str(recipe("spread.py"))) == ["spread"]


def test_the_page_that_contributing_shows_opens(recipe, monkeypatch):
    monkeypatch.setenv("SNRBENCH_APP_PUBLISHED", "1")
    app = AppTest.from_file(str(recipe("seeds.py")), default_timeout=60).run()
    assert not app.exception
    assert not app.error
    (table,) = app.dataframe
    assert table.value.loc["laplace"].item() == 5


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for link in links:
        if link.startswith("https://"):
            continue
        place, _, part = link.partition("#")
        target = (page.parent / place) if place else page
        assert target.exists(), link
        if part:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf8"), re.MULTILINE)
            assert part in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, link


def percent(row) -> str:
    """As README writes it: "38 % [30, 45]", whichever way."""
    ends = sorted(round(abs(row[name] - 1) * 100) for name in ("ratio_low", "ratio_high"))
    return f"{abs(row['ratio'] - 1) * 100:.0f} % [{ends[0]}, {ends[1]}]"


@pytest.mark.parametrize(
    ("track", "guidance", "target", "entries"),
    [
        ("digits-v1", "best", "all", ("cauchy", "laplace", "logit_normal@tuned", "edm@tuned")),
        ("digits-v1", 2, "all", ("laplace",)),
        ("digits-v1", 3, "all", ("laplace",)),
        ("fashion-latent-v1", "best", "all", ("cauchy", "laplace")),
        ("fashion-latent-gpu-v1", "best", "v", ("laplace",)),
        ("fashion-latent-gpu-v1", 1.25, "v", ("laplace",)),
        ("fashion-latent-gpu-v1", 3, "v", ("laplace",)),
        ("mnist-latent-v1", "best", "v", ("laplace",)),
        ("mnist-v1", "best", "all", ("cauchy",)),
    ],
)
def test_the_findings_of_readme_are_the_published_numbers(track, guidance, target, entries):
    board = leaderboards.board(leaderboards.published(track), metric="fd", guidance=guidance)
    rows = board[board["target"] == target].set_index("entry")
    findings = " ".join(README.partition("## What it found")[2].partition("Intervals are 95 %")[0].split())
    for entry in entries:
        assert percent(rows.loc[entry]) in findings, (entry, percent(rows.loc[entry]))


def test_the_table_of_readme_is_the_published_one():
    rows = [line for line in README.splitlines() if re.match(r"\| \d", line)]
    published = (ROOT / "leaderboards" / "published" / "digits-v1" / "table.md").read_text(encoding="utf8").splitlines()
    assert len(rows) == 6
    assert not [row for row in rows if row not in published]
