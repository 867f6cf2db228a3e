"""The public calls over the kernels: check, lay out, allocate, fill.

Every number is a pure function of (MDP, agent, seed, run): a batch equals as many single runs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastq.agents.algorithm import Algorithm
from fastq.agents.registry import AGENTS
from fastq.agents.td_control import Agent, TDAgent
from fastq.base.errors import InputError, RunError
from fastq.base.jit import check_compiler
from fastq.base.validation import check_arguments, shorten
from fastq.mdp.arrays import one_nan
from fastq.mdp.find import find_mdp
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training import compile_custom, failures, streams
from fastq.training.kernels.build import (
    CAREFULLY,
    KernelArguments,
    KernelVariant,
    facts_of,
    is_custom,
    kernel_for,
    variant_for,
)
from fastq.training.kernels.lanes import lay_out_lanes
from fastq.training.kernels.layout import lay_out_learners, lay_out_world
from fastq.training.kernels.loop import TrainingOutput
from fastq.training.kernels.scratch import lay_out_work
from fastq.training.room import check_room


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
    diverged: NDArray[np.bool_]
    """Whether a Q-value is infinite or not a number in the end, shape (), or a return is, or is so
    great that the sum of all returns might be."""

    def __repr__(self) -> str:
        runs, episodes = self.diverged.size, self.returns.shape[-1]
        with np.errstate(all="ignore"):  # of runs that diverged
            means = f"mean return {self.returns.mean():.4g}, mean length {self.lengths.mean():.4g}"
        return (
            f"Training({runs:,} run{'s' if runs > 1 else ''} of {episodes:,} episodes: {means},\n"
            f"  {np.sum(self.truncated):,} episodes truncated, {np.sum(self.diverged):,} runs "
            f"diverged; q has shape {self.q.shape})"
        )


def train(
    mdp: FiniteMDP | str | gymnasium.Env[Any, Any],
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
    mdp : FiniteMDP, str or gymnasium.Env
        The MDP; or what `FiniteMDP.from_gymnasium` reads it from, an id or an environment; or the
        name of an ``.npz`` file that `FiniteMDP.save` wrote.
    agent : Agent
        `QLearning`, another of fastq's agents, or a custom `Algorithm`.
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
        Equal, bit for bit, to the agent's function in `fastq.reference`, stepping the same
        environment.

    Raises
    ------
    InputError
        For an argument that is not allowed, or an algorithm that cannot be compiled.
    RunError
        Where a rule of a custom algorithm fails: naming the line, the run and the step.
    """
    mdp = find_mdp(mdp, field="mdp")
    settings = _settings(mdp, episodes, seed, max_steps, streams, run=run)
    check_agent("agent", agent)
    batch = _train_or_explain(mdp, [agent], [0], [run], settings)
    return Training(
        batch.q[0], batch.returns[0], batch.lengths[0], batch.truncated[0], batch.diverged[0]
    )


def train_batch(
    mdp: FiniteMDP | str | gymnasium.Env[Any, Any],
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
    agents : Agent or sequence of Agent
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
    InputError, RunError
        As for `train`.
    """
    mdp = find_mdp(mdp, field="mdp")
    settings = _settings(mdp, episodes, seed, max_steps, streams, runs=runs)
    several = list(agents) if isinstance(agents, Sequence) else [agents]
    if not several:
        raise InputError("agents = []: must be at least one agent")
    for agent in several:
        check_agent("agents", agent)
    agent_of = np.repeat(np.arange(len(several)), runs)
    run_of = np.tile(np.arange(runs), len(several))
    return _train_or_explain(mdp, several, agent_of, run_of, settings)


def _train_or_explain(
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    agent_of: Sequence[int] | NDArray[np.int64],
    run_of: Sequence[int] | NDArray[np.int64],
    settings: Settings,
) -> Training:
    """Train pairs of an agent and a run; where one fails, say where."""
    try:
        return train_pairs(mdp, agents, agent_of, run_of, settings)
    except failures.RuleError as error:
        agent, run = agents[agent_of[error.pair]], int(run_of[error.pair])
        raise RunError(why_failed(mdp, agent, run, settings, error.reason)) from None


def why_failed(mdp: FiniteMDP, agent: Agent, run: int, settings: Settings, reason: str) -> str:
    """Say where a custom rule failed in a run."""
    assert isinstance(agent, Algorithm)
    independent = settings.streams == "independent"
    return failures.why_failed(
        mdp,
        agent,
        run,
        reason,
        episodes=settings.episodes,
        seed=settings.seed,
        max_steps=settings.max_steps,
        key=key_words(agent.key(mdp.fingerprint)) if independent else (),
    )


def train_pairs(
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    agent_of: ArrayLike,
    run_of: ArrayLike,
    settings: Settings,
    *,
    keep_q: bool = True,
) -> Training:
    """Train any N pairs of an agent (its index in `agents`) and a run.

    A run of a built-in agent that diverges is trained again, by a kernel that orders values which
    are not finite as the reference does. So the run does not depend on how the work is cut. Without
    `keep_q`, the Q-values of one of the runs are returned, and memory does not grow with N.

    Raises
    ------
    InputError
        For agents that no kernel exists for, or cannot be compiled for.
    RuleError
        Where a custom rule fails.
    """
    check_compiler()
    agent_index, run_index = np.array(agent_of, np.int64), np.array(run_of, np.int64)
    count, shape = len(agent_index), (mdp.num_states, mdp.num_actions)
    check_room(count, settings.episodes, shape if keep_q else (0, 0))
    states = _stream_states(mdp, agents, agent_index, run_index, settings)
    room = np.zeros((count + 1 if keep_q else 1, *shape))  # one more, for lanes without a run
    q = room[:count]
    output = TrainingOutput(
        np.empty((count, settings.episodes)),
        np.zeros((count, settings.episodes), dtype=np.int32),
        np.empty((count, settings.episodes), dtype=np.bool_),
        np.empty(count, dtype=np.bool_),
        np.zeros(count, dtype=np.bool_),
    )
    for group, learner_of, runs in _by_type(agents, agent_index):
        variant = variant_for(mdp, group, len(runs))
        _fill(variant, mdp, group, learner_of, runs, states, settings.max_steps, room, output)
        lost = output.diverged[runs]
        if np.count_nonzero(lost) and not is_custom(type(group[0])):
            again = _stream_states(mdp, agents, agent_index, run_index, settings)
            _fill(
                CAREFULLY,
                mdp,
                group,
                learner_of[lost],
                runs[lost],
                again,
                settings.max_steps,
                room,
                output,
            )
    if np.count_nonzero(output.diverged):
        one_nan(output.returns)
        one_nan(q)
    return Training(q, output.returns, output.lengths, output.truncated, output.diverged)


def _fill(
    variant: KernelVariant,
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    learner_of: NDArray[np.int64],
    runs: NDArray[np.int64],
    states: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    max_steps: int,
    room: NDArray[np.float64],
    output: TrainingOutput,
) -> None:
    """Let a kernel train some runs of agents of one class; `states` are used up.

    `room`, all zero, has a table for each of N runs, and one more; or it has one for all.
    """
    q = room[: len(output.finished)]
    agent_type = type(agents[0])
    facts, learners = facts_of(agent_type), lay_out_learners(agents)
    rows = facts.rows or variant.in_lanes
    arguments = KernelArguments(
        lay_out_world(mdp, max_steps, rows=rows),
        learners,
        learner_of,
        runs,
        *states,
        q.reshape(len(q), -1) if rows else q,
        lay_out_lanes(mdp, agents, facts, learners, len(runs), room if len(room) > len(q) else None)
        if variant.in_lanes
        else lay_out_work(mdp, agents, facts),
        output,
    )
    if not is_custom(agent_type):
        kernel_for(agent_type, variant)(*arguments)
    elif variant.in_lanes:
        compile_custom.train_in_lanes(agent_type, variant, arguments)
        left = ~output.finished[runs]
        if left.any():  # a rule failed there, or has no form for lanes: the plain loop will say
            alone = variant_for(mdp, agents, 1)
            _fill(alone, mdp, agents, learner_of[left], runs[left], states, max_steps, room, output)
    else:
        compile_custom.train(agent_type, variant, arguments)


def _by_type(
    agents: Sequence[Agent], agent_of: NDArray[np.int64]
) -> Iterator[tuple[Sequence[Agent], NDArray[np.int64], NDArray[np.int64]]]:
    """Give the agents of each class, which of them each run of theirs has, and these runs."""
    types = list(map(type, agents))
    if types.count(types[0]) == len(types):
        yield agents, agent_of, np.arange(len(agent_of))
        return
    for agent_type in dict.fromkeys(types):
        is_one = np.array([other is agent_type for other in types])
        members, runs = np.flatnonzero(is_one), np.flatnonzero(is_one[agent_of])
        yield [agents[int(i)] for i in members], np.searchsorted(members, agent_of[runs]), runs


def _settings(
    mdp: FiniteMDP, episodes: int, seed: int, max_steps: int | None, streams: str, **others: int
) -> Settings:
    """Check the settings of a public call, and its other arguments."""
    limit = mdp.max_steps if max_steps is None else max_steps
    check_arguments(**others, episodes=episodes, seed=seed, max_steps=limit, streams=streams)
    return Settings(episodes, seed, limit, streams)


def check_agent(field: str, agent: object) -> None:
    """Raise `InputError` unless an agent is one that a kernel exists for."""
    if isinstance(agent, type) and issubclass(agent, Agent):
        name = agent.__name__
        raise InputError(f"{field} = {name}: must be an agent, as {name}() with its parentheses")
    if type(agent) not in _BUILT_IN and not isinstance(agent, TDAgent | Algorithm):
        known = ", ".join(known.__name__ for known in AGENTS.values())
        raise InputError(
            f"{field} = {shorten(agent)}: must be {known}, or an Algorithm"
            f"{', or a list of them' if field == 'agents' else ''}"
        )


_BUILT_IN = frozenset(AGENTS.values())


def _stream_states(
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    agent_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    settings: Settings,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Seed the two streams of each run."""
    if settings.streams == "independent":
        words = np.array([key_words(agent.key(mdp.fingerprint)) for agent in agents])
        keys = words[agent_of]
    else:
        keys = np.empty((len(run_of), 0), dtype=np.uint32)
    actions = streams.states(settings.seed, run_of, streams.ACTIONS, keys)
    if mdp.deterministic and mdp.reward_sd is None:
        return actions, np.zeros(actions.shape, dtype=np.uint64)  # nothing is drawn from them
    return actions, streams.states(settings.seed, run_of, streams.ENVIRONMENT, keys)


def key_words(key: str) -> tuple[int, int]:
    """Split an agent's key into the two words that make its streams independent."""
    return int(key[8:], 16), int(key[:8], 16)
