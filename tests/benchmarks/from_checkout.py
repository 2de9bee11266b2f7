"""The project's commands where it is not installed: its metadata, as an installer would write them, and where to look.

Commands and plug-ins are found by entry points, which Python reads from a folder `snrbench-VERSION.dist-info` on its
path. A machine that is lent for minutes has the tree alone.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = "snrbench"


def environment(folder: Path) -> dict[str, str]:
    """Variables for processes that import the tree and find its entry points, whatever is installed.

    folder: takes the metadata. The working directory need not be the tree's.
    """
    write_metadata(folder)
    paths = [str(folder), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def write_metadata(folder: Path) -> Path:
    """The folder of metadata that pyproject.toml tells of: name, version, entry points."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    info = folder / f"{NAME}-{project['version']}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    metadata = {"Metadata-Version": "2.1", "Name": project["name"], "Version": project["version"]}
    (info / "METADATA").write_text("".join(f"{key}: {value}\n" for key, value in metadata.items()), encoding="utf-8")
    sections = [
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in entries.items())
        for group, entries in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(sections), encoding="utf-8")
    return info
