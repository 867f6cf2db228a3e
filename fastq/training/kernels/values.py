"""What an update rule asks of the Q-values of the next state, and how it learns.

A rule is written once. In the plain loop all names here are numbers; in lock-step `lane_values`
stands for `greatest` and the others, and numbers are vectors of lanes. `target_of` and `moved` are
the same for both.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import inlined
from fastq.training.kernels.layout import GENERAL, World
from fastq.training.kernels.policy import current_epsilon, fill_policy
from fastq.training.kernels.scalars import (
    count_best,
    draw_unit,
    equal,
    first_greedy,
    visited,
)
from fastq.training.kernels.scratch import Work
from fastq.training.kernels.step import Transition
from fastq.training.kernels.vector_functions import where


class Row(NamedTuple):
    """The Q-values of a state, in the plain loop."""

    q: NDArray[np.float64]
    first: np.uint64
    """The state's row."""
    world: World
    work: Work
    stream: NDArray[np.uint64]
    """What further uniforms are drawn from."""


class Rows(NamedTuple):
    """The Q-values of a state in two tables."""

    learning: Row
    other: Row


@inlined
def greatest(row: Row) -> float:
    """Give the greatest Q-value of a row."""
    value: float = row.q[row.first + np.uint64(row.work.greedy[row.first])]
    return value


@inlined
def value_at(row: Row, action: Any) -> float:
    """Give the Q-value of an action."""
    value: float = row.q[row.first + np.uint64(action)]
    return value


@inlined
def policy_at(row: Row, agent: Any) -> Work:
    """Find the probabilities by which the next action in a state would be drawn now."""
    work, actions = row.work, row.world.actions
    epsilon = current_epsilon(agent, work, row.first, 1)
    share, greedy = epsilon / len(actions), np.uint64(work.greedy[row.first])
    fill_policy(row.q, row.first, greedy, share, 1.0 - epsilon, agent, work.probabilities, actions)
    return work


@inlined
def probability_of(policy: Work, action: int) -> float:
    """Give the probability of an action."""
    probability: float = policy.probabilities[action]
    return probability


@inlined
def both(rows: Rows) -> tuple[Row, Row]:
    """Give the row in the table that learns, and in the other one."""
    return rows.learning, rows.other


@inlined
def drawn_best(row: Row, step: Transition, agent: Any) -> np.uint64:
    """Give one of the best actions of a row: the first or, with random ties, drawn."""
    greedy, value = first_greedy(row.q, row.first, row.world.actions)
    if GENERAL and agent.ties != 0.0:
        left = int(draw_unit(row.stream) * count_best(row.q, row.first, value, row.world.actions))
        for other in range(num_actions_of(row)):
            action = np.uint64(other)
            if equal(value_at(row, action), value):
                if left == 0:
                    return action
                left -= 1
    return greedy


@inlined
def num_actions_of(row: Row) -> int:
    """Count the actions of a row."""
    return len(row.world.actions)


@inlined
def target_of(step: Transition, agent: Any, ahead: Any) -> Any:
    """Give the target of a step; termination cuts the value of what lies ahead."""
    return where(step.terminated, step.reward, step.reward + agent.gamma * ahead)


@inlined
def moved(value: Any, alpha: Any, target: Any) -> Any:
    """Move a value by the step size towards its target."""
    return value + alpha * (target - value)


@inlined
def move_towards(
    q: NDArray[np.float64],
    pair: np.uint64,
    target: float,
    agent: Any,
    updates: NDArray[np.int64],
) -> None:
    """Move a Q-value by the step size towards its target."""
    alpha = agent.alpha
    if GENERAL and agent.alpha_power > 0.0:
        updates[pair] += 1
        alpha = visited(agent.alpha_power, updates[pair])
    q[pair] = moved(q[pair], alpha, target)
