"""The public calls over the kernels: check, lay out, allocate, fill.

Every number is a pure function of (MDP, agent, seed, run): a batch equals as many single runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastq import streams
from fastq.agents import Agent, QLearning
from fastq.kernels.loop import Record, learn
from fastq.kernels.tables import lay_out_learners, lay_out_world
from fastq.mdp import FiniteMDP
from fastq.validation import InputError, check_arguments, choose, shorten

STREAMS = ("common", "independent")


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
    check_arguments(episodes=episodes, seed=seed, run=run)
    batch = train_pairs(
        mdp, [agent], [0], [run],
        episodes=episodes, seed=seed, max_steps=max_steps, streams=streams, keep_q=True,
    )
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
    check_arguments(episodes=episodes, seed=seed, runs=runs)
    several = [agents] if isinstance(agents, Agent) else list(agents)
    agent_of = np.repeat(np.arange(len(several)), runs)
    run_of = np.tile(np.arange(runs), len(several))
    return train_pairs(
        mdp, several, agent_of, run_of,
        episodes=episodes, seed=seed, max_steps=max_steps, streams=streams, keep_q=True,
    )


def train_pairs(
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    agent_of: Iterable[int],
    run_of: Iterable[int],
    *,
    episodes: int,
    seed: int,
    max_steps: int | None,
    streams: str,
    keep_q: bool,
) -> Training:
    """Train any N pairs of an agent (its place in `agents`) and a run.

    Without `keep_q`, the Q-values of the last run only are kept, so that memory does not grow with
    the tables of all runs.
    """
    learners = _check_agents(agents)
    choose("streams", streams, STREAMS)
    if max_steps is not None:
        check_arguments(max_steps=max_steps)
    agent_index = np.array(agent_of, dtype=np.int64)
    action_states, environment_states = _stream_states(
        mdp, learners, agent_index, np.array(run_of, dtype=np.int64), seed, streams
    )
    count = len(agent_index)
    q = np.empty((count if keep_q else 1, mdp.num_states * mdp.num_actions))
    record = Record(
        np.empty((count, episodes)),
        np.empty((count, episodes), dtype=np.int32),
        np.empty((count, episodes), dtype=np.bool_),
    )
    learn(
        lay_out_world(mdp, max_steps or mdp.max_steps),
        lay_out_learners(learners, mdp.num_actions),
        agent_index, action_states, environment_states, q, record,
    )
    return Training(q.reshape(-1, mdp.num_states, mdp.num_actions), *record)


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
    seed: int,
    kind: str,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Seed the two streams of each run."""
    words = np.empty((len(agents), 0), dtype=np.uint32)
    if kind == "independent":
        words = np.array([key_words(agent.key(mdp.fingerprint)) for agent in agents])
    keys = words[agent_of]
    return (
        streams.states(seed, run_of, streams.ACTIONS, keys),
        streams.states(seed, run_of, streams.ENVIRONMENT, keys),
    )


def key_words(key: str) -> tuple[int, int]:
    """Split an agent's key into the two words that make its streams independent."""
    return int(key[8:], 16), int(key[:8], 16)
