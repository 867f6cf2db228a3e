"""Benchmarks to compare from commit to commit: ``uv run pytest benchmarks --benchmark-enable``.

Seeds change from round to round, so that the branch predictor learns no run by heart.
"""

import itertools

import numba
import numpy as np
import pytest

import fastq
from fastq import statistics, streams
from fastq.agents.registry import AGENTS
from fastq.base.jit import specialised
from fastq.study.record import Learned, entries
from fastq.study.storage import manifest, parts
from fastq.study.storage.store import Directory
from fastq.training import train
from fastq.training.kernels import build, lanes, lockstep, loop

RUNS = 96


WORLDS = {
    "windy": fastq.windy_gridworld(),
    "windy stochastic": fastq.windy_gridworld(stochastic_wind=True),
    "frozen lake 8x8": fastq.FiniteMDP.from_gymnasium("FrozenLake-v1", map_name="8x8"),
}


class Custom(fastq.Algorithm):
    """Q-learning as a custom algorithm, to compare with the built-in one."""

    alpha: fastq.StepSize = 0.6
    epsilon: fastq.Fraction = 0.1

    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, agent.epsilon)

    def update(q, step, agent):
        best = 0.0 if step.terminated else fastq.rules.greatest(q, step.next_state)
        pair = step.state, step.action
        q[pair] += agent.alpha * (step.reward + best - q[pair])


@pytest.mark.parametrize("kind", [*AGENTS.values(), Custom], ids=lambda kind: kind.name)
@pytest.mark.parametrize("world", WORLDS)
def test_kernel(benchmark, world, kind):
    seeds = itertools.count()

    def work():
        options = {"episodes": 300, "seed": next(seeds), "runs": RUNS}
        return fastq.train_batch(WORLDS[world], kind(), **options)

    work()
    assert benchmark(work).returns.shape == (RUNS, 300)


@pytest.mark.parametrize("kind", [fastq.QLearning, Custom], ids=lambda kind: kind.name)
def test_single_runs(benchmark, kind):
    runs = itertools.count()

    def work():
        return fastq.train(WORLDS["windy"], kind(), episodes=1000, seed=0, run=next(runs))

    work()
    assert benchmark(work).returns.shape == (1000,)


@pytest.mark.parametrize(
    "template", [loop.learn_batch, lockstep.learn_lanes], ids=["plain", "lanes"]
)
def test_compiling(benchmark, template, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    mdp, agent = WORLDS["windy"], fastq.QLearning()
    monkeypatch.setattr(train, "kernel_for", lambda *_: kernel)
    runs = 1 if template is loop.learn_batch else lanes.MOST_LANES
    names = build.names_of(fastq.QLearning, build.variant_for(mdp, [agent], runs))
    kernel = specialised(template, "learn_again", "", names, tuple(names))
    options = {"episodes": 1, "seed": 0, "runs": runs, "max_steps": 1}
    assert benchmark.pedantic(fastq.train_batch, (mdp, agent), options).lengths.sum() == runs


def test_seeding(benchmark):
    runs, keys = np.arange(100_000), np.empty((100_000, 0), dtype=np.int64)
    assert benchmark(streams.states, 0, runs, 0, keys).shape == (100_000, 4)


@pytest.mark.parametrize("record", ["episodes", {"window": 10}, "moments", "summary"], ids=str)
def test_recording(benchmark, tmp_path, record):
    spec = {"env": "fastq/WindyGridworld-v0", "agent": "q_learning", "grid": {"alpha": [0.5]}}
    sweep = fastq.Sweep(**spec, episodes=500, runs=100, record=record)
    (tmp_path / "x").mkdir()
    store = Directory(tmp_path / "x")
    manifest.open_study(store, sweep)
    indices, runs = np.zeros(100, dtype=np.int64), np.arange(100)
    batch = fastq.train_batch(sweep.mdp, fastq.QLearning(), episodes=500, seed=0, runs=100)
    learned = Learned(batch.returns, batch.lengths, batch.truncated, batch.diverged)
    varied, kept = parts.varied_in(sweep.configurations), sweep.recording

    def work():
        found = entries(kept, indices, runs, learned)
        points = kept.points(500)
        about = sweep.configurations, indices, runs, found, points, varied, "study"
        parts.write_part(store, *about)

    benchmark(work)
    assert len(parts.part_names(store)) == 1


@pytest.mark.parametrize("kind", statistics.INTERVALS)
def test_bands(benchmark, kind):
    samples = np.random.default_rng(0).normal(size=(100, 500))
    assert benchmark(statistics.interval, samples, kind).lower.shape == (500,)
