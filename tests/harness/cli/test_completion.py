"""What Tab offers in a shell."""

import sys
from importlib.metadata import EntryPoint

import pytest

import schedules
from harness import tracks
from harness.cli import main
from harness.tracks import plugins
from schedules import trainers
from schedules.export import FORMATS
from schedules.plugins import loading


@pytest.fixture
def tab(monkeypatch, capsys):
    """What a shell gets for what was typed."""

    def offered(typed):
        words = ["snrbench", *typed.split(" ")]
        monkeypatch.setattr(sys, "argv", ["snrbench"])
        monkeypatch.setenv("_SNRBENCH_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        with pytest.raises(SystemExit):  # as a shell asks for it, it is a process that ends
            main.exit_code([])
        return capsys.readouterr().out.split()

    return offered


@pytest.mark.parametrize(
    ("typed", "example", "names"),
    [
        ("leaderboard fashion-l", "fashion-latent-v1", tracks.names),
        ("tracks show digits", "digits-v1", tracks.names),
        ("run digits-v1 -s lap", "laplace", schedules.names),
        ("schedules show preset/edm2", "preset/edm2-img64", schedules.names),
        ("schedules export la", "laplace", schedules.names),
        ("schedules export laplace --to sd", "sd-scripts", lambda: [*FORMATS, *trainers.names()]),
        ("schedules from edm", "edm2", trainers.names),
    ],
)
def test_a_shell_completes_names(tab, typed, example, names):
    begun = typed.split()[-1]
    offered = tab(typed)
    assert sorted(offered) == sorted(name for name in names() if name.startswith(begun))
    assert example in offered


def test_it_completes_the_tracks_of_a_store_without_reading_them(tab, tmp_path, monkeypatch):
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / "own-photos-v1.py").write_text("raise RuntimeError")
    assert tab(f"tracks show --store {tmp_path} own-") == ["own-photos-v1"]
    assert tab("tracks show own-") == []
    monkeypatch.setenv("SNRBENCH_HOME", str(tmp_path))
    assert tab("leaderboard own-") == ["own-photos-v1"]
    (tmp_path / "tracks").rename(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SNRBENCH_HOME")
    (tmp_path / "snrbench-store").mkdir()
    (tmp_path / "elsewhere").rename(tmp_path / "snrbench-store" / "tracks")
    assert tab("run own-") == ["own-photos-v1"]


SCHEDULE = """
from scipy import stats
from schedules import register

@register("zz_installed")
def zz_installed():
    return stats.norm(0, 1)
"""
TRACK = """
from harness.tracks.gmm import GMM

INSTALLED = GMM.model_copy(update={"name": "zz-installed-v1"})
"""


def test_it_completes_what_installed_packages_bring_and_a_broken_one_hides_nothing(tab, tmp_path, monkeypatch):
    (tmp_path / "zz_schedule_package.py").write_text(SCHEDULE)
    (tmp_path / "zz_track_package.py").write_text(TRACK)
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = {"snrbench.schedules": "zz_schedule_package", "snrbench.tracks": "zz_track_package"}

    def installed(group):
        return [EntryPoint("zz", modules[group], group), EntryPoint("broken", "zz_not_there", group)]

    monkeypatch.setattr(tracks, "TRACKS", dict(tracks.TRACKS))
    for module in (loading, plugins):
        monkeypatch.setattr(module, "entry_points", installed)
        module.load_entry_points.cache_clear()
    try:
        assert tab("run digits-v1 -s zz") == ["zz_installed"]
        assert tab("run zz") == ["zz-installed-v1"]
        assert "laplace" in tab("schedules show l")
    finally:
        monkeypatch.undo()
        schedules.schedule.SCHEDULES.remove("zz_installed")
        for module in (loading, plugins):
            module.load_entry_points.cache_clear()
