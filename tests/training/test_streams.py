"""Compiled seeding and SFC64 against NumPy's own."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fastq import streams
from fastq.base.jit import compiled
from fastq.training.streams import next_bits

word = st.integers(0, 2**32 - 1)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**63 - 1),
    run=word,
    stream=st.sampled_from([streams.ACTIONS, streams.ENVIRONMENT]),
    key=st.lists(word, max_size=3),
)
def test_states_equal_numpys(seed, run, stream, key):
    keys = np.array([key], dtype=np.int64).reshape(1, -1)
    found = streams.states(seed, np.array([run]), stream, keys)
    sequence = np.random.SeedSequence(seed, spawn_key=(run, stream, *key))
    assert found[0].tolist() == np.random.SFC64(sequence).state["state"]["state"].tolist()


def test_seeds_of_any_size():
    for seed in (0, 1, 2**32 - 1, 2**32, 2**64 + 5, 2**200 + 17):
        found = streams.states(seed, np.arange(3), 0, np.empty((3, 0), dtype=np.int64))
        for run in range(3):
            expected = streams.generator(seed, run).bit_generator.state["state"]["state"]
            assert found[run].tolist() == expected.tolist()


@compiled
def _draw(state, out):
    a, b, c, counter = state
    for i in range(len(out)):
        out[i], a, b, c, counter = next_bits(a, b, c, counter)


def test_draws_equal_numpys():
    state = streams.states(42, np.array([7]), 1, np.empty((1, 0), dtype=np.int64))[0]
    out = np.empty(1000, dtype=np.uint64)
    _draw(state, out)
    generator = streams.generator(42, 7, streams.ENVIRONMENT)
    assert (out >> np.uint64(11)).tolist() == [int(u * 2**53) for u in generator.random(1000)]


def test_streams_of_a_study_differ():
    runs = np.arange(1000)
    none = np.empty((1000, 0), dtype=np.int64)
    states = np.concatenate([streams.states(0, runs, stream, none) for stream in (0, 1)])
    assert len({tuple(state) for state in states.tolist()}) == 2000
