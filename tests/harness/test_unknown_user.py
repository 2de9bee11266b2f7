"""A user id that the system has neither name nor home for, as containers are run with."""

import os
import subprocess
import sys

PROGRAM = """
import os, pwd, sys

def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = unknown
from harness.tracking.store import Store
store = Store(sys.argv[1])
store.prepare()
run = store.client.create_run(store.experiment("gmm-v1", create=True))
print(run.info.status, os.environ["HOME"], os.path.exists(os.environ["HOME"]))
"""


def test_a_store_is_made_and_written_by_a_user_without_name_and_home(tmp_path):
    bare = {name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "LOGNAME", "LNAME")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "store")], capture_output=True, text=True, env=bare, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["RUNNING", "/nonexistent", "False"]
