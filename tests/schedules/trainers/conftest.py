"""What the tests of all trainers share: a trainer's draw, written anew from its formula, against a density."""

import numpy as np
import pytest

import schedules
from schedules import trainers
from schedules.relatives.similarity import SAME, total_variation

COUNT = 100_000
SHARES = np.linspace(0.001, 0.999, 999)
CHANCE = 1.95 / np.sqrt(COUNT)  # Kolmogorov–Smirnov, p = 0.001


def of_flow_time(t):
    """λ on the straight path, t = 1 noise."""
    with np.errstate(divide="ignore"):
        return 2 * (np.log1p(-t) - np.log(t))


def distance(logsnr, schedule, within=(0.0, 1.0)):
    """sup |F_n − F| over 999 quantiles of the density, or those of them between two shares."""
    first, last = within
    shares = SHARES[(first < SHARES) & (last > SHARES)]
    below = np.searchsorted(np.sort(logsnr), schedule.ppf(shares), side="right") / logsnr.size
    return np.abs(below - shares).max()


@pytest.fixture
def both_ways():
    """Flags → density → flags, each held against 10⁵ draws; returns the density.

    draw:   (settings, generator, count) → λ, written from the trainer's formula
    cell:   largest share of the draws that one point of the trainer's own grid of times may hold
    within: shares of the mass between which to compare, where the grid ends before the density does
    pinned: flags that the way back has to keep
    """

    def check(
        trainer, flags, draw, *, cell=0.0, within=(0.0, 1.0), tokens=None, sigma_data=None, pinned="", exact=True
    ):
        reading = trainers.read(trainer, flags, tokens=tokens, sigma_data=sigma_data)
        drawn = draw(reading.settings, np.random.default_rng(0), COUNT)
        assert distance(drawn, reading.schedule, within) < CHANCE + cell
        if exact:
            back = trainers.express(reading.schedule, trainer, pinned=pinned, sigma_data=sigma_data)
            assert back.exact
            again = trainers.read(trainer, back.flags, sigma_data=sigma_data)
            assert total_variation(again.schedule, reading.schedule) < SAME
            redrawn = draw(again.settings, np.random.default_rng(1), COUNT)
            assert distance(redrawn, reading.schedule, within) < CHANCE + cell
        return reading.schedule

    return check


@pytest.fixture
def own_line():
    """A preset's own line in a trainer draws the preset."""

    def check(trainer):
        for preset, line in trainers.get(trainer).presets.items():
            read = trainers.read(trainer, line.flags, tokens=line.tokens)
            assert total_variation(read.schedule, schedules.parse(preset)) < SAME, preset

    return check
