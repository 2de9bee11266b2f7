"""What a run takes is told from a part of it: by a clock that ticks once a step and once a sample."""

import torch

from harness.measuring import run_seconds
from harness.runs.run import Bench, execute
from harness.specs import Entry, RunSpec


def test_a_part_of_a_run_tells_the_whole(quick_gmm, monkeypatch):
    place, ticks = Bench(quick_gmm, torch.device("cpu")), [0]
    make, draw = place.trainer, place.evaluator.draw

    def trainer(spec):
        ticking = make(spec)
        step = ticking.step

        def counted(batch):
            ticks[0] += 1
            return step(batch)

        ticking.step = counted
        return ticking

    def drawn(subject, grid, guidance=1.0, count=0, **more):
        ticks[0] += count or quick_gmm.evaluation.samples
        return draw(subject, grid, guidance, count, **more)

    monkeypatch.setattr(place, "trainer", trainer)
    monkeypatch.setattr(place.evaluator, "draw", drawn)
    drawn.notes = []
    monkeypatch.setattr(run_seconds.time, "perf_counter", lambda: ticks[0])
    estimate, of_a_part = run_seconds.seconds_of_a_run(place, "v"), ticks[0]
    ticks[0] = 0
    spec = RunSpec(track=quick_gmm.name, target="v", entry=Entry.of("laplace"), seed=0)
    assert execute(spec, torch.device("cpu"), place=place).outcome == "finished"
    assert estimate == ticks[0] > of_a_part
