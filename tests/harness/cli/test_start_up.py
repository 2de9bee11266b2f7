"""What is imported when: heavy libraries only where they are used."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import harness
import schedules
from harness.cli import main
from harness.cli.commands.run import run
from scene import Scene

ROOMS = ("schedules", "harness", "leaderboards", "app")
HEAVY = {"torch", "mlflow", "streamlit", "scipy", "pandas", "matplotlib", "plotly", "sklearn"}
PROBE = """
import json
import sys
from harness.cli import main
for words in json.loads(sys.argv[1]):
    main.exit_code(words)
    print("imported", *sorted(set(name.split(".")[0] for name in sys.modules)), file=sys.stderr)
"""
ALLOWED = [
    (["--help"], set()),
    (["run", "--help"], set()),
    (["tracks", "list"], set()),
    (["leaderboard", "nosuch"], set()),
    (["publish", "nosuch"], {"scipy"}),
    (["bundle", "nosuch", "-o", "x.zip"], {"scipy"}),
    (["recommend", "nosuch"], {"scipy"}),
    (["schedules", "list", "--json"], {"scipy"}),
    (["schedules", "show", "nosuch"], {"scipy"}),
    (["run", "digits-v1", "-s", "nosuch"], {"scipy", "pandas"}),
]
"""What commands may import, those that may import the least first: one process gives them one after another."""


DOCUMENTED = """
import sys
from typer.testing import CliRunner
from harness.cli.main import cli
import schedules
sys.flags.optimize == 2 or sys.exit("not -OO")
for words in (["--help"], ["run", "--help"], ["schedules", "show", "--help"]):
    print(CliRunner().invoke(cli, words).stdout)
print(schedules.info("laplace").doc)
"""


IMPATIENT = """
import sys

class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
from harness.cli.start import main
main()
"""


def test_a_ctrl_c_while_it_is_imported_is_a_line():
    done = subprocess.run([sys.executable, "-c", IMPATIENT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_without_docstrings_and_asserts_help_and_formulas_are_the_same():
    """`python -OO` drops both."""
    done = subprocess.run(
        [sys.executable, "-OO", "-B", "-c", DOCUMENTED], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    output = " ".join(done.stdout.split())
    assert inspect.cleandoc(run.__doc__).splitlines()[0] in output
    assert inspect.cleandoc(main.snrbench.__doc__) in output
    assert " ".join(schedules.info("laplace").doc.split()) in output
    assert "formula" in output.lower()


def test_modules_are_named_so_that_they_run_in_any_folder():
    """`python -m harness.…` takes a harness.py of the working directory for ours; `-P` does not."""
    root = Path(harness.__file__).parents[1]
    texts = [
        *root.glob("*.md"),
        *(path for room in ROOMS for kind in ("*.py", "*.md") for path in (root / room).rglob(kind)),
    ]
    assert len(texts) > 100
    for path in texts:
        assert not re.findall(
            r"python3? (?!-P)-[mc] (?:harness|schedules|leaderboards|app|.?\"?from )", path.read_text()
        )


def test_imports(tmp_path):
    """A command that executes runs leaves torch to its workers, where no accelerator is asked for."""
    benchmark = Scene(tmp_path, steps=10).words("run", "store", "-s", "cosine", "--seeds", "1", "--workers", "1")
    allowed = [*ALLOWED, (list(map(str, benchmark)), {"scipy", "pandas", "mlflow"})]
    words = json.dumps([words for words, _ in allowed])
    done = subprocess.run([sys.executable, "-c", PROBE, words], capture_output=True, text=True, timeout=200, check=True)
    assert "1 finished" in done.stderr
    imported = [set(line.split()[1:]) for line in done.stderr.splitlines() if line.startswith("imported ")]
    for (words, permitted), names in zip(allowed, imported, strict=True):
        assert HEAVY & names <= permitted, words
