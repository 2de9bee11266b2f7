"""Run keys of published results do not move: they follow from what is registered today."""

from __future__ import annotations

import pytest

import schedules
from harness.specs import Entry, RunSpec
from leaderboards.data import released
from schedules.presets import RENAMED


@pytest.mark.parametrize("track", released.released_tracks())
def test_every_published_entry_is_what_its_name_says_and_keeps_its_key(track):
    columns = ("run_key", "entry", "schedule", "weighting", "apply", "target", "seed", "fingerprint", "tuned")
    runs = released.read_stored(released.FOLDER / track / released.RESULTS).select(columns).to_pylist()
    published = [run for run in runs if not run["tuned"]]
    first = {(run["entry"], run["target"]): run for run in reversed(published)}
    for run in first.values():
        entry = Entry.of(run["schedule"], run["weighting"], run["apply"])
        spec = RunSpec(track=track, target=run["target"], entry=entry, seed=run["seed"])
        assert (entry.fingerprint, spec.key) == (run["fingerprint"], run["run_key"]), run["entry"]
        assert run["entry"].startswith(run["schedule"])


def test_a_preset_that_was_renamed_is_known_by_the_key_that_it_was_run_under():
    for now, before in RENAMED.items():
        old, new = Entry.of(now), Entry.of(before)
        assert old.fingerprint != new.fingerprint, "the name means something else today"
        keys = {RunSpec(track="digits-v1", target="v", entry=entry, seed=0).key for entry in (old, new)}
        assert len(keys) == 2
        assert schedules.parse(f"mixture({now}@0.5, cosine@0.5)").fingerprint
    runs = released.read_stored(released.FOLDER / "digits-v1" / released.RESULTS).to_pylist()
    keys = {(run["entry"], run["target"], run["seed"]): run["run_key"] for run in runs}
    for now, before in RENAMED.items():
        for name, meant in ((now, now), (before, before)):
            expected = RunSpec(track="digits-v1", target="v", entry=Entry.of(meant), seed=0).key
            assert keys[name, "v", 0] == expected
