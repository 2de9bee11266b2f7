"""A node of a Ray cluster that is lost in the middle of a run: the run goes on elsewhere from its checkpoint."""

import time
from contextlib import contextmanager

import pytest
import torch

from harness.execution.job import Job
from harness.results.store import Store
from harness.runs.run import execute
from harness.specs import Entry, RunSpec


@contextmanager
def cluster():
    """A Ray cluster of a head that runs nothing."""
    import ray
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()


@pytest.mark.survival
def test_a_lost_node_costs_what_was_done_since_the_last_checkpoint(brief, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    spec = RunSpec(track="brief-v1", target="v", entry=Entry.of("late_dawdles"), seed=0)
    checkpoints = store.root / "checkpoints" / spec.key
    with cluster() as nodes:
        monkeypatch.setenv("RAY_ADDRESS", nodes.address)
        first = nodes.add_node(num_cpus=1)
        with brief.executor(store, "ray") as executor:
            executor.submit(Job(spec))
            while not (list(checkpoints.glob("*.safetensors")) and brief.at_work.exists()):
                time.sleep(0.05)
            nodes.remove_node(first, allow_graceful=False)
            before = len(brief.at_work.read_text().split())
            nodes.add_node(num_cpus=1)
            ended = []
            while not ended:
                ended = executor.wait(0.25)
    (done,) = ended
    assert (done.outcome, done.reason) == ("finished", "")
    processes = brief.at_work.read_text().split()
    assert len(set(processes)) == 2
    # Seven blocks of a whole run dawdle; from the start again, they all would.
    assert len(processes) - before < 7
    undisturbed = RunSpec(track="brief-v1", target="v", entry=Entry.of("laplace"), seed=0)
    assert done.values == execute(undisturbed, torch.device("cpu")).values
    assert len(list(store.outbox.glob("*-*"))) == 1
