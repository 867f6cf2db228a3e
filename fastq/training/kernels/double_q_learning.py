"""The update rule of Double Q-learning.

A fair coin says which table, i, learns from the other, j:
``Qi(S, A) <- Qi(S, A) + alpha * (R + gamma * Qj(S', argmax_a Qi(S', a)) - Qi(S, A))``; termination
cuts the bootstrap. With random ties the argmax takes one more uniform, after the coin. The agent
acts on ``Q1 / 2 + Q2 / 2``, which does not overflow where the tables do not.

Source: van Hasselt (2010); Sutton & Barto, 2nd edition, section 6.7.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import DoubleQLearning
from fastq.base.jit import inlined
from fastq.training.kernels import lane_values
from fastq.training.kernels.facts import Draws, KernelFacts
from fastq.training.kernels.lanes import CHOSEN, PAIR, STREAM, Lanes, draw_in_group
from fastq.training.kernels.layout import World
from fastq.training.kernels.policy import renew_greedy
from fastq.training.kernels.rows import put, words
from fastq.training.kernels.scalars import draw_unit, mean
from fastq.training.kernels.scratch import Work
from fastq.training.kernels.step import Transition
from fastq.training.kernels.values import (
    Row,
    Rows,
    both,
    drawn_best,
    move_towards,
    target_of,
    value_at,
)
from fastq.training.kernels.vector_functions import where

_ZERO = np.uint64(0)
_HIGHEST = np.uint64(2**52)
"""Of the bits of a uniform: it is set in the upper half."""


@inlined
def ahead(row: Any, step: Transition, agent: Any) -> Any:
    """Give the value of the next state: what the other table says of the best action."""
    learning, other = both(row)
    return value_at(other, drawn_best(learning, step, agent))


@inlined
def update(
    q: NDArray[np.float64],
    step: Transition,
    agent: Any,
    world: World,
    work: Work,
    stream: NDArray[np.uint64],
) -> None:
    """Learn from a step in one of the tables, and keep their mean, which the agent acts on."""
    chosen = np.uint64(0) if draw_unit(stream) < 0.5 else np.uint64(1)
    learning, other = work.tables[chosen], work.tables[np.uint64(1) - chosen]
    value = 0.0
    if not step.terminated:
        rows = Rows(
            Row(learning, step.next_state, world, work, stream),
            Row(other, step.next_state, world, work, stream),
        )
        value = ahead(rows, step, agent)
    pair = step.state + step.action
    move_towards(learning, pair, target_of(step, agent, value), agent, work.updates[chosen])
    q[pair] = mean(work.tables[0, pair], work.tables[1, pair])
    renew_greedy(q, step.state, step.action, world, work)


@inlined
def start_value(initial_value: float) -> float:
    """Give the mean of two initial values: another than these where they are almost 0."""
    return mean(initial_value, initial_value)


@inlined
def learning_column(lanes: Lanes, at: np.uint64, action: Any) -> Any:
    """Choose in each lane which table learns; give its column of the action."""
    memory = lanes.words
    coin = draw_in_group(memory, at + STREAM) & _HIGHEST
    first = where(coin != _ZERO, np.uint64(len(lanes.actions)), _ZERO)
    put(memory, at + CHOSEN, first)
    put(memory, at + PAIR, words(memory, at + PAIR) + first)
    return action + first


FACTS = KernelFacts(
    agent=DoubleQLearning,
    names={"update": update, "ahead": ahead, "start_value": start_value},
    lane_names={
        "learning_column": learning_column,
        "both": lane_values.both,
        "drawn_best": lane_values.drawn_best,
    },
    further_tables=2,
    draws=Draws(update=1, random_ties=1),
)
