"""Protocol 1, common random numbers: every draw depends on seed and position alone."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.streams import Streams

SHAPE = {"steps": 20, "batch": 16, "size": 50, "shape": (3,), "dropout": 0.1}


def test_a_block_is_the_same_whatever_was_drawn_before():
    straight = Streams(7).block(3, **SHAPE)
    streams = Streams(7)
    for index in (0, 9, 1):
        streams.block(index, **SHAPE)
    again = streams.block(3, **SHAPE)
    for name in ("rows", "dropped", "eps"):
        assert torch.equal(getattr(straight, name), getattr(again, name))
    assert np.array_equal(straight.u, again.u)


def test_seeds_and_streams_differ():
    first, second = Streams(0).block(0, **SHAPE), Streams(1).block(0, **SHAPE)
    assert not torch.equal(first.eps, second.eps)
    assert not np.array_equal(first.u, second.u)
    assert not torch.equal(first.rows, second.rows)
    assert not torch.equal(Streams(0).normal("sampling", shape=(8,)), Streams(0).normal("eps", shape=(8,)))


@given(batch=st.integers(1, 64), seed=st.integers(0, 1000))
@settings(max_examples=50)
def test_u_is_stratified_within_each_step(batch, seed):
    u = Streams(seed).block(0, steps=3, batch=batch, size=10, shape=(1,), dropout=0.0).u
    assert np.array_equal(np.floor(u * batch), np.tile(np.arange(batch), (3, 1)))


def test_u_is_uniform_and_eps_is_normal():
    block = Streams(0).block(0, steps=200, batch=50, size=10, shape=(4,), dropout=0.1)
    assert stats.kstest(block.u.ravel(), "uniform").pvalue > 1e-3
    assert stats.kstest(block.eps.double().numpy().ravel(), "norm").pvalue > 1e-3
    assert 0.09 < block.dropped.double().mean() < 0.11


@given(start=st.integers(0, 500), count=st.integers(1, 300), size=st.integers(1, 90))
@settings(max_examples=100)
def test_rows_pass_through_every_epoch_once(start, count, size):
    """A stretch of the sequence equals the same stretch of a longer one, and each epoch is a permutation."""
    streams = Streams(3)
    whole = streams.rows(0, (start + count) // size * size + size, size)
    assert np.array_equal(streams.rows(start, count, size), whole[start : start + count])
    assert np.array_equal(np.sort(whole.reshape(-1, size), axis=1), np.tile(np.arange(size), (len(whole) // size, 1)))
