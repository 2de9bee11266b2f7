"""A node of a Ray cluster that is lost in the middle of a run: the run goes on elsewhere from its checkpoint."""

import time

import pytest
import ray
import torch
from ray.cluster_utils import Cluster

from harness.execution.job import Job
from harness.runs.run import execute
from harness.specs import Entry, RunSpec


@pytest.fixture
def cluster(monkeypatch):
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    monkeypatch.setenv("RAY_ADDRESS", made.address)
    yield made
    ray.shutdown()
    made.shutdown()


def until(condition):
    while not condition():
        time.sleep(0.05)


def test_a_lost_node_costs_what_was_done_since_the_last_checkpoint(cluster, make, store, at_work):
    spec = RunSpec(track="brief-v1", target="v", entry=Entry.of("late_dawdles"), seed=0)
    first = cluster.add_node(num_cpus=1)
    with make("ray") as executor:
        executor.submit(Job(spec))
        checkpoints = store.root / "checkpoints" / spec.key
        until(lambda: list(checkpoints.glob("*.safetensors")) and at_work.exists())
        cluster.remove_node(first, allow_graceful=False)
        before = len(at_work.read_text().split())
        cluster.add_node(num_cpus=1)
        found = []
        while not found:
            found = executor.wait(0.25)
        (done,) = found
    assert (done.outcome, done.reason) == ("finished", "")
    processes = at_work.read_text().split()
    assert len(set(processes)) == 2
    # Seven blocks of a whole run dawdle; from the start again, they all would.
    assert len(processes) - before < 7
    schedule = RunSpec(track="brief-v1", target="v", entry=Entry.of("laplace"), seed=0)
    assert done.values == execute(schedule, torch.device("cpu")).values
    assert len(list(store.outbox.glob("*-*"))) == 1
