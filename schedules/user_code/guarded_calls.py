"""Calling somebody else's code: NumPy's warnings are silenced, and what it prints goes to standard error.

A plugin that prints must not get between a command's own output and the program that reads it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import numpy as np


@contextmanager
def prints_aside() -> Iterator[None]:
    """`print` inside the block writes to standard error; in the main thread only, as standard output is shared."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def foreign() -> Iterator[None]:
    """Around a call of a plugin's function or of a method of its density."""
    with np.errstate(all="ignore"), prints_aside():
        yield
