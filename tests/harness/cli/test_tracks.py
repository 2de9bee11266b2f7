"""`snrbench tracks`: the card that a person reads has every number of the track, and says what was not measured."""

import json

import pytest

from harness import tracks
from harness.cli.commands import track_card
from harness.tracks.track import Declared, Part, read_card


def lines(out):
    """Value by heading and name."""
    values, heading = {}, ""
    for line in out.splitlines():
        if line and not line.startswith(" "):
            heading = line.strip()
        elif line:
            name, _, value = line.strip().partition("  ")
            values[heading, name] = value.strip()
    return values


def leaves(value):
    """The values of an option, one by one where it is a part of its own."""
    return [leaf for inner in value.values() for leaf in leaves(inner)] if isinstance(value, dict) else [value]


def by_name(rows):
    return {name: cells for name, *cells in rows}


@pytest.mark.parametrize("name", tracks.names())
def test_every_number_of_a_track_is_on_its_card(snrbench, name):
    code, out, _ = snrbench("tracks", "show", name)
    assert code == 0
    track, card = tracks.get(name), lines(out)
    assert card[name, "fingerprint"].startswith(track.fingerprint)
    assert card[name, "targets"].startswith(", ".join(track.targets))
    for heading, part in track:
        if isinstance(part, Part):
            for option, value in part.options.items():
                assert all(str(leaf) in card[heading, option] for leaf in leaves(value))
        elif isinstance(part, Declared):
            for field, value in part:
                text = ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
                assert card[heading, field.replace("_", " ")].replace(",", "").startswith(text.replace(",", ""))
    for floor, value in read_card(name).get("floors", {}).items():
        assert card["floors: real training data in the place of samples", floor] == f"{value:.3g}"


def test_the_card_says_what_a_run_costs_or_how_to_measure_it():
    track = tracks.get("digits-v1")
    at = {"hardware": "a card", "training": 30.0, "evaluation": 45.4}
    costs = by_name(track_card._cost(track, {"cost": {"cuda": at}}))
    assert costs["H100"] == ["1 min 15 s", "training 30 s, evaluation 45.4 s; on a card"]
    assert costs["one CPU core"][0] == "not measured"
    assert "python -P -m harness.measuring.measure digits-v1 --cost cpu" in costs["one CPU core"][1]
    written = by_name(track_card._cost(track, {"seconds_a_run_on_one_cpu_core": 14.1}))
    assert written["one CPU core"][0] == "14.1 s"
    assert written["H100"][0] == "not measured"


def test_noise_over_seeds_is_shown_for_each_target(snrbench):
    card, spread = snrbench("tracks", "show", "digits-v1")[1], read_card("digits-v1")["baseline_unguided"]
    lines_shown = card.splitlines()
    start = next(number for number, line in enumerate(lines_shown) if "unguided" in line) + 2
    table = lines_shown[start : start + len(spread)]
    for row, (target, figures) in zip(table, spread.items(), strict=True):
        target_shown, seeds, fd, noise, _ = row.split()
        assert (target_shown, int(seeds)) == (target, figures["seeds"])
        assert float(fd) == pytest.approx(figures["fd_mean"], rel=5e-3)
        assert float(noise) == pytest.approx(figures["fd_sd_of_log"], rel=5e-2)


def test_json_keeps_its_meaning(snrbench):
    card = json.loads(snrbench("tracks", "show", "gmm-v1", "--json")[1])
    track = tracks.get("gmm-v1")
    assert card["fingerprint"] == track.fingerprint
    assert card["training"]["steps"] == track.training.steps
    assert card["measured"] == read_card("gmm-v1")
    assert card["tuning"]["training_steps_at_most"] > card["training"]["steps"]


def test_the_list_says_what_each_track_needs(snrbench):
    rows = {row["name"]: row for row in json.loads(snrbench("tracks", "list", "--json")[1])}
    assert list(rows) == tracks.names()
    assert rows["digits-v1"]["needs"] == ""
    assert "MNIST" in rows["mnist-v1"]["needs"]
    standings = {"digits-v1": "ranked", "gmm-v1": "diagnostic", "mnist-v1": "untrained"}
    standings["mnist-latent-gpu-v1"] = "not measured"
    for name, standing in standings.items():
        of_card = json.loads(snrbench("tracks", "show", name, "--json")[1])
        assert rows[name]["standing"] == of_card["standing"] == standing
        assert rows[name]["standing_why"] == of_card["standing_why"] == tracks.standing(name).why
        (board,) = [line for line in snrbench("tracks", "show", name)[1].splitlines() if line.startswith("  board  ")]
        assert standing in board
    cost = read_card("digits-v1")["seconds_a_run_on_one_cpu_core"]
    assert rows["digits-v1"]["seconds_a_run_on_one_cpu_core"] == cost
    table = snrbench("tracks", "list")[1].splitlines()
    line = next(line for line in table if line.startswith("digits-v1"))  # the agreement follows below the table
    assert f"{cost} s" in line
    assert "none" in line
    assert "  ranked  " in line
    unmeasured = next(line for line in table if line.startswith("mnist-latent-gpu-v1"))  # has no card
    assert unmeasured.count("not measured") == 2
    assert "ranked" not in unmeasured


def test_the_card_and_the_list_say_it_in_a_line(snrbench):
    _, card, _ = snrbench("tracks", "show", "digits-v1")
    _, listing, _ = snrbench("tracks", "list")
    _, as_json, _ = snrbench("tracks", "list", "--json")
    for text in (card, listing, as_json):
        assert "agrees with one single-seed table on six rows (arXiv:2407.03297" in text
    assert "mnist-v1 neither agrees nor disagrees with one single-seed table" in listing
    assert "predicts" not in listing
