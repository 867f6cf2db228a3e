"""How fast the kernel is beside the reference, measured in one process on one core.

Both train Q-learning on Windy Gridworld, in runs of 1,000 episodes with different seeds; the
reference does the first of the runs that the kernel does, and both must agree to the last bit.
Always the same seed would let the branch predictor learn a run by heart.
"""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar

import gymnasium

from fastq import reference, streams
from fastq.agents import QLearning
from fastq.gridworlds import windy_gridworld
from fastq.training import Training, train_batch

P = ParamSpec("P")
T = TypeVar("T")

_EPISODES = 1000
_RUNS = 96
_REFERENCE_EPISODES = 100
_REPEATS = 5


class Benchmark(NamedTuple):
    """Medians of interleaved repeats, each of other runs."""

    environment: str
    agent: str
    kernel_steps_per_second: float
    reference_steps_per_second: float
    ratio: float
    compile_seconds: float
    """To compile the kernel, or to load it from disk."""
    repeats: int
    equal: bool
    """Whether kernel and reference agreed bit for bit wherever both ran."""


def benchmark() -> Benchmark:
    """Measure steps per second of the kernel and of the reference, and their ratio."""
    mdp, agent = windy_gridworld(), QLearning()
    _, compile_seconds = _timed(train_batch, mdp, agent, episodes=1, seed=0, runs=1)
    kernel, plain, equal = [], [], []
    for seed in range(_REPEATS):
        batch, seconds = _timed(train_batch, mdp, agent, episodes=_EPISODES, seed=seed, runs=_RUNS)
        kernel.append(float(batch.lengths.sum()) / seconds)
        stats, seconds = _timed(_reference_run, agent, seed)
        plain.append(float(stats.episode_lengths.sum()) / seconds)
        equal.append(_agree(batch, stats))
    ratios = [fast / slow for fast, slow in zip(kernel, plain, strict=True)]
    return Benchmark(
        environment=mdp.name,
        agent=agent.name,
        kernel_steps_per_second=statistics.median(kernel),
        reference_steps_per_second=statistics.median(plain),
        ratio=statistics.median(ratios),
        compile_seconds=compile_seconds,
        repeats=_REPEATS,
        equal=all(equal),
    )


def _reference_run(agent: QLearning, seed: int) -> reference.EpisodeStats:
    """Train the beginning of run 0 with the reference."""
    env = gymnasium.make("fastq/WindyGridworld-v0")
    _, stats = reference.q_learning(
        env,
        _REFERENCE_EPISODES,
        agent.gamma,
        agent.alpha,
        agent.epsilon,
        rng=streams.generator(seed, 0),
    )
    return stats


def _agree(batch: Training, stats: reference.EpisodeStats) -> bool:
    """Say whether run 0 of the kernel begins as the reference's does."""
    begun = batch.lengths[0, :_REFERENCE_EPISODES], batch.returns[0, :_REFERENCE_EPISODES]
    return all((a == b).all() for a, b in zip(begun, stats, strict=True))


def _timed(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, float]:
    """Do some work; return what came of it, and the seconds it took."""
    started = time.perf_counter()
    result = work(*args, **kwargs)
    return result, time.perf_counter() - started
