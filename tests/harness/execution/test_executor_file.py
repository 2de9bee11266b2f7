"""An executor of somebody's own is one file, named by its path: what is none is said.

tests/test_one_new_file.py runs one.
"""

import pytest
import torch

import schedules
from forgotten_plugins import forgotten_afterwards
from harness.execution import executors
from harness.execution.processes.messages import Setup
from harness.execution.processes.worker import set_up
from schedules.errors import UserError


def test_what_is_no_executor_is_said(tmp_path):
    (tmp_path / "other.py").write_text("EXECUTOR = 3\n")
    with pytest.raises(UserError, match="holds no EXECUTOR"):
        executors.get(str(tmp_path / "other.py"))
    with pytest.raises(UserError, match="unknown executor 'loca'; did you mean local"):
        executors.get("loca")
    assert executors.names() == ["local", "ray"]


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("ExecutorKind('', lambda wanted: None)", "its name is ''; expected a text"),
        ("ExecutorKind('mine', None)", "its make is None; expected a function"),
        ("ExecutorKind('mine', print, check=3)", "its check is 3; expected a function"),
    ],
)
def test_what_is_declared_wrongly_is_refused_before_anything_is_written(snrbench, tmp_path, declared, says):
    code, err = run(snrbench, tmp_path, declared)
    assert (code, err) == (2, f"snrbench: executor {str(tmp_path / 'mine.py')!r}: {says}\n")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("ExecutorKind('mine', lambda wanted: None)", "its make returned a NoneType; expected an Executor"),
        ("ExecutorKind('mine', lambda wanted: 1 / 0)", "its make failed with ZeroDivisionError: division by zero"),
        (
            "ExecutorKind('mine', print, check=lambda: 1 / 0)",
            "its check failed with ZeroDivisionError: division by zero",
        ),
    ],
)
def test_what_fails_in_it_names_its_file(snrbench, tmp_path, declared, says):
    code, err = run(snrbench, tmp_path, declared)
    assert (code, err.splitlines()[-1]) == (2, f"snrbench: executor {str(tmp_path / 'mine.py')!r}: {says}")
    assert "Traceback" not in err


def run(snrbench, folder, declared):
    """Exit code, and what is said."""
    file = folder / "mine.py"
    file.write_text(f"from harness.execution.executors.kind import ExecutorKind\nEXECUTOR = {declared}\n")
    code, _, err = snrbench("run", "gmm-v1", "-s", "cosine", "--executor", file, "--store", folder / "store")
    return code, err


def test_no_plugin_gives_a_worker_more_threads(tmp_path):
    """Sums on several threads have other last digits: a score would move with the plugins that are loaded beside it."""
    before = torch.get_num_threads()
    (tmp_path / "mine.py").write_text(
        "import torch\nfrom scipy import stats\nfrom schedules import register\ntorch.set_num_threads(3)\n"
        "@register('threads_of_its_own')\ndef threads_of_its_own():\n"
        "    torch.set_num_threads(4)\n    return stats.norm()\n"
    )
    try:
        with forgotten_afterwards():
            set_up(Setup((str(tmp_path / "mine.py"),), (), None))
            assert torch.get_num_threads() == 1
            schedules.create("threads_of_its_own")
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
