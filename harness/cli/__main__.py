"""`python -m harness.cli`: the command `snrbench` where no script of that name lies beside the interpreter."""

from harness.cli.main import main

if __name__ == "__main__":
    main()
