"""`python -P -m harness.cli`: the command `snrbench` where no script of that name lies beside the interpreter."""

import sys

from harness.cli.start import main

if __name__ == "__main__":
    sys.argv[0] = "snrbench"  # what a plan says was run
    main()
