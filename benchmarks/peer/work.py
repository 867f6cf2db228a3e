"""What is trained, and by whom: the contests.

The first contest has all peers, on Q-learning in Windy Gridworld. In the others stand fastq and its
twin in plain C, for other agents and worlds; single runs, by the built-in agent and by a custom
algorithm; two threads beside one; and what `customs`, `large`, `narrow` and `sweeps` say. All
agents have their defaults but for what a title names.
"""

import functools
from collections.abc import Callable

import gymnasium
import joblib
import numpy as np

import fastq
from fastq import reference, streams
from fastq.agents.td_control import Agent, TDAgent
from peer import c, customs, large, narrow, sweeps
from peer.customs import Custom
from peer.measure import CORES, Contest, Missing, Peer, Timed, timed, unpinned
from peer.obvious import Obvious
from peer.pairs import (
    BATCH,
    CHECK_EPISODES,
    CHECK_SEED,
    FULL,
    QUICK,
    C,
    Size,
    check,
    or_none,
    pair,
    total,
)

__all__ = ["BATCH", "FULL", "QUICK", "C", "check", "contests", "tasks"]

PYTHON = "plain Python, `fastq.reference`"
NUMBA = "Numba as one would write it"
SINGLE = "`fastq.train`"
CUSTOM = "a custom algorithm"
ONE, TWO = "one thread", "two threads"

WINDY = "Q-learning on Windy Gridworld"
SINGLES = "single runs of Q-learning on Windy Gridworld"
THREADS = "batches of Q-learning on Windy Gridworld"

_LARGER = 4
"""Batches in threads are so many times as large, so that what starts them is forgotten."""


@functools.cache
def tasks() -> dict[str, tuple[fastq.FiniteMDP, TDAgent]]:
    """Give the worlds and agents that have a twin in C, by title."""
    windy, read = fastq.windy_gridworld(), fastq.FiniteMDP.from_gymnasium
    return {
        WINDY: (windy, fastq.QLearning()),
        "Sarsa on Windy Gridworld": (windy, fastq.Sarsa()),
        "Expected Sarsa on Windy Gridworld": (windy, fastq.ExpectedSarsa()),
        "Double Q-learning on Windy Gridworld": (windy, fastq.DoubleQLearning()),
        "Q-learning on FrozenLake 8x8": (read("FrozenLake-v1", map_name="8x8"), fastq.QLearning()),
        "Q-learning on Taxi": (read(_newest("Taxi")), fastq.QLearning()),
        "Q-learning on CliffWalking": (read(_newest("CliffWalking")), fastq.QLearning()),
        "Q-learning, ties at random, on CliffWalking": (
            read(_newest("CliffWalking")),
            fastq.QLearning(ties="random"),
        ),
        "Q-learning, softmax of temperature 0.5, on Windy Gridworld": (
            windy,
            fastq.QLearning(temperature=0.5),
        ),
        "Q-learning, alpha = 1 / visits, on Windy Gridworld": (
            windy,
            fastq.QLearning(alpha=fastq.Visits(power=1.0)),
        ),
        "Q-learning, alpha = 1 / visits^0.8, on Windy Gridworld": (
            windy,
            fastq.QLearning(alpha=fastq.Visits(power=0.8)),
        ),
    }


def contests(size: Size, only: str = "") -> tuple[dict[str, Contest], list[str]]:
    """Prepare all peers: compiled, warm, and held to fastq's numbers where they claim them.

    Parameters
    ----------
    size : Size
    only : str
        Contests whose titles do not contain this, whatever the case, are not prepared.

    Returns
    -------
    contests : dict
    left_out : list of str
        Which peers are missing, and why.

    Raises
    ------
    SystemExit
        Where a twin in C differs from fastq, a peer in JAX does not learn, or no title contains
        `only`.
    """
    left_out: dict[str, None] = {}
    asked = {
        title: prepare
        for title, prepare in _all(size, left_out).items()
        if only.lower() in title.lower()
    }
    if not asked:
        titles = "; ".join(_all(size, left_out))
        raise SystemExit(f"--only {only!r}: must be a part of a title; there are {titles}")
    found: dict[str, Contest] = {}
    for title, prepare in asked.items():
        try:
            found[title] = prepare()
        except Missing as missing:
            left_out[str(missing)] = None
    return found, list(left_out)


def _all(size: Size, left_out: dict[str, None]) -> dict[str, Callable[[], Contest]]:
    """Say how each contest is prepared, by title; one that cannot be is `Missing`."""
    windy = tasks()[WINDY]
    first = {
        WINDY: lambda: _first(*windy, size, left_out),
        SINGLES: lambda: _singles(*windy, or_none(left_out, c.Twin, *windy), size),
        customs.TITLE: lambda: customs.contest(size, left_out),
        narrow.TITLE: lambda: narrow.contest(size),
    }
    pairs = {title: functools.partial(_beside_c, title, size) for title in tasks()}
    tables = {
        large.title(states): functools.partial(large.contest, states, size)
        for states in large.EPISODES
    }
    cores = {THREADS: lambda: _threads(*windy, size), sweeps.TITLE: lambda: sweeps.contest(size)}
    if len(CORES) < 2:
        cores = dict.fromkeys(cores, _lacking_cores)
    return {**pairs, **first, **tables, **cores}


def _lacking_cores() -> Contest:
    """Say why there are no contests of two threads."""
    raise Missing("two threads (there is one core)")


def _first(
    mdp: fastq.FiniteMDP, agent: TDAgent, size: Size, left_out: dict[str, None]
) -> dict[str, Peer]:
    """Give all peers of the first contest."""
    twin = or_none(left_out, c.Twin, mdp, agent)
    return {**_others(mdp, agent, size, left_out), **pair(WINDY, mdp, agent, twin, size)}


def _beside_c(title: str, size: Size) -> dict[str, Peer]:
    """Give a batch in plain C and in fastq."""
    return pair(title, *tasks()[title], c.Twin(*tasks()[title]), size)


def _others(
    mdp: fastq.FiniteMDP, agent: TDAgent, size: Size, left_out: dict[str, None]
) -> dict[str, Peer]:
    """Give the peers that are slower by far, or compute other numbers."""
    peers: dict[str, Peer] = {PYTHON: functools.partial(_reference, agent, size)}
    try:
        from peer import jax_peers
    except ImportError:
        left_out["JAX (it is not installed: `uv run --group peers` has it)"] = None
    else:
        for peer in (
            jax_peers.as_written(mdp, agent, size.jax_steps),
            jax_peers.best_tuned(mdp, agent, size.jax_steps, size.jax_candidates),
        ):
            peers[peer.name] = peer
    runs = max(1, size.runs // 4)
    return {**peers, NUMBA: Obvious(mdp, agent, runs, size.episodes)}


def _singles(
    mdp: fastq.FiniteMDP, agent: TDAgent, twin: c.Twin | None, size: Size
) -> dict[str, Peer]:
    """Give single runs, each a call, in plain C, in fastq, and by a custom algorithm."""
    runs = range(size.singles)

    def in_fastq(any_agent: Agent, seed: int) -> Timed:
        common = {"episodes": size.episodes, "seed": seed}
        train = functools.partial(fastq.train, mdp, any_agent, **common)
        return total([functools.partial(train, run=run) for run in runs])

    def in_c(seed: int) -> Timed:
        return total([twin.prepare(seed, np.array([run]), size.episodes) for run in runs])

    warm = [
        fastq.train(mdp, one, episodes=CHECK_EPISODES, seed=CHECK_SEED) for one in (agent, Custom())
    ]
    if twin:  # a custom algorithm draws in another way: its runs are others
        expected = twin.prepare(CHECK_SEED, np.array([0]), CHECK_EPISODES)()
        check(SINGLES, warm[0], expected)
    return {
        **({C: in_c} if twin else {}),
        SINGLE: functools.partial(in_fastq, agent),
        CUSTOM: functools.partial(in_fastq, Custom()),
    }


def _threads(mdp: fastq.FiniteMDP, agent: TDAgent, size: Size) -> dict[str, Peer]:
    """Give one thread that trains a batch, and two that train one each; neither is pinned."""

    def train(seed: int) -> fastq.Training:
        runs = _LARGER * size.runs
        return fastq.train_batch(mdp, agent, episodes=size.episodes, seed=seed, runs=runs)

    def work(threads: int, seed: int) -> Timed:
        seeds = [threads * seed + i for i in range(threads)]
        with unpinned(), joblib.Parallel(n_jobs=threads, prefer="threads") as parallel:
            parallel(joblib.delayed(int)(0) for _ in range(threads))  # starts the threads
            batches, seconds = timed(parallel, [joblib.delayed(train)(one) for one in seeds])
        return Timed(seconds, sum(int(batch.lengths.sum()) for batch in batches))

    return {ONE: functools.partial(work, 1), TWO: functools.partial(work, 2)}


def _reference(agent: TDAgent, size: Size, seed: int) -> Timed:
    """Train a run with the reference."""
    env = gymnasium.make("fastq/WindyGridworld-v0")
    rng = streams.generator(seed, 0)
    settings = agent.gamma, agent.alpha, agent.epsilon
    episodes = size.reference_episodes
    (_, stats), seconds = timed(reference.q_learning, env, episodes, *settings, rng=rng)
    return Timed(seconds, int(stats.episode_lengths.sum()))


def _newest(name: str) -> str:
    """Name the newest version of an environment that the installed gymnasium has."""
    versions = [spec.version for spec in gymnasium.registry.values() if spec.name == name]
    return f"{name}-v{max(versions)}"
