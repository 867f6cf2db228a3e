"""The public calls over the kernels: check, lay out, allocate, fill.

Every number is a pure function of (MDP, agent, seed, run): a batch equals as many single runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastq import streams
from fastq.agents import Agent, QLearning
from fastq.errors import InputError
from fastq.kernels.loop import Record, learn
from fastq.kernels.tables import lay_out_learners, lay_out_world
from fastq.mdp import FiniteMDP
from fastq.validation import check_arguments, shorten


class Settings(NamedTuple):
    """What all runs of a batch have in common."""

    episodes: int
    seed: int
    max_steps: int
    streams: str


@dataclass(frozen=True)
class Training:
    """What came of one run, or of N runs, which adds N as the first axis of each array."""

    q: NDArray[np.float64]
    """Q-values at the end, shape (S, A)."""
    returns: NDArray[np.float64]
    """Sum of the rewards of each episode, undiscounted, shape (episodes,)."""
    lengths: NDArray[np.int32]
    """Steps of each episode, shape (episodes,)."""
    truncated: NDArray[np.bool_]
    """Whether the time limit cut the episode short, shape (episodes,)."""


def train(
    mdp: FiniteMDP,
    agent: Agent,
    *,
    episodes: int,
    seed: int,
    run: int = 0,
    max_steps: int | None = None,
    streams: str = "common",
) -> Training:
    """Train one run from scratch.

    Parameters
    ----------
    mdp : FiniteMDP
    agent : QLearning
    episodes : int
        At least 1.
    seed, run : int
        Which random streams to draw from, both >= 0.
    max_steps : int, optional
        Time limit of an episode in steps; the MDP's own by default.
    streams : {"common", "independent"}
        Whether all agents draw from the same streams of a run, or each from its own.

    Returns
    -------
    Training
        Equal, bit for bit, to `fastq.reference.q_learning` stepping the same environment.

    Raises
    ------
    InputError
        For an argument that is not allowed.
    """
    check_arguments(run=run)
    settings = _settings(mdp, episodes, seed, max_steps, streams)
    batch = train_pairs(mdp, [agent], [0], [run], settings)
    return Training(batch.q[0], batch.returns[0], batch.lengths[0], batch.truncated[0])


def train_batch(
    mdp: FiniteMDP,
    agents: Agent | Sequence[Agent],
    *,
    episodes: int,
    seed: int,
    runs: int,
    max_steps: int | None = None,
    streams: str = "common",
) -> Training:
    """Train runs 0 to ``runs - 1`` of each agent, in one compiled call on one core.

    Parameters
    ----------
    agents : QLearning or sequence of QLearning
    runs : int
        At least 1.
    mdp, episodes, seed, max_steps, streams
        As for `train`.

    Returns
    -------
    Training
        Of N = agents x runs, agent-major; equal to N calls of `train`, bit for bit.

    Raises
    ------
    InputError
        For an argument that is not allowed.
    """
    check_arguments(runs=runs)
    settings = _settings(mdp, episodes, seed, max_steps, streams)
    several = [agents] if isinstance(agents, Agent) else list(agents)
    agent_of = np.repeat(np.arange(len(several)), runs)
    run_of = np.tile(np.arange(runs), len(several))
    return train_pairs(mdp, several, agent_of, run_of, settings)


def train_pairs(
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    agent_of: ArrayLike,
    run_of: ArrayLike,
    settings: Settings,
    *,
    keep_q: bool = True,
) -> Training:
    """Train any N pairs of an agent (its place in `agents`) and a run.

    Without `keep_q`, only the Q-values of the last run are kept, so that memory does not grow with
    the tables of all runs.
    """
    learners = _check_agents(agents)
    agent_index = np.array(agent_of, dtype=np.int64)
    states = _stream_states(mdp, learners, agent_index, np.array(run_of, dtype=np.int64), settings)
    count = len(agent_index)
    q = np.empty((count if keep_q else 1, mdp.num_states * mdp.num_actions))
    record = Record(
        np.empty((count, settings.episodes)),
        np.empty((count, settings.episodes), dtype=np.int32),
        np.empty((count, settings.episodes), dtype=np.bool_),
    )
    world = lay_out_world(mdp, settings.max_steps)
    learn(world, lay_out_learners(learners, mdp.num_actions), agent_index, *states, q, record)
    return Training(q.reshape(-1, mdp.num_states, mdp.num_actions), *record)


def _settings(
    mdp: FiniteMDP, episodes: int, seed: int, max_steps: int | None, streams: str
) -> Settings:
    """Check the settings of a public call."""
    limit = mdp.max_steps if max_steps is None else max_steps
    check_arguments(episodes=episodes, seed=seed, max_steps=limit, streams=streams)
    return Settings(episodes, seed, limit, streams)


def _check_agents(agents: Sequence[Agent]) -> list[QLearning]:
    """Raise `InputError` unless each agent is one that a kernel exists for."""
    if not agents:
        raise InputError("agents = []: must be at least one agent")
    for agent in agents:
        if not isinstance(agent, QLearning):
            raise InputError(f"agents = {shorten(agent)}: must be QLearning, or a list of it")
    return [agent for agent in agents if isinstance(agent, QLearning)]


def _stream_states(
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    agent_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    settings: Settings,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Seed the two streams of each run."""
    words = np.empty((len(agents), 0), dtype=np.uint32)
    if settings.streams == "independent":
        words = np.array([key_words(agent.key(mdp.fingerprint)) for agent in agents])
    keys = words[agent_of]
    return (
        streams.states(settings.seed, run_of, streams.ACTIONS, keys),
        streams.states(settings.seed, run_of, streams.ENVIRONMENT, keys),
    )


def key_words(key: str) -> tuple[int, int]:
    """Split an agent's key into the two words that make its streams independent."""
    return int(key[8:], 16), int(key[:8], 16)
