"""Commands and pages where only the packages of app/requirements.txt can be imported; prints a JSON line for each.

python light.py PLACE '[["status"], …]' '["compare", …]'     PLACE: the folder that a host starts the app in
"""

import contextlib
import io
import json
import os
import re
import sys
from importlib import metadata
from pathlib import Path

OTHER_NAMES = {"scikit-learn": "sklearn", "pillow": "PIL"}
NOT_HERE = {"torch", "torchvision", "mlflow", "sklearn", "safetensors", "diffusers", "ray", "psycopg"}


def named(line: str) -> str:
    """ "scikit-learn>=1.5" → "sklearn"."""
    name = re.split(r"[^\w.-]", line, maxsplit=1)[0].lower()
    return OTHER_NAMES.get(name, name)


def left_out(place: Path) -> set[str]:
    """What snrbench asks for and the requirements file does not hold."""
    light = {
        named(line) for line in (place / "app" / "requirements.txt").read_text().splitlines() if line[:1].isalnum()
    }
    return {named(line) for line in metadata.requires("snrbench")} - light


class NotInstalled:
    """Finds none of them, as if they were not installed."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def run(arguments: list[str]) -> dict[str, object]:
    from harness.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main.exit_code(arguments)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def opened(place: Path, page: str) -> dict[str, object]:
    from streamlit.testing.v1 import AppTest

    app = AppTest(str(place / "app" / "main.py"), default_timeout=60)
    app.switch_page(f"screens/{page}.py")
    app.query_params["track"] = "mnist-v1"
    app.run()
    wrong = [str(element.value) for kind in ("exception", "error") for element in app.get(kind)]
    return {"title": [element.value for element in app.title], "wrong": wrong}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    blocked = left_out(place)
    assert blocked >= {"torch", "torchvision", "mlflow", "sklearn"}, blocked
    sys.meta_path.insert(0, NotInstalled(blocked))
    for arguments in json.loads(sys.argv[2]):
        print(json.dumps(run(arguments)), flush=True)
    os.environ.pop("SNRBENCH_HOME", None)
    for page in json.loads(sys.argv[3]):
        print(json.dumps(opened(place, page)), flush=True)
