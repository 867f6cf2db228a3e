"""Benchmarks to compare from commit to commit: ``uv run pytest benchmarks --benchmark-enable``.

Seeds change from round to round, so that the branch predictor learns no run by heart.
"""

import itertools

import numpy as np
import pytest

import fastq
from fastq import manifest, parts, statistics, streams

RUNS = 96


@pytest.mark.parametrize("stochastic_wind", [False, True])
@pytest.mark.parametrize("moves", ["four", "king"])
def test_kernel(benchmark, moves, stochastic_wind):
    mdp = fastq.windy_gridworld(moves=moves, stochastic_wind=stochastic_wind)
    seeds = itertools.count()

    def work():
        agent = fastq.QLearning()
        return fastq.train_batch(mdp, agent, episodes=1000, seed=next(seeds), runs=RUNS)

    work()
    assert benchmark(work).returns.shape == (RUNS, 1000)


def test_seeding(benchmark):
    runs, keys = np.arange(100_000), np.empty((100_000, 0), dtype=np.int64)
    assert benchmark(streams.states, 0, runs, 0, keys).shape == (100_000, 4)


def test_recording(benchmark, tmp_path):
    spec = {"env": "fastq/WindyGridworld-v0", "agent": "q_learning", "grid": {"alpha": [0.5]}}
    sweep = fastq.Sweep(**spec, episodes=500, runs=100)
    manifest.open_study(tmp_path / "x", sweep)
    lengths = np.random.default_rng(0).geometric(0.05, size=(100, 500)).astype(np.int32)
    columns = {"return": -lengths.astype(float), "length": lengths, "truncated": lengths > 100}
    place, runs = np.zeros(100, dtype=np.int64), np.arange(100)
    benchmark(parts.write_part, tmp_path / "x", sweep.configurations, place, runs, columns)


@pytest.mark.parametrize("kind", statistics.INTERVALS)
def test_bands(benchmark, kind):
    samples = np.random.default_rng(0).normal(size=(100, 500))
    assert benchmark(statistics.mean_interval, samples, kind).lower.shape == (500,)
