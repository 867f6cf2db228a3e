"""A tick: one step in every lane, by loops without branches.

This file is part of the template of `lockstep`; its names have Q-learning's values here. `learn`
updates all lanes. In it, `bootstrap` gives the value of the next state and `greedy_at` its best
action. ``NUM_TABLES`` is the number of Q-tables of each lane. ``ON_POLICY`` is as in `loop`.
``STOCHASTIC`` says whether outcomes are drawn, ``RANDOM_TIES`` whether best actions that are equal
are looked for.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.intrinsics import vectorised
from fastq.base.jit import inlined, staged
from fastq.training.kernels.lanes import (
    ACTION,
    ALPHA,
    ENVIRONMENT,
    GAMMA,
    GREEDY,
    LANES,
    LENGTH,
    OUTCOME,
    PAIR,
    RETURN,
    REWARD,
    ROW,
    TABLE,
    TIED,
    TIES,
    TRANSITION,
    VALUE,
    draw,
)
from fastq.training.kernels.layout import RANDOM_TIES, STOCHASTIC
from fastq.training.kernels.q_learning import bootstrap

NUM_TABLES = 1
ON_POLICY = False

_ZERO, _ONE = np.uint64(0), np.uint64(1)
NONE = np.uint64(2**63)
"""No action, and no row."""


@staged
def draw_outcomes(
    words: NDArray[np.uint64], cumulative: NDArray[np.uint64], num_outcomes: np.uint64
) -> None:
    """Draw one of the outcomes of the state and action of each lane, as `draw_outcome` does."""
    vectorised()
    for i in range(LANES):
        words[OUTCOME + np.uint64(i)] = draw(words, ENVIRONMENT, np.uint64(i))
    for i in range(LANES):
        lane = np.uint64(i)
        first = (words[ROW + lane] + words[ACTION + lane]) * num_outcomes
        passed = _ZERO
        for index in range(num_outcomes):
            passed += np.uint64(cumulative[first + index] <= words[OUTCOME + lane])
        words[OUTCOME + lane] = first + (passed if passed < num_outcomes else _ZERO)


@inlined
def take_step(
    words: NDArray[np.uint64],
    numbers: NDArray[np.float64],
    transitions: NDArray[np.uint64],
    rewards: NDArray[np.float64],
    lane: np.uint64,
) -> None:
    """Find out what comes of a lane's action, and which pair learns from it."""
    row, action = words[ROW + lane], words[ACTION + lane]
    outcome = words[OUTCOME + lane] if STOCHASTIC else row + action
    words[TRANSITION + lane] = transitions[outcome]
    numbers[REWARD + lane] = rewards[outcome]
    words[PAIR + lane] = words[TABLE + lane] + np.uint64(NUM_TABLES) * row + action


@staged
def look_ahead(
    words: NDArray[np.uint64],
    numbers: NDArray[np.float64],
    q: NDArray[np.float64],
    transitions: NDArray[np.uint64],
    rewards: NDArray[np.float64],
    actions: Any,
) -> None:
    """Take a step in each lane; find the greedy action that it leads to."""
    vectorised()
    for i in range(LANES):
        lane = np.uint64(i)
        take_step(words, numbers, transitions, rewards, lane)
        there = words[TABLE + lane] + (words[TRANSITION + lane] >> _ONE)
        words[GREEDY + lane] = greedy_at(q, there, actions)
        if RANDOM_TIES:
            words[TIED + lane] = words[TIES + lane] & tied_with(q, there, NONE, 0.0, actions)


@inlined
def tied_with(
    q: NDArray[np.float64], row: np.uint64, changed: np.uint64, value: float, actions: Any
) -> np.uint64:
    """Say whether several actions of a row are the best, of which one has changed to a value."""
    best = value if changed == _ZERO else q[row]
    tied = _ZERO
    for other in range(1, len(actions)):
        action = np.uint64(other)
        stored = q[row + action]
        candidate = value if changed == action else stored
        tied = _ONE if candidate == best else tied
        tied = _ZERO if candidate > best else tied
        best = candidate if candidate > best else best
    return tied


@inlined
def greedy_with(
    q: NDArray[np.float64], row: np.uint64, changed: np.uint64, value: float, actions: Any
) -> np.uint64:
    """Find the first of the best actions of a row, of which one has changed to a value."""
    best = value if changed == _ZERO else q[row]
    greedy = _ZERO
    for other in range(1, len(actions)):
        action = np.uint64(other)
        stored = q[row + action]
        candidate = value if changed == action else stored
        better = candidate > best
        greedy = action if better else greedy
        best = candidate if better else best
    return greedy


@inlined
def greedy_at(q: NDArray[np.float64], row: np.uint64, actions: Any) -> np.uint64:
    """Find the first of the best actions of a row."""
    return greedy_with(q, row, NONE, 0.0, actions)


@staged
def learn(
    words: NDArray[np.uint64],
    numbers: NDArray[np.float64],
    q: NDArray[np.float64],
    transitions: NDArray[np.uint64],
    rewards: NDArray[np.float64],
    actions: Any,
    max_steps: int,
) -> np.uint64:
    """Learn from a step in each lane; return in which lanes it ended an episode, as bits."""
    vectorised()
    ended = _ZERO
    for i in range(LANES):
        lane = np.uint64(i)
        if not ON_POLICY:
            take_step(words, numbers, transitions, rewards, lane)
        row, next_row = words[ROW + lane], words[TRANSITION + lane] >> _ONE
        there = words[TABLE + lane] + next_row
        ahead = bootstrap(q, there, words, numbers, lane, actions)
        value = moved(words, numbers, lane, q[words[PAIR + lane]], ahead)
        numbers[VALUE + lane] = value
        if not ON_POLICY:
            changed = words[ACTION + lane] if next_row == row else NONE
            words[GREEDY + lane] = greedy_with(q, there, changed, value, actions)
            if RANDOM_TIES:
                tied = tied_with(q, there, changed, value, actions)
                words[TIED + lane] = words[TIES + lane] & tied
        ended |= count_step(words, numbers, lane, max_steps) << lane
    return ended


@inlined
def moved(
    words: NDArray[np.uint64],
    numbers: NDArray[np.float64],
    lane: np.uint64,
    value: float,
    ahead: float,
) -> float:
    """Move a value by a lane's step size towards its target."""
    reward, terminated = numbers[REWARD + lane], words[TRANSITION + lane] & _ONE
    target = reward + numbers[GAMMA + lane] * ahead
    target = reward if terminated else target
    return float(value + numbers[ALPHA + lane] * (target - value))


@inlined
def count_step(
    words: NDArray[np.uint64], numbers: NDArray[np.float64], lane: np.uint64, max_steps: int
) -> np.uint64:
    """Count a lane's step, go to the next state, and say whether the episode ends with it."""
    numbers[RETURN + lane] += numbers[REWARD + lane]
    words[LENGTH + lane] += _ONE
    transition = words[TRANSITION + lane]
    words[ROW + lane] = transition >> _ONE
    return np.uint64((transition & _ONE) | (words[LENGTH + lane] >= np.uint64(max_steps)))


@staged
def store(words: NDArray[np.uint64], numbers: NDArray[np.float64], q: NDArray[np.float64]) -> None:
    """Write what the lanes have learned, when all have read what was."""
    for i in range(LANES):
        lane = np.uint64(i)
        q[words[PAIR + lane]] = numbers[VALUE + lane]
