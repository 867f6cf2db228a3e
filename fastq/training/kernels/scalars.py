"""The scalar laws of one step, shared by all rules: draws, greedy actions, schedules.

Each repeats, bit for bit, what NumPy and Python do in the reference. `k` is a uniform as an integer
of 53 bits, as in `layout`. Indices are unsigned: a signed one costs a wrap-around check.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import inlined
from fastq.training.kernels.layout import (
    CAREFUL,
    EXPONENTIAL,
    GENERAL,
    LINEAR,
    STOCHASTIC,
    Learners,
    World,
)
from fastq.training.kernels.normal import normal_quantile
from fastq.training.streams import next_bits

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_ELEVEN = np.uint64(11)
LARGEST = np.finfo(np.float64).max
_STEP = 2.0**-53
_HALF_A_STEP = 2.0**-54


@inlined
def draw(stream: NDArray[np.uint64]) -> np.uint64:
    """Draw a uniform, as an integer of 53 bits, from a stream's SFC64 state, shape (4,)."""
    bits, stream[0], stream[1], stream[2], stream[3] = next_bits(
        stream[0], stream[1], stream[2], stream[3]
    )
    return bits >> _ELEVEN


@inlined
def draw_unit(stream: NDArray[np.uint64]) -> float:
    """Draw a uniform in [0, 1), as `Generator.random` does."""
    return draw(stream) * _STEP


@inlined
def greater(value: float, other: float) -> bool:
    """Say whether a value is greater than another.

    In careful kernels NaN is greater than any number, as in `numpy.argmax`. All others are for runs
    whose values are finite.
    """
    return bool(value > other or (CAREFUL and math.isnan(value) and not math.isnan(other)))


@inlined
def equal(value: float, other: float) -> bool:
    """Say whether two values are equal; in careful kernels NaN equals NaN."""
    return bool(value == other or (CAREFUL and math.isnan(value) and math.isnan(other)))


@inlined
def count_best(q: NDArray[np.float64], row: np.uint64, best: float, actions: Any) -> int:
    """Count the actions of the greatest value."""
    count = 0
    for action in range(len(actions)):
        count += equal(q[row + np.uint64(action)], best)
    return count


@inlined
def first_greedy(q: NDArray[np.float64], row: np.uint64, actions: Any) -> tuple[np.uint64, float]:
    """Find the first of the best actions of a row, as `numpy.argmax` does, and its value.

    Selects instead of branches: a learning agent's choice is hard to predict.
    """
    best, value = _ZERO, q[row]
    for other in range(1, len(actions)):
        action = np.uint64(other)
        candidate = q[row + action]
        better = greater(candidate, value)
        best = action if better else best
        value = candidate if better else value
    return best, value


@inlined
def draw_start(world: World, stream: NDArray[np.uint64]) -> np.uint64:
    """Draw a start state, as gymnasium's `categorical_sample` does."""
    return find_start(world, draw(stream) if STOCHASTIC and not world.deterministic else _ZERO)


@inlined
def find_start(world: World, k: np.uint64) -> np.uint64:
    """Find the start state that a uniform draws."""
    index = np.int64(0)
    if STOCHASTIC and not world.deterministic:
        index = np.searchsorted(world.start_cumulative, k, side="right")
        if index == len(world.start_states):  # only where rounding leaves the last sum below 1
            return _ZERO
    start: np.uint64 = world.start_states[index]
    return start


@inlined
def draw_outcome(world: World, pair: np.uint64, stream: NDArray[np.uint64]) -> np.uint64:
    """Draw one of the outcomes of a pair of state and action, as `categorical_sample` does."""
    if not STOCHASTIC or world.deterministic:
        return pair
    k, first = draw(stream), pair * world.num_outcomes
    for index in range(world.num_outcomes):
        outcome = first + np.uint64(index)
        if world.cumulative[outcome] > k:
            return outcome
    return first  # where rounding leaves the last sum below 1, gymnasium's argmax of nothing is 0


@inlined
def draw_reward(world: World, outcome: np.uint64, stream: NDArray[np.uint64]) -> float:
    """Draw the reward of an outcome: a uniform is used only where it is random."""
    mean: float = world.reward[outcome]
    if GENERAL and world.random_rewards and world.reward_sd[outcome] > 0.0:
        return random_reward(draw_unit(stream), mean, world.reward_sd[outcome])
    return mean


@inlined
def random_reward(u: float, mean: float, sd: float) -> float:
    """Give the normally distributed reward that a uniform draws."""
    return normal_quantile(max(u, _HALF_A_STEP), mean, sd)


@inlined
def visited(power: float, n: np.int64) -> float:
    """Give what a schedule by visits has at the n-th visit."""
    return 1.0 / np.float64(n) ** power


@inlined
def reschedule(learners: Learners, learner: int, episode: int) -> None:
    """Bring a learner's values up to an episode."""
    for field in range(learners.values.shape[1]):
        kind, a, b, c = learners.schedules[learner, field]
        if kind == LINEAR:
            learners.values[learner, field] = a + (b - a) * min(episode / c, 1.0)
        elif kind == EXPONENTIAL:
            learners.values[learner, field] = max(c, a * b ** np.float64(episode))


@inlined
def mean(one: float, other: float) -> float:
    """Give the mean of two values, which is finite where they are."""
    return one / 2.0 + other / 2.0


@inlined
def start_value(initial_value: float) -> float:
    """Give what Q-values start from."""
    return initial_value


@inlined
def has_diverged(q: NDArray[np.float64], returns: NDArray[np.float64]) -> bool:
    """Say whether a Q-value of a run is not finite, or a return is too great to be summed."""
    return not (all_within(q, LARGEST) and all_within(returns, LARGEST / len(returns)))


@inlined
def all_within(values: NDArray[np.float64], bound: float) -> bool:
    """Say whether all values are numbers, and none is farther from 0 than a bound."""
    within = True
    for value in values.flat:
        within &= bool(abs(value) <= bound)  # NaN is not
    return within
