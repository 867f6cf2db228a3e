"""Kernel and reference side by side: the same runs by both, compared to the last bit.

The reference steps a real gymnasium environment, whose generator is set to the run's environment
stream. A run that diverges is compared like any other, and NaN equals NaN.
"""

import copy
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.wrappers import TimeLimit
from numpy.typing import NDArray

from fastq.agents import reference
from fastq.agents.algorithm import Algorithm
from fastq.agents.reference import custom
from fastq.agents.td_control import Agent, TDAgent
from fastq.base.errors import InputError, RunError
from fastq.base.validation import check_arguments, shorten
from fastq.mdp.arrays import one_nan
from fastq.mdp.find import find_mdp
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.mdp.tabular_env import TabularEnv
from fastq.training import failures, streams
from fastq.training.kernels.lanes import FEWEST_RUNS
from fastq.training.loops import how_trained
from fastq.training.train import Training, check_agent, train, train_batch

_INDICES = {
    "lengths": "episode {}",
    "truncated": "episode {}",
    "returns": "episode {}",
    "q": "state {}, action {}",
}


class Parity(NamedTuple):
    """What `check_parity` compared, and found equal."""

    agent: Agent
    environment: str
    runs: int
    episodes: int
    steps: int
    """Of all episodes and runs."""
    batches: str
    """How a batch of such runs is trained: ``in lock-step``, or ``one run after another, because:
    ...``. A batch was compared, too."""


def check_parity(
    agent: Agent,
    mdp: FiniteMDP | gymnasium.Env[Any, Any] | str,
    *,
    episodes: int = 50,
    seed: int = 0,
    runs: int = 2,
    max_steps: int | None = None,
) -> Parity:
    """Train with the kernel and with the reference in plain Python, and compare all bits.

    The runs are trained alone and in a batch of eight at least, as a sweep would train them.

    Parameters
    ----------
    agent : Agent
        One of fastq's own, or an `Algorithm`.
    mdp : FiniteMDP, gymnasium.Env or str
        An environment, or the id of one. One that is made already is stepped itself.
    episodes, seed, runs, max_steps
        As for `train_batch`.

    Returns
    -------
    Parity
        What was compared, and found equal.

    Raises
    ------
    RunError
        Naming the first difference, or where a rule of a custom algorithm fails.
    InputError
        For an argument that is not allowed.
    """
    check_arguments(runs=runs, episodes=episodes, seed=seed)
    tables = find_mdp(mdp, field="mdp")
    check_agent("agent", agent)
    env = _environment(mdp, tables)
    several, steps = max(runs, FEWEST_RUNS), 0
    limit: dict[str, Any] = {"max_steps": max_steps}
    batch = train_batch(tables, agent, episodes=episodes, seed=seed, runs=several, **limit)
    for run in range(runs):
        options: dict[str, Any] = {"episodes": episodes, "seed": seed, "run": run}
        kernel = train(tables, agent, **options, max_steps=max_steps)
        try:
            expected = reference_run(agent, env, **options, max_steps=max_steps or tables.max_steps)
        except Exception as error:
            if not isinstance(agent, Algorithm):
                raise
            difference = f"{failures.where(agent, error)} in plain Python, but not when compiled"
        else:
            difference = _difference(kernel, expected)
            difference = difference or _difference(_run_of(batch, run), kernel, _LOOPS)
        if difference:
            raise RunError(f"{agent!r} on {tables.name}, run {run}: {difference}")
        steps += int(kernel.lengths.sum())
    batches = how_trained(tables, agent, several)
    return Parity(agent, tables.name, runs, episodes, steps, batches)


def _run_of(batch: Training, run: int) -> Training:
    """Take a run out of a batch."""
    return Training(*(getattr(batch, field.name)[run] for field in fields(Training)))


def reference_run(
    agent: Agent,
    env: gymnasium.Env[Any, Any],
    *,
    episodes: int,
    seed: int,
    run: int = 0,
    max_steps: int | None = None,
    key: Sequence[int] = (),
) -> Training:
    """Train one run with the reference.

    Parameters
    ----------
    agent : Agent
    env : gymnasium.Env
        With discrete observations and actions, whose randomness comes from ``np_random`` alone.
    episodes, seed, run
        As for `train`.
    max_steps : int, optional
        Time limit of an episode, instead of the environment's own.
    key : sequence of int
        The words that set the agent's streams apart; empty for common streams.

    Returns
    -------
    Training
        What `train` must give for the environment's tables.
    """
    if max_steps is not None:
        env = TimeLimit(_without_limit(env.unwrapped), max_steps)
    env.unwrapped.np_random = streams.generator(seed, run, streams.ENVIRONMENT, key)
    rng = streams.generator(seed, run, streams.ACTIONS, key)
    with np.errstate(all="ignore"):
        q, stats = _learn(agent, env, episodes, rng)
    returns = stats.episode_rewards
    finite = np.isfinite(q).all() and (np.abs(returns) <= sys.float_info.max / episodes).all()
    for values in (q, returns):
        one_nan(values)
    return Training(
        q,
        returns,
        stats.episode_lengths.astype(np.int32),
        stats.episode_truncated,
        np.asarray(not finite),
    )


def _learn(
    agent: Agent, env: gymnasium.Env[Any, Any], episodes: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], reference.EpisodeStats]:
    """Call the reference of an agent; give its Q-table as an array."""
    if isinstance(agent, Algorithm):
        return custom.learn(env, agent, episodes, rng)
    if not isinstance(agent, TDAgent):
        raise InputError(f"agent = {shorten(agent)}: must be one of fastq's, or an Algorithm")
    hyperparameters = {name: getattr(agent, name) for name in type(agent).model_fields}
    discount_factor = hyperparameters.pop("gamma")
    learn = getattr(reference, agent.name)
    table, stats = learn(env, episodes, discount_factor, rng=rng, **hyperparameters)
    states = int(env.observation_space.n)  # type: ignore[attr-defined]
    return np.array([table[state] for state in range(states)]), stats


def _without_limit(env: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
    """Give an environment without the time limit that those of fastq may keep themselves."""
    if not isinstance(env, TabularEnv):
        return env
    endless = copy.copy(env)
    endless.max_steps = None
    return endless


def _environment(
    mdp: FiniteMDP | gymnasium.Env[Any, Any] | str, tables: FiniteMDP
) -> gymnasium.Env[Any, Any]:
    """Make a real environment; one of a file is made of its tables."""
    if isinstance(mdp, FiniteMDP) or (isinstance(mdp, str) and mdp.endswith(".npz")):
        return tables.to_gymnasium()
    return gymnasium.make(mdp) if isinstance(mdp, str) else mdp


_PLACES = "the kernel", "the reference"
_LOOPS = "a batch", "the run alone"


def _difference(one: Training, other: Training, places: tuple[str, str] = _PLACES) -> str:
    """Say where two runs first differ; nothing where they are equal."""
    here, there = places
    if one.diverged != other.diverged:
        return f"diverged: {one.diverged} in {here}, {other.diverged} in {there}"
    for name, words in _INDICES.items():
        left, right = getattr(one, name), getattr(other, name)
        for index in map(tuple, np.argwhere(_differ(left, right))):
            values = f"{left[index].item()!r} in {here}, {right[index].item()!r} in {there}"
            return f"{name} of {words.format(*index)}: {values}"
    return ""


def _differ(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Compare values by their bits: -0.0 is not 0.0 here."""
    if left.dtype == np.float64:
        left, right = left.view(np.int64), right.view(np.int64)
    return np.asarray(left != right)
