"""What is imported when: heavy libraries only where they are used."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "mlflow", "streamlit", "scipy", "pandas", "matplotlib", "plotly", "sklearn"}
PROBE = """
import sys
from harness.cli import main
main._exit_code(sys.argv[1:])
print(*sorted(set(name.split(".")[0] for name in sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["run", "--help"], set()),
        (["schedules", "list", "--json"], {"scipy"}),
        (["tracks", "list"], set()),
    ],
)
def test_imports(arguments, allowed):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    imported = set(done.stderr.split())
    assert HEAVY & imported <= allowed
