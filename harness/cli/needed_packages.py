"""What a command needs that may not be here: packages that browsing does without, and a system with POSIX.

`app/requirements.txt` is enough to look at results. What trains says so in one line before it makes anything.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata, util

from schedules.errors import UserError

DISTRIBUTION = {"sklearn": "scikit-learn", "PIL": "pillow"}
"""Packages that are imported by another name than they are installed by."""
TRAINING = ("torch", "torchvision", "mlflow", "sklearn", "safetensors")
POSIX = ("fcntl", "resource", "pwd")
ON_WINDOWS = (
    "runs are trained by processes of Linux or macOS; on Windows use WSL (`wsl --install`), and snrbench inside it"
)


def check_training() -> None:
    """UserError where nothing can be trained or recorded: on Windows, and where packages are not installed."""
    if sys.platform == "win32":
        raise UserError(ON_WINDOWS)
    missing = [name for name in TRAINING if not _is_there(name)]
    if missing:
        raise UserError(_install(missing))


def of_import(error: ImportError) -> str | None:
    """What to do about an import that failed, in one line; None where it is none of ours to install."""
    module = (error.name or "").partition(".")[0]
    if sys.platform == "win32" and module in POSIX:
        return ON_WINDOWS
    if isinstance(error, ModuleNotFoundError) and _installed_as(module) in _ours():
        return _install([module])
    return None


def _install(modules: list[str]) -> str:
    names = [_installed_as(module) for module in modules]
    verb = "is" if len(names) == 1 else "are"
    return f"this needs {', '.join(names)}, which {verb} not installed: pip install {' '.join(names)}"


def _installed_as(module: str) -> str:
    return DISTRIBUTION.get(module, module)


def _is_there(module: str) -> bool:
    try:
        return util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _ours() -> set[str]:
    """Names of the packages that snrbench asks for, those of its extras too."""
    required = metadata.requires("snrbench") or []
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in required}
