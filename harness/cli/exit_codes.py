"""What the command `snrbench` ends with, beside 0 for all done and 1 for some runs that failed."""

WRONG_USE = 2
"""Also a store that is not there or can't be used, and output that can't be written."""
DEFECT = 70
"""Of snrbench itself; sysexits' EX_SOFTWARE."""
INTERRUPTED = 130
"""By Ctrl-C: 128 + SIGINT, as shells have it."""
CLOSED_PIPE = 141
"""Nobody reads the output: 128 + SIGPIPE."""
