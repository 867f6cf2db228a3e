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
from fastq.base.intrinsics import vectorised
from fastq.base.jit import inlined, staged
from fastq.training.kernels.facts import Draws, KernelFacts
from fastq.training.kernels.lane_step import NONE, count_step, moved, take_step
from fastq.training.kernels.lanes import (
    ACTION,
    GREEDY,
    LANES,
    PAIR,
    ROW,
    STREAM,
    TABLE,
    TRANSITION,
    VALUE,
    draw,
)
from fastq.training.kernels.layout import GENERAL, World
from fastq.training.kernels.policy import renew_greedy
from fastq.training.kernels.scalars import count_best, draw_unit, equal, first_greedy, mean
from fastq.training.kernels.scratch import Work
from fastq.training.kernels.step import Transition, move_towards

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_HIGHEST = np.uint64(52)
"""Of the bits of a uniform: it is set in the upper half."""


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
    target = step.reward
    if not step.terminated:
        best = _draw_best(learning, step.next_state, agent, world, stream)
        target += agent.gamma * other[step.next_state + best]
    pair = step.state + step.action
    move_towards(learning, pair, target, agent, work.updates[chosen])
    q[pair] = mean(work.tables[0, pair], work.tables[1, pair])
    renew_greedy(q, step.state, step.action, world, work)


@inlined
def start_value(initial_value: float) -> float:
    """Give the mean of two initial values: another than these where they are almost 0."""
    return mean(initial_value, initial_value)


@inlined
def _draw_best(
    q: NDArray[np.float64],
    row: np.uint64,
    agent: Any,
    world: World,
    stream: NDArray[np.uint64],
) -> np.uint64:
    """Give the first of the best actions of a row or, with random ties, draw one of them."""
    greedy, value = first_greedy(q, row, world.actions)
    if GENERAL and agent.ties != 0.0:
        left = int(draw_unit(stream) * count_best(q, row, value, world.actions))
        for other in range(len(world.actions)):
            action = np.uint64(other)
            if equal(q[row + action], value):
                if left == 0:
                    return action
                left -= 1
    return greedy


@staged
def learn_lanes(
    words: NDArray[np.uint64],
    numbers: NDArray[np.float64],
    q: NDArray[np.float64],
    transitions: NDArray[np.uint64],
    rewards: NDArray[np.float64],
    actions: Any,
    max_steps: int,
) -> np.uint64:
    """Learn from a step in each lane, as `lockstep.learn` does."""
    vectorised()
    ended, width = _ZERO, np.uint64(len(actions))
    for i in range(LANES):
        lane = np.uint64(i)
        take_step(words, numbers, transitions, rewards, lane)
        chosen = draw(words, STREAM, lane) >> _HIGHEST
        row, next_row = words[ROW + lane], words[TRANSITION + lane] >> _ONE
        there = words[TABLE + lane] + _TWO * next_row
        ahead = value_ahead(q, there, chosen, actions)
        pair = words[PAIR + lane] + chosen * width
        value = moved(words, numbers, lane, q[pair], ahead)
        changed = words[ACTION + lane] if next_row == row else NONE
        words[GREEDY + lane] = greedy_of_mean(q, there, changed, chosen, value, actions)
        words[PAIR + lane], numbers[VALUE + lane] = pair, value
        ended |= count_step(words, numbers, lane, max_steps) << lane
    return ended


@inlined
def value_ahead(q: NDArray[np.float64], row: np.uint64, chosen: np.uint64, actions: Any) -> float:
    """Give what the other table says of the action that is best in the chosen one."""
    width = np.uint64(len(actions))
    best, ahead = 0.0, 0.0
    for action in range(len(actions)):
        first, second = q[row + np.uint64(action)], q[row + width + np.uint64(action)]
        candidate = second if chosen else first
        other = first if chosen else second
        better = (candidate > best) | (action == 0)
        best = candidate if better else best
        ahead = other if better else ahead
    return ahead


@inlined
def greedy_of_mean(
    q: NDArray[np.float64],
    row: np.uint64,
    changed: np.uint64,
    chosen: np.uint64,
    value: float,
    actions: Any,
) -> np.uint64:
    """Find the first of the best actions by the mean of both tables, of which one has changed."""
    width = np.uint64(len(actions))
    best, greedy = 0.0, _ZERO
    for other in range(len(actions)):
        action = np.uint64(other)
        first, second = q[row + action], q[row + width + action]
        first = value if (changed == action) & (chosen == _ZERO) else first
        second = value if (changed == action) & (chosen == _ONE) else second
        candidate = mean(first, second)
        better = (candidate > best) | (other == 0)
        greedy = action if better else greedy
        best = candidate if better else best
    return greedy


@inlined
def greedy_at(q: NDArray[np.float64], row: np.uint64, actions: Any) -> np.uint64:
    """Find the greedy action of a state, in lock-step."""
    return greedy_of_mean(q, row, NONE, _ZERO, 0.0, actions)


FACTS = KernelFacts(
    agent=DoubleQLearning,
    names={"update": update, "start_value": start_value},
    lane_names={"learn": learn_lanes, "greedy_at": greedy_at},
    lane_ties=False,
    further_tables=2,
    draws=Draws(update=1, random_ties=1),
)
