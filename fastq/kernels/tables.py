"""An MDP and its agents laid out for the kernels: flat arrays, rows in place of states.

A *row* is ``state * num_actions``, where the state's Q-values begin in the flat table; transitions
store the next row, so that no step multiplies. Uniforms are compared as the 53-bit integers k from
which NumPy makes them (``u = k * 2**-53``): ``c <= u`` exactly where ``ceil(c * 2**53) <= k``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.agents import QLearning
from fastq.mdp import FiniteMDP

UNROLLED_ACTIONS = 16
"""Up to this many actions, their number is a constant of the compiled code."""

Rows = NDArray[np.uint64]
Thresholds = NDArray[np.uint64]


class World(NamedTuple):
    """The tables of an MDP; outcome k of row + action stands at ``(row + action) * K + k``."""

    next_row: Rows
    reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    cumulative: Thresholds
    start_rows: Rows
    start_cumulative: Thresholds
    num_outcomes: np.uint64
    deterministic: bool
    max_steps: int
    actions: tuple[int, ...] | NDArray[np.int64]
    """The actions: a tuple, whose length is part of its type, so that loops over few actions are
    unrolled; an array where there are many, for which one compiled kernel serves all numbers."""


class Learners(NamedTuple):
    """Hyperparameters of M agents."""

    alpha: NDArray[np.float64]
    gamma: NDArray[np.float64]
    initial_value: NDArray[np.float64]
    policy: Thresholds
    """Shape (M, A * A): `epsilon_greedy_thresholds` of each agent."""


def lay_out_world(mdp: FiniteMDP, max_steps: int) -> World:
    """Lay out an MDP, with a time limit in place of its own."""
    num_actions = mdp.num_actions
    start_states = np.flatnonzero(mdp.start)
    return World(
        next_row=(mdp.next_state.astype(np.uint64) * np.uint64(num_actions)).ravel(),
        reward=mdp.reward.ravel(),
        terminated=mdp.terminated.ravel(),
        cumulative=_thresholds(np.cumsum(mdp.probability, axis=2)).ravel(),
        start_rows=start_states.astype(np.uint64) * np.uint64(num_actions),
        start_cumulative=_thresholds(np.cumsum(mdp.start)[start_states]),
        num_outcomes=np.uint64(mdp.num_outcomes),
        deterministic=mdp.deterministic,
        max_steps=max_steps,
        actions=(
            tuple(range(num_actions)) if num_actions <= UNROLLED_ACTIONS else np.arange(num_actions)
        ),
    )


def lay_out_learners(agents: Sequence[QLearning], num_actions: int) -> Learners:
    """Lay out the hyperparameters of M agents."""
    return Learners(
        alpha=np.array([agent.alpha for agent in agents]),
        gamma=np.array([agent.gamma for agent in agents]),
        initial_value=np.array([agent.initial_value for agent in agents]),
        policy=np.array(
            [epsilon_greedy_thresholds(agent.epsilon, num_actions).ravel() for agent in agents]
        ),
    )


def epsilon_greedy_thresholds(epsilon: float, num_actions: int) -> Thresholds:
    """Tabulate where `Generator.choice` changes its draw from an epsilon-greedy policy.

    Row g belongs to greedy action g: the draw is the number of its thresholds at or below k. Each
    row repeats NumPy's own steps (sum up the probabilities, divide by the last sum), rounding
    included, so that the draws are equal, not close.

    Returns
    -------
    array of uint64, shape (A, A)
    """
    probability = np.full((num_actions, num_actions), epsilon / num_actions)
    probability[np.diag_indices(num_actions)] += 1.0 - epsilon
    cumulative = np.cumsum(probability, axis=1)
    return _thresholds(cumulative / cumulative[:, -1:])


def _thresholds(cumulative: NDArray[np.float64]) -> Thresholds:
    """Turn cumulative probabilities c into the least k for which ``c <= k * 2**-53``."""
    return np.ceil(cumulative * 2.0**53).astype(np.uint64)
