"""The commands of a release, read back by the command line they are for, ask for the runs that it holds."""

from __future__ import annotations

import shlex

import pandas as pd

import schedules
from leaderboards.releases.publishing.commands import that_made

NAN = float("nan")


def runs(schedule, targets, seeds, weighting="native", apply="sample", tuned_from="", trials=NAN):
    return [
        {
            **{"schedule": schedule, "target": target, "seed": seed, "weighting": weighting, "apply": apply},
            **{"tuned": bool(tuned_from), "tuned_from": tuned_from, "trials": trials},
        }
        for target in targets
        for seed in range(seeds)
    ]


def requested_runs(commands):
    """(schedule, target, seed, weighting, apply) of each run that `snrbench run` would make."""
    requests = set()
    for command in commands:
        words = shlex.split(command)
        if words[:2] != ["snrbench", "run"]:
            continue
        options: dict[str, list[str]] = {}
        for option, value in zip(words[3::2], words[4::2], strict=True):
            options.setdefault(option, []).append(value)
        weighting, apply = options.get("-w", ["native"])[0], options.get("--apply", ["sample"])[0]
        for spec in options["-s"]:
            for target in options["-t"]:
                requests |= {(spec, target, seed, weighting, apply) for seed in range(int(options["--seeds"][0]))}
    return requests


def test_they_ask_for_every_run_and_no_other():
    released = [
        *runs("cosine", ["v", "eps"], 3),
        *runs("laplace:scale=0.7", ["v"], 3),
        *runs("laplace:scale=0.7", ["eps"], 2),
        *runs("cosine|shift:a=2", ["v"], 3, weighting="min_snr:gamma=5"),
        *runs("laplace:scale=0.7", ["v"], 3, apply="weight"),
    ]
    wanted = {(run["schedule"], run["target"], run["seed"], run["weighting"], run["apply"]) for run in released}
    assert requested_runs(that_made(pd.DataFrame(released), "digits-v1")) == wanted


def test_what_was_tuned_is_tuned_then_scored():
    released = [
        *runs("laplace:loc=0.1,scale=0.6", ["v", "eps"], 5, tuned_from="laplace", trials=24.0),
        *runs("cosine|shift:a=1.2", ["v", "eps"], 5, tuned_from="cosine|shift:a=2", trials=24.0),
        *runs("edm", ["v"], 5, tuned_from="edm", trials=8.0, weighting="min_snr:gamma=3.3", apply="weight"),
    ]
    commands = list(that_made(pd.DataFrame(released), "digits-v1"))
    assert {schedules.split_tuned(spec) for spec, *_ in requested_runs(commands)} == {
        *(("laplace", True), ("cosine|shift:a=2", True), ("edm", True)),
    }
    assert commands == [
        "snrbench tune digits-v1 edm -t v -w min_snr --apply weight --trials 8",
        "snrbench tune digits-v1 'cosine|shift:a=2' laplace -t eps -t v --trials 24",
        "snrbench run digits-v1 -s edm@tuned -t v -w min_snr --apply weight --seeds 5",
        "snrbench run digits-v1 -s 'cosine@tuned|shift:a=2' -s laplace@tuned -t eps -t v --seeds 5",
    ]
