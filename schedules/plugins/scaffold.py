"""The files that a new plugin starts from: a schedule with comments, and its test."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from pathlib import Path

from schedules.errors import UserError
from schedules.plugins.scaffolds import get
from schedules.registry import NAME
from schedules.schedule import names

LONGEST = 64
_IMPORT = re.compile(r"(from|import) ")


def write_plugin(name: str, folder: Path, kind: str = "density") -> list[Path]:
    """Write NAME.py and test_NAME.py.

    kind: what the schedule is given by, a name of `schedules.plugins.scaffolds`
    UserError: a name that can't be registered, a file that is there already, an unknown kind
    """
    scaffold = get(kind)
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise UserError(
            f"schedule name {name!r}: expected small ASCII letters, digits and _, a letter first, {LONGEST} at most"
        )
    if name in names():
        raise UserError(f"schedule {name!r} is registered already; choose another name")
    if not folder.is_dir():
        raise UserError(f"no such folder: {str(folder)!r}")
    texts = {folder / f"{name}.py": scaffold.plugin, folder / f"test_{name}.py": scaffold.test}
    for path in texts:
        if path.exists():
            raise UserError(f"{str(path)!r} is there already; nothing was written")
    if reason := _conflict(name, scaffold.plugin):
        raise UserError(f"schedule name {name!r}: {reason}; choose another name")
    try:
        for path, text in texts.items():
            path.write_text(text.replace("NAME", name), encoding="utf-8")
    except OSError as problem:
        raise UserError(f"{str(folder)!r} can't be written: {problem.strerror}") from problem
    return list(texts)


def _conflict(name: str, plugin: str) -> str:
    """Why neither a function nor a file can have the name; "" if they can."""
    if keyword.iskeyword(name):
        return "a word of Python's own language"
    if any(name in re.findall(r"\w+", line) for line in plugin.splitlines() if _IMPORT.match(line)):
        return "the plugin imports something of that name"
    # In its own folder NAME.py would be imported in place of the module.
    if name in sys.stdlib_module_names or importlib.util.find_spec(name) is not None:
        return f"{name}.py would hide the module {name!r}"
    return ""
