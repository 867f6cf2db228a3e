"""What is trained, and by whom: the contests.

The first contest has all peers, on Q-learning in Windy Gridworld. In the others stand fastq and its
twin in plain C, for other agents and worlds; single runs, by the built-in agent and by a custom
algorithm; and two threads beside one. All agents have their defaults.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import gymnasium
import joblib
import numpy as np

import fastq
from fastq import reference, streams
from fastq.agents.td_control import Agent, TDAgent
from peer import c
from peer.measure import CORES, Contest, Missing, Peer, Timed, timed, unpinned
from peer.obvious import Obvious

T = TypeVar("T")

PYTHON = "plain Python, `fastq.reference`"
NUMBA = "Numba as one would write it"
C = "plain C"
BATCH = "`fastq.train_batch`"
SINGLE = "`fastq.train`"
CUSTOM = "a custom algorithm"
ONE, TWO = "one thread", "two threads"

WINDY = "Q-learning on Windy Gridworld"
SINGLES = "single runs of Q-learning on Windy Gridworld"
THREADS = "batches of Q-learning on Windy Gridworld"

_CHECK_SEED = 2**31 - 1
_CHECK_EPISODES = 20
_LARGER = 4
"""Batches in threads are so many times as large, so that what starts them is forgotten."""


class Size(NamedTuple):
    """How much work a repeat is."""

    repeats: int
    runs: int
    """Of a batch; many enough for fastq's quicker kernel."""
    episodes: int
    singles: int
    """How many single runs."""
    reference_episodes: int
    jax_steps: int
    """Of each run, as many as that many episodes take."""
    jax_candidates: Sequence[tuple[int, int]]
    """Batch sizes and unrollings, of which the quickest is taken."""


FULL = Size(15, 96, 1000, 32, 1000, 21_000, [(b, u) for b in (128, 256, 512, 1024) for u in (1, 4)])
QUICK = Size(2, 96, 20, 2, 10, 12_000, [(256, 1)])


class Custom(fastq.Algorithm):
    """Q-learning as docs/custom_algorithm.md writes it."""

    alpha: fastq.StepSize = 0.6
    gamma: fastq.Fraction = 1.0
    epsilon: fastq.Fraction = 0.1

    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, agent.epsilon)

    def update(q, step, agent):
        target = step.reward
        if not step.terminated:
            target += agent.gamma * fastq.rules.greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])


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
    }


def contests(size: Size) -> tuple[dict[str, Contest], list[str]]:
    """Prepare all peers: compiled, warm, and held to fastq's numbers where they claim them.

    Returns
    -------
    contests : dict
    left_out : list of str
        Which peers are missing, and why.

    Raises
    ------
    SystemExit
        Where a twin in C differs from fastq, or a peer in JAX does not learn.
    """
    left_out: dict[str, None] = {}
    found: dict[str, Contest] = {}
    for title, (mdp, agent) in tasks().items():
        twin = _or_none(left_out, c.Twin, mdp, agent)
        if title == WINDY:
            pair = _pair(title, mdp, agent, twin, size)
            found[title] = {**_others(mdp, agent, size, left_out), **pair}
            found[SINGLES] = _singles(mdp, agent, twin, size)
        elif twin:
            found[title] = _pair(title, mdp, agent, twin, size)
    if len(CORES) > 1:
        found[THREADS] = _threads(*tasks()[WINDY], size)
    else:
        left_out["two threads (there is one core)"] = None
    return found, list(left_out)


def check(title: str, found: fastq.Training, expected: c.Outcome) -> None:
    """Stop where a twin differs from fastq in a bit."""
    for field in c.Outcome._fields:
        if getattr(found, field).tobytes() != getattr(expected, field).tobytes():
            raise SystemExit(f"plain C differs from fastq in {title}, {field}: nothing is measured")


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


def _pair(
    title: str, mdp: fastq.FiniteMDP, agent: TDAgent, twin: c.Twin | None, size: Size
) -> dict[str, Peer]:
    """Give a batch in plain C and in fastq."""
    kernel = functools.partial(fastq.train_batch, mdp, agent, runs=size.runs)
    warm = kernel(episodes=_CHECK_EPISODES, seed=_CHECK_SEED)
    pair: dict[str, Peer] = {}
    if twin:
        runs = np.arange(size.runs)
        check(title, warm, twin.prepare(_CHECK_SEED, runs, _CHECK_EPISODES)())
        pair[C] = lambda seed: _total([twin.prepare(seed, runs, size.episodes)])
    pair[BATCH] = lambda seed: _total([lambda: kernel(episodes=size.episodes, seed=seed)])
    return pair


def _singles(
    mdp: fastq.FiniteMDP, agent: TDAgent, twin: c.Twin | None, size: Size
) -> dict[str, Peer]:
    """Give single runs, each a call, in plain C, in fastq, and by a custom algorithm."""
    runs = range(size.singles)

    def in_fastq(any_agent: Agent, seed: int) -> Timed:
        common = {"episodes": size.episodes, "seed": seed}
        train = functools.partial(fastq.train, mdp, any_agent, **common)
        return _total([functools.partial(train, run=run) for run in runs])

    def in_c(seed: int) -> Timed:
        return _total([twin.prepare(seed, np.array([run]), size.episodes) for run in runs])

    warm = [
        fastq.train(mdp, one, episodes=_CHECK_EPISODES, seed=_CHECK_SEED)
        for one in (agent, Custom())
    ]
    if twin:  # a custom algorithm draws in another way: its runs are others
        expected = twin.prepare(_CHECK_SEED, np.array([0]), _CHECK_EPISODES)()
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


def _total(calls: Sequence[Callable[[], fastq.Training | c.Outcome]]) -> Timed:
    """Time some calls, one by one, and sum up."""
    done = [timed(call) for call in calls]
    return Timed(
        sum(seconds for _, seconds in done), sum(int(found.lengths.sum()) for found, _ in done)
    )


def _or_none(left_out: dict[str, None], make: Callable[..., T], *args: object) -> T | None:
    """Make a peer, or note that it is missing."""
    try:
        return make(*args)
    except Missing as missing:
        left_out[str(missing)] = None
        return None


def _newest(name: str) -> str:
    """Name the newest version of an environment that the installed gymnasium has."""
    versions = [spec.version for spec in gymnasium.registry.values() if spec.name == name]
    return f"{name}-v{max(versions)}"
