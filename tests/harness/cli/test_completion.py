"""What Tab offers in a shell."""

import sys

import pytest

from harness.cli import main


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("leaderboard fashion-l", ["fashion-latent-gpu-v1", "fashion-latent-v1"], "fashion-v1"),
        ("tracks show digits", ["digits-v1"], "gmm-v1"),
        ("run digits-v1 -s lap", ["laplace"], "cosine"),
        ("schedules show preset/edm2", ["preset/edm2-img512", "preset/edm2-img64"], "preset/sd3"),
    ],
)
def test_a_shell_completes_tracks_and_schedules(typed, offered, not_offered, monkeypatch, capsys):
    words = ["snrbench", *typed.split()]
    monkeypatch.setattr(sys, "argv", ["snrbench"])
    monkeypatch.setenv("_SNRBENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    with pytest.raises(SystemExit):  # as a shell asks for it, it is a process that ends
        main.exit_code([])
    names = capsys.readouterr().out.split()
    assert sorted(names) == offered
    assert not_offered not in names
