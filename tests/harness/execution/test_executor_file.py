"""An executor of somebody's own is one file, named by its path: what is none is said.

tests/test_one_new_file.py runs one.
"""

import pytest

from harness.execution import executors
from schedules.errors import UserError


def test_what_is_no_executor_is_said(tmp_path):
    (tmp_path / "other.py").write_text("EXECUTOR = 3\n")
    with pytest.raises(UserError, match="holds no EXECUTOR"):
        executors.get(str(tmp_path / "other.py"))
    with pytest.raises(UserError, match="unknown executor 'loca'; did you mean local"):
        executors.get("loca")
    assert executors.names() == ["local", "ray"]
