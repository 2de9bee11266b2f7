"""`snrbench app`: what it refuses, where it listens, what it costs."""

from __future__ import annotations

import socket
import sys

import pytest

from app import command
from harness.cli.main import main
from schedules import UserError


def test_a_busy_port_is_refused_in_one_line(monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind((command.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["snrbench", "app", "--port", str(port)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"port {port} " in line
    assert "--port" in line


def test_a_store_that_is_named_and_not_there_is_refused_in_one_line(monkeypatch, capsys, tmp_path, chrome):
    missing = tmp_path / "none"
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(sys, "argv", ["snrbench", "app", "--port", str(chrome.free_port()), "--store", str(missing)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"snrbench: no store at {missing}; ")


def test_the_server_listens_to_this_machine_only():
    options = command.options(8501)
    assert "--server.address=127.0.0.1" in options
    assert "--browser.gatherUsageStats=false" in options
    assert "--server.headless=true" in options
    assert "--server.allowedHosts=127.0.0.1" in options


def test_another_address_is_served_only_when_told():
    options = command.options(8501, "0.0.0.0")
    assert "--server.address=0.0.0.0" in options
    assert not any("allowedHosts" in option for option in options)
    with pytest.raises(UserError, match=r"203\.0\.113\.1 port 8501 cannot be had"):
        command.app(port=8501, host="203.0.113.1")


def test_published_results_are_refused_where_there_are_none(monkeypatch):
    from leaderboards.data import released

    monkeypatch.setattr(released, "released_tracks", lambda: [])
    with pytest.raises(UserError, match="no published results"):
        command.app(port=8599, published=True)


def test_the_command_costs_nothing_until_it_is_used():
    import subprocess

    check = "import sys, app.command; sys.exit(bool({'streamlit', 'pandas', 'numpy', 'plotly'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
