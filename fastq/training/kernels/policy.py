"""The behaviour of the TD-control family: which action is drawn in a state.

The reference fills in the policy's probabilities and draws with `Generator.choice`. That sums them
up, divides by the last sum, and counts the sums at or below a uniform. With one best action, the
epsilon-greedy sums are multiples of epsilon / A, but for rounding and the greedy part. So the
action follows from the uniform alone. If the uniform lies within rounding error of such a sum, the
action is drawn exactly as the reference does.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import inlined
from fastq.training.kernels.layout import CAREFUL, GENERAL, World
from fastq.training.kernels.scalars import count_best, draw, equal, first_greedy, visited
from fastq.training.kernels.scratch import Work

_STEP = 2.0**-53
_MARGIN = 1e-9
"""Far above the rounding of sums of up to a million probabilities, far below any that matters."""


@inlined
def act(
    q: NDArray[np.float64],
    row: np.uint64,
    agent: Any,
    world: World,
    work: Work,
    stream: NDArray[np.uint64],
) -> np.uint64:
    """Draw the action to take in a state, by one uniform."""
    k = draw(stream)
    if GENERAL and agent.epsilon_power > 0.0:
        work.draws[row] += 1
    epsilon = current_epsilon(agent, work, row, 0)
    if not (GENERAL and agent.temperature > 0.0):
        greedy = np.uint64(work.greedy[row])
        if (
            not GENERAL
            or agent.ties == 0.0
            or count_best(q, row, q[row + greedy], world.actions) == 1
        ):
            action, certain = _greedy_or_uniform(k, greedy, epsilon, len(world.actions))
            if certain:
                return action
    fill_policy(q, row, epsilon, agent, world, work)
    return draw_as_choice(k, work.probabilities)


@inlined
def current_epsilon(agent: Any, work: Work, row: np.uint64, ahead: int) -> float:
    """Give epsilon in a state, after so many draws more than were made there."""
    if GENERAL and agent.epsilon_power > 0.0:
        return visited(agent.epsilon_power, work.draws[row] + ahead)
    epsilon: float = agent.epsilon
    return epsilon


@inlined
def fill_policy(
    q: NDArray[np.float64],
    row: np.uint64,
    epsilon: float,
    agent: Any,
    world: World,
    work: Work,
) -> None:
    """Write down the probability of each action in a state."""
    probabilities, greedy = work.probabilities, np.uint64(work.greedy[row])
    best = q[row + greedy]
    if GENERAL and agent.temperature > 0.0:
        if CAREFUL and not math.isfinite(best):
            count = count_best(q, row, best, world.actions)
            for action in range(len(world.actions)):
                probabilities[action] = equal(q[row + np.uint64(action)], best) / count
            return
        total = 0.0
        for action in range(len(world.actions)):
            weight = math.exp((q[row + np.uint64(action)] - best) / agent.temperature)
            probabilities[action] = weight
            total += weight
        for action in range(len(world.actions)):
            probabilities[action] /= total
        return
    probabilities[:] = epsilon / len(world.actions)
    if not GENERAL or agent.ties == 0.0:
        probabilities[greedy] += 1.0 - epsilon
        return
    bonus = (1.0 - epsilon) / count_best(q, row, best, world.actions)
    for action in range(len(world.actions)):
        if equal(q[row + np.uint64(action)], best):
            probabilities[action] += bonus


@inlined
def renew_greedy(
    q: NDArray[np.float64], row: np.uint64, changed: np.uint64, world: World, work: Work
) -> None:
    """Find the first of the best actions of a state again, one of whose Q-values has changed."""
    greedy = np.uint64(work.greedy[row])
    if CAREFUL or changed == greedy:
        work.greedy[row], _ = first_greedy(q, row, world.actions)
    else:
        value, best = q[row + changed], q[row + greedy]
        if value > best or (value == best and changed < greedy):
            work.greedy[row] = changed


@inlined
def _greedy_or_uniform(
    k: np.uint64, greedy: np.uint64, epsilon: float, num_actions: int
) -> tuple[np.uint64, bool]:
    """Find the epsilon-greedy action from the uniform alone; say whether rounding cannot matter."""
    u, share = k * _STEP, epsilon / num_actions
    low = greedy * share
    high = low + share + (1.0 - epsilon)
    if low <= u < high:
        return greedy, bool(low + _MARGIN <= u < high - _MARGIN)
    if share <= _MARGIN:
        return greedy, False
    index = (u if u < low else u - (1.0 - epsilon)) / share
    off = abs(index - math.floor(index + 0.5)) * share
    return np.uint64(index), bool(off > _MARGIN)


@inlined
def draw_as_choice(k: np.uint64, probabilities: NDArray[np.float64]) -> np.uint64:
    """Draw an action as `Generator.choice` does, step by step."""
    total = 0.0
    for probability in probabilities:
        total += probability
    cumulative, action = 0.0, 0
    for probability in probabilities[:-1]:
        cumulative += probability
        action += cumulative / total <= k * _STEP
    return np.uint64(action)
