"""The source that an object's behaviour comes from: what identifies a rule that learns, which has no one density."""

from __future__ import annotations

import hashlib
import inspect

from schedules.user_code import python_file

_LIBRARIES = ("builtins", "numpy", "scipy", "functools")

PUBLISHED = {
    "schedules.builtin.learned": "45fc7693346a66541d549c8e131993810a6dc2dd9ba49d0c9905f77791a2b3a7",
    "schedules.builtin.learned_policy": "f19534fb2f9dd9a8b68b3009f004569af424b1b381a2e8b49f3d381e06932c13",
    "schedules.builtin.learned_rate": "201d8b11678f16ee87e490cccb901c45335d70a5cb6f6e674b010ac4fa0e4295",
    "schedules.builtin.learned_vdm": "bb6473a75a88945bce0585d35dc5cabc304f282d1db50716eab8350c97c7c164",
    "schedules.densities.density": "1667a625098af791aaa2e380dbcf6627728d2f8189c1f038bbb57aa6942f5a15",
    "schedules.densities.stepped": "5d952143102023858c08537c1df1f899c400f5d2653e5ed6f0ee1cf945af225e",
    "schedules.densities.table": "9c022939fb56dd922a64787b2f736a2d145aaca6a808d5548af8f3db2a2a6358",
    "schedules.learned": "864d7e50fe03eda259902fa5f976aad30070e628c11f5072d2605bebd80505f1",
    "schedules.weightings.builtin.learned": "d78044c5336d4168e3959018ade9f235f7dc6ce7184f03d68e0ce9a4e1a3a2ee",
}
"""SHA-256 of our own modules as they were when runs of what they hold were first published.

They stand for the modules from then on, so that a comment, a new name or another folder moves no run key. Whoever
changes what a published rule does gives its module the digest of the new file, and with it new run keys.
"""


def digest(module: str, file: str) -> str:
    """What identifies the code of a module: SHA-256 of its file, or of the file that published runs were made with."""
    return PUBLISHED.get(module) or hashlib.sha256(python_file.content(file)).hexdigest()


def behind(thing: object) -> str:
    """SHA-256 over the files that define the object's classes and those of its attributes, libraries left out."""
    classes = {kind for member in (thing, *getattr(thing, "__dict__", {}).values()) for kind in type(member).__mro__}
    own = [kind for kind in classes if kind.__module__.partition(".")[0] not in _LIBRARIES]
    return hashlib.sha256("".join(sorted({_digest(kind) for kind in own})).encode()).hexdigest()


def _digest(kind: type) -> str:
    try:
        return digest(kind.__module__, inspect.getfile(kind))
    except (OSError, TypeError):
        return hashlib.sha256(kind.__qualname__.encode()).hexdigest()
