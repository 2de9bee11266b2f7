"""A schedule, transform, weighting, metric, track with its own network, and executor are one new file each.

No other file is edited. All six are in one run, and on its board; the executor is tests/helpers/in_this_process.py.
"""

import json

import pytest

import in_this_process
from forgotten_plugins import forgotten_afterwards
from harness.metrics import METRICS

FILES = {
    "schedule": '''
from scipy import stats
from schedules import register


@register("bump_of_mine", paper="arXiv:0000.00000")
def bump_of_mine():
    """A normal density over λ, centred at 0.5."""
    return stats.norm(0.5, 2.0)
''',
    "transform": '''
from schedules.transforms import TRANSFORMS, register


@register("half_of_mine")
def half_of_mine(density):
    """Every λ halved."""
    return TRANSFORMS.info("scale").function(density, 0.5)
''',
    "weighting": '''
import numpy as np
from schedules.weightings import register


@register("flat_of_mine")
def flat_of_mine(logsnr):
    """ω(λ) = 2."""
    return np.full_like(logsnr, 2.0)
''',
    "metric": '''
from harness.metrics import Metric, register


@register(Metric("spread_of_mine", title="Spread", needs=("samples",), better="lower", compare="ratio"))
def spread_of_mine(samples, reference):
    """The standard deviation of all that was drawn."""
    return float(samples.x.std())
''',
    "track": '''
import torch
from torch import nn

from harness.declared import Part
from harness.networks.network import Network
from harness.tracks.gmm import GMM


class Linear(Network):
    """The input, times a learned number for each label."""

    def __init__(self, shape, classes):
        super().__init__()
        self.factor = nn.Embedding(classes + 1, 1)

    def forward(self, x, logsnr, label):
        return x * self.factor(label)


MINE = GMM.model_copy(
    update={
        "name": "mine-v1",
        "network": Part(make=f"{__name__}:Linear"),
        "training": GMM.training.model_copy(update={"steps": 40, "warmup_steps": 10, "block": 5}),
        "evaluation": GMM.evaluation.model_copy(
            update={
                "samples": 64, "ddim_steps": 4, "curve_logsnr": (-8.0, 8.0, 5), "curve_points": 16, "paired_points": 32
            }
        ),
    }
)
''',
}


@pytest.fixture
def files(tmp_path):
    """Kind → the file; what it registers is forgotten with the test."""
    files = {kind: tmp_path / f"{kind}_of_mine.py" for kind in FILES}
    for kind, text in FILES.items():
        files[kind].write_text(text)
    with forgotten_afterwards():
        yield files
    METRICS.forget(f"metric plugin {str(files['metric'])!r}")


def test_each_kind_of_thing_is_one_new_file_and_stands_on_a_board(files, snrbench, tmp_path):
    def output(*arguments):
        code, out, err = snrbench(*arguments)
        assert code == 0, err
        return json.loads(out)

    loaded = [f"--plugin={files[kind]}" for kind in ("schedule", "transform", "weighting")]
    loaded += [
        f"--metric-plugin={files['metric']}",
        f"--track-plugin={files['track']}",
        f"--store={tmp_path / 'store'}",
    ]
    schedule = "bump_of_mine|half_of_mine"
    entry = ("-s", schedule, "-w", "flat_of_mine", "--seeds", 1, "--device", "cpu", "--executor", in_this_process.FILE)
    assert output("run", "mine-v1", *entry, *loaded, "--json")["finished"] == 1
    (row,) = output("leaderboard", "mine-v1", "--metric", "spread_of_mine", *loaded, "--format", "json")
    assert (row["weighting"], row["metric"]) == ("flat_of_mine", "spread_of_mine")
    assert row["entry"] == f"{schedule}+flat_of_mine"
    assert row["mean"] > 0
