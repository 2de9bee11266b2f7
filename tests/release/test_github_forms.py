"""What GitHub reads: forms with the fields it wants, commands that exist, a workflow that runs .ci/run."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one(form):
    content = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= set(content)
    ids = [part["id"] for part in content["body"] if part["type"] != "markdown"]
    assert len(ids) == len(set(ids)) >= 3
    assert {part["type"] for part in content["body"]} <= {"markdown", "input", "textarea", "checkboxes", "dropdown"}
    assert all(part["attributes"].get("label") for part in content["body"] if part["type"] != "markdown")


def test_the_workflow_runs_the_script_of_ci():
    (workflow,) = (GITHUB / "workflows").glob("*.yml")
    (job,) = yaml.safe_load(workflow.read_text())["jobs"].values()
    assert {"run": ".ci/run"} in job["steps"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_commands_that_forms_and_recipes_name_exist_with_their_options():
    from typer.main import get_command

    from harness.cli.main import cli

    commands = get_command(cli).commands
    texts = [path.read_text() for path in (*FORMS, GITHUB / "PULL_REQUEST_TEMPLATE.md")]
    named = [re.findall(r"\S+", line) for text in texts for line in re.findall(r"`snrbench (\w[^`]*)`", text)]
    assert len(named) > 5
    for name, *words in named:
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, (name, words)
