"""Entries, run keys, tracks."""

import pytest

from harness import tracks
from harness.specs import Entry, RunSpec
from harness.targets import TARGETS
from leaderboards.data import released
from schedules.errors import UserError


def run(schedule="laplace", **changes):
    entry = Entry.of(schedule, changes.pop("weighting", "native"), changes.pop("apply", "sample"))
    return RunSpec(**{"track": "digits-v1", "target": "v", "seed": 0, "entry": entry, **changes})


def test_two_spellings_of_one_entry_have_one_key():
    assert run("laplace:scale=0.5,loc=0").key == run("laplace").key


@pytest.mark.parametrize(
    "change",
    [
        {"schedule": "laplace:scale=0.6"},
        {"schedule": "cosine"},
        {"weighting": "min_snr"},
        {"weighting": "min_snr:gamma=4"},
        {"apply": "weight"},
        {"target": "eps"},
        {"seed": 1},
        {"track": "gmm-v1"},
    ],
)
def test_whatever_determines_the_result_is_in_the_key(change):
    assert run(**change).key != run().key


def test_protocol_version_is_in_the_key(monkeypatch):
    """Protocol: a leaderboard never mixes two versions."""
    before = run().key
    monkeypatch.setattr("harness.tracks.track.PROTOCOL", "other")
    assert run().key != before


def test_every_number_of_a_track_is_in_the_key(monkeypatch):
    before = run().key
    track = tracks.get("digits-v1")
    longer = track.model_copy(update={"training": track.training.model_copy(update={"steps": 501})})
    monkeypatch.setitem(tracks.TRACKS, "digits-v1", longer)
    assert run().key != before


def test_a_plugin_that_changed_under_its_spec_is_another_run(tmp_path):
    import schedules

    keys = []
    for scale in (0.5, 0.6):
        folder = tmp_path / str(scale)
        folder.mkdir()
        plugin = folder / "changing_plugin.py"
        plugin.write_text(
            "from scipy import stats\nfrom schedules import register\n\n"
            f"@register('changing_{str(scale).replace('.', '')}', space={{}})\n"
            f"def changing():\n    return stats.laplace(0, {scale})\n"
        )
        (name,) = schedules.load_plugin(plugin)
        keys.append(Entry.of(name).fingerprint)
    assert keys[0] != keys[1]


@pytest.mark.parametrize("track", ["digits-v1", "gmm-v1"])
def test_published_runs_have_the_keys_that_they_would_have_today(track):
    """What came since (targets, fields of a track, weightings) moves no key of a run that is published."""
    table = released.published_table(track).runs
    table = table[~table.tuned]
    assert len(table) > 100
    for row in table.itertuples():
        entry = Entry.of(row.schedule, row.weighting, row.apply)
        assert RunSpec(track=track, target=row.target, entry=entry, seed=row.seed).key == row.run_key, row.entry


def test_the_first_tracks_keep_their_targets():
    assert {tracks.get(name).targets for name in ("digits-v1", "gmm-v1")} == {("eps", "x0", "v", "flow")}


def test_labels():
    assert run("laplace").entry.label == "laplace"
    assert run("laplace", weighting="min_snr", apply="weight").entry.label == "laplace+min_snr [weight]"


def test_unknown_track_offers_the_nearest():
    with pytest.raises(UserError, match=r"unknown track 'digit-v1'; did you mean digits-v1"):
        tracks.get("digit-v1")


@pytest.mark.parametrize("name", tracks.names())
def test_tracks_are_well_formed(name):
    track = tracks.get(name)
    assert set(track.targets) <= set(TARGETS)
    assert track.marks[-1] == 1.0
    assert 1.0 in track.guidance
    for step in track.mark_steps():
        assert step % track.training.block == 0, "a mark must end a block of random numbers"
    assert track.evaluation.paired_points <= track.evaluation.samples
    card = tracks.card(name)
    if card:  # a track that needs a GPU may have none yet
        assert card["fingerprint"] == track.fingerprint, "the card was measured on other numbers; measure it again"
        assert card["floors"][track.evaluation.distance] > 0
