"""The settings that a host of Streamlit apps reads, since it starts the app without `snrbench app`'s flags.

python tests/app/web_settings.py     writes .streamlit/config.toml anew
"""

from __future__ import annotations

import json
from pathlib import Path

from app import command
from app.style import theme

FILE = Path(__file__).parents[2] / ".streamlit" / "config.toml"
HOSTS = ("server.headless", "server.fileWatcherType")
"""What the host decides."""


def text() -> str:
    """The theme and the settings of `snrbench app`, as Streamlit's configuration file."""
    flags = [f"--{name}={value}" for name, value in command.SETTINGS.items() if name not in HOSTS] + theme.flags()
    lines = ["# Written by tests/app/web_settings.py: how the app looks where a host of Streamlit apps starts it."]
    section = ""
    for flag in sorted(flags, key=lambda flag: flag.partition("=")[0].rpartition(".")[0]):
        name, _, value = flag.removeprefix("--").partition("=")
        place, _, key = name.rpartition(".")
        if place != section:
            lines += ["", f"[{place}]"]
            section = place
        lines.append(f"{key} = {_literal(value)}")
    return "\n".join(lines) + "\n"


def _literal(value: str) -> str:
    return value if value in ("true", "false") or value.startswith("[") or value.isdigit() else json.dumps(value)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf8")
