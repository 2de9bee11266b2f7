"""The command `snrbench` from its first instant: a Ctrl-C while Python still imports it is a line, as any later one."""

import sys

from harness.cli.exit_codes import INTERRUPTED


def main() -> None:
    """Entry point of the console script: `harness.cli.main.main`, imported here."""
    try:
        from harness.cli.main import main as run_command
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    run_command()
