"""Chunks: each run once, in tasks of a bounded size."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.execution import chunks
from fastq.study.storage.store import Directory
from fastq.training.kernels.lanes import MOST_LANES
from tests.conftest import SMALL

SWEEP = fastq.Sweep(**SMALL)


def pairs_of(chunk):
    keys = [chunk.configurations[index].key for index in chunk.configuration_of]
    return list(zip(keys, chunk.run_of.tolist(), strict=True))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(runs=st.integers(1, 150), size=st.integers(1, 200), together=st.integers(1, 5))
def test_each_run_is_done_once(runs, size, together):
    indices, numbers = np.nonzero(np.ones((6, runs)))
    cut = chunks.cut(Directory("nowhere"), SWEEP, indices, numbers, size)
    tasks = list(chunks.grouped(cut, together))
    found = [pair for task in tasks for chunk in task for pair in pairs_of(chunk)]
    keys = [configuration.key for configuration in SWEEP.configurations]
    assert sorted(found) == sorted(itertools.product(keys, range(runs)))
    assert all(len(task) == together for task in tasks[:-1])
    for task in tasks:
        for chunk in task:
            assert len(chunk.run_of) < size + MOST_LANES
            if len(chunk.run_of) > 1:
                left, right = chunks.halves(chunk)
                assert pairs_of(left) + pairs_of(right) == pairs_of(chunk)


@pytest.mark.parametrize(
    ("runs", "episodes", "workers", "seconds", "size"),
    [
        (1_000_000, 10, 2, 1e-5, 131_072 // 10 // MOST_LANES * MOST_LANES),  # by rows
        (1_000_000, 10, 2, 0.01, 96),  # by time: 100 runs take a second
        (320, 10, 1, 1e-5, 32),  # so that there is something to balance
        (100, 10, 2, 1e-5, 7),
        (10, 10**9, 2, 1e-5, 1),
        (10, 10, 2, 100.0, 1),
    ],
)
def test_tasks_are_bounded(runs, episodes, workers, seconds, size):
    assert chunks.chunk_size(runs, episodes, workers, seconds) == size


def test_small_chunks_are_handed_out_together():
    assert chunks.chunks_of_a_task(10**6, 100, 2, 1e-4) == 100  # a second's work
    assert chunks.chunks_of_a_task(3200, 100, 2, 1e-4) == 2  # and enough to balance
    assert chunks.chunks_of_a_task(10**6, 100, 2, 5.0) == 1


def test_the_pace_is_that_of_a_run():
    """And not of loading its kernel, which the first run of a process takes."""
    slow = fastq.Sweep(**{**SMALL, "episodes": 20_000})
    found = [chunks.seconds_per_run(sweep) for sweep in (SWEEP, slow)]
    assert 0 < found[0] < found[1]
    assert found[1] / found[0] > 100


@pytest.mark.parametrize(("runs", "size"), [(1, 4), (5, 7), (30, 1), (64, 16), (100, 32), (500, 7)])
def test_all_configurations_get_on_together(runs, size):
    """Wherever the work is cut off, counts of runs differ by a turn and a chunk at most."""
    sweep = fastq.Sweep(**{**SMALL, "runs": runs})
    indices, numbers = np.nonzero(np.ones((6, runs)))
    counts = dict.fromkeys((one.key for one in sweep.configurations), 0)
    largest = 0
    for chunk in chunks.cut(Directory("nowhere"), sweep, indices, numbers, size):
        for key, run in pairs_of(chunk):
            assert run == counts[key]
            counts[key] += 1
        largest = max(largest, max(counts.values()) - min(counts.values()))
    assert set(counts.values()) == {runs}
    assert largest <= min(size, max(1, runs // 8))
