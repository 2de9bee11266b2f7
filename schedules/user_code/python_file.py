"""A user's Python file as a module, made of its text alone.

importlib's own loader trusts the byte code in `__pycache__` as long as the source has the same size and the same time
in whole seconds: a file edited twice within a second may be loaded as it was. Here byte code is neither read nor
written, and what was loaded stays known, so that tracebacks and `inspect.getsource` show the text that runs.
"""

from __future__ import annotations

import linecache
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import decode_source, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

_loaded: dict[str, bytes] = {}


class _TextLoader(SourceFileLoader):
    def __init__(self, name: str, path: str, text: bytes) -> None:
        super().__init__(name, path)
        self.text = text

    def get_data(self, path: str) -> bytes:
        return self.text if path == self.path else super().get_data(path)

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.text, self.path)


def load(path: Path, name: str, text: bytes) -> ModuleType:
    """Run the text as the module `name` of the file `path`, in place of an older version of it.

    Whatever the text raises is raised; `sys.modules` has no such module then.
    """
    file = str(path)
    spec = spec_from_file_location(name, file, loader=_TextLoader(name, file, text))
    if spec is None or spec.loader is None:
        raise ImportError(f"{file!r} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    _remember(file, text)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        del _loaded[file]
        raise
    return module


def content(file: str) -> bytes:
    """The bytes that were loaded from a file; those on the disk for one that was loaded by somebody else."""
    return _loaded[file] if file in _loaded else Path(file).read_bytes()


def _remember(file: str, text: bytes) -> None:
    _loaded[file] = text
    try:
        lines = decode_source(text).splitlines(keepends=True)
    except (SyntaxError, UnicodeDecodeError):  # running it says so
        linecache.cache.pop(file, None)
    else:
        linecache.cache[file] = (len(text), None, lines, file)  # without a time it is not looked for on the disk
