"""How fast the kernel is beside the reference, measured in one process on one core.

Both train Q-learning on Windy Gridworld, in runs of 1,000 episodes. In each repeat the kernel does
96 runs, of which the reference does the first, from first episode to last, and the two must agree
to the last bit. Always the same seed would let the branch predictor learn a run by heart.
"""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar

import gymnasium

from fastq.agents import reference
from fastq.agents.td_control import QLearning
from fastq.mdp.worlds.gridworlds import windy_gridworld
from fastq.training import streams
from fastq.training.train import Training, train_batch

P = ParamSpec("P")
T = TypeVar("T")

_EPISODES = 1000
_RUNS = 96
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
    _, compile_seconds = _timed(train_batch, mdp, agent, episodes=1, seed=0, runs=_RUNS)
    kernel, plain, equal = [], [], []
    for seed in range(_REPEATS):
        batch, seconds = _timed(train_batch, mdp, agent, episodes=_EPISODES, seed=seed, runs=_RUNS)
        kernel.append(float(batch.lengths.sum()) / seconds)
        (table, stats), seconds = _timed(_reference_run, agent, seed)
        plain.append(float(stats.episode_lengths.sum()) / seconds)
        equal.append(_agree(batch, table, stats))
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


def _reference_run(agent: QLearning, seed: int) -> tuple[reference.QTable, reference.EpisodeStats]:
    """Train run 0 with the reference."""
    env = gymnasium.make("fastq/WindyGridworld-v0")
    rng = streams.generator(seed, 0)
    settings = agent.gamma, agent.alpha, agent.epsilon
    return reference.q_learning(env, _EPISODES, *settings, rng=rng)


def _agree(batch: Training, table: reference.QTable, stats: reference.EpisodeStats) -> bool:
    """Say whether run 0 of the kernel equals the reference's, bit for bit."""
    return (
        all((batch.q[0, state] == values).all() for state, values in table.items())
        and bool((batch.returns[0] == stats.episode_rewards).all())
        and bool((batch.lengths[0] == stats.episode_lengths).all())
    )


def _timed(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, float]:
    """Do some work; return what came of it, and the seconds it took."""
    started = time.perf_counter()
    result = work(*args, **kwargs)
    return result, time.perf_counter() - started
