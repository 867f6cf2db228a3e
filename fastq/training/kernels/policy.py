"""The behaviour of the TD-control family: which action is drawn in a state.

The reference fills in the policy's probabilities and draws with `Generator.choice`. That sums them
up, divides by the last sum, and counts the sums at or below a uniform. With one best action, the
epsilon-greedy sums are multiples of epsilon / A, but for rounding and the greedy part. So the
action follows from the uniform alone. If the uniform lies within rounding error of such a sum, the
action is drawn exactly as the reference does.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import inlined
from fastq.training.kernels.layout import CAREFUL, GENERAL, World
from fastq.training.kernels.scalars import count_best, draw, equal, first_greedy, visited
from fastq.training.kernels.scratch import Work
from fastq.training.kernels.vector_functions import where

_STEP = 2.0**-53
_LEAST_SHARE = 1e-9
_MARGIN = 1e-12
"""Far above the rounding of sums of a few thousand probabilities, far below any that matters."""


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
    share, greedy = epsilon / len(world.actions), np.uint64(work.greedy[row])
    softmax = GENERAL and agent.temperature > 0.0
    if not softmax and _has_one_best(q, row, greedy, agent, world):
        action, certain = _greedy_or_uniform(k, greedy, epsilon, len(world.actions))
        if certain:
            return action
    fill_policy(q, row, greedy, share, 1.0 - epsilon, agent, work.probabilities, world.actions)
    return draw_as_choice(k, work.probabilities)


@inlined
def _has_one_best(
    q: NDArray[np.float64], row: np.uint64, greedy: np.uint64, agent: Any, world: World
) -> bool:
    """Say whether one action is the best, or the first of several counts as it."""
    if not GENERAL or agent.ties == 0.0:
        return True
    return bool(count_best(q, row, q[row + greedy], world.actions) == 1)


class DrawConstants(NamedTuple):
    """What a draw needs of epsilon, so that it is only multiplied and compared."""

    share: Any
    """epsilon / A."""
    rest: Any
    """1 - epsilon."""
    scale: Any
    """From a uniform, as an integer of 53 bits, to a place among the actions."""
    offset: Any
    """How much of a place is the greedy action's extra."""
    margin: Any
    """Nearer than this to a whole number, rounding may matter."""


@inlined
def draw_constants(epsilon: Any, num_actions: int) -> DrawConstants:
    """Prepare draws of actions; of a number, or of a vector of lanes.

    Where epsilon is 0 or almost 0, all places but 0 lie beyond the actions: the greedy one is
    drawn.
    """
    share, rest = epsilon / num_actions, 1.0 - epsilon
    usual = share > _LEAST_SHARE
    some = where(usual, share, 1.0)
    margin = where(usual, _MARGIN / some, where(epsilon == 0.0, 0.0, math.inf))
    return DrawConstants(
        share, rest, where(usual, _STEP / some, 1024.0), where(usual, rest / some, math.inf), margin
    )


@inlined
def epsilon_greedy(k: Any, greedy: Any, scale: Any, offset: Any) -> Any:
    """Draw an action by a uniform; give it as a place, of which it is the whole part.

    The thresholds of the draw are the cumulative probabilities. Before the greedy action they are
    multiples of epsilon / A; from it on they are such multiples plus 1 - epsilon. So a uniform says
    the least and the greatest action that it may draw, and it draws the greedy one if that lies
    between them. `greedy` is its index plus a half. All are numbers, or vectors of lanes.
    """
    most = k * scale
    least = most - offset
    middle = where(least > greedy, least, greedy)
    return where(middle > most, most, middle)


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
    greedy: np.uint64,
    share: float,
    rest: float,
    agent: Any,
    probabilities: NDArray[np.float64],
    actions: Any,
) -> None:
    """Write down the probability of each action in a state.

    Parameters
    ----------
    q, row
        The Q-values begin at ``q[row]``.
    greedy
        The first of the best actions.
    share, rest
        epsilon / A, and 1 - epsilon.
    agent, probabilities, actions
        Its hyperparameters; what is filled; how many there are.
    """
    best = q[row + greedy]
    if GENERAL and agent.temperature > 0.0:
        if CAREFUL and not math.isfinite(best):
            count = count_best(q, row, best, actions)
            for action in range(len(actions)):
                probabilities[action] = equal(q[row + np.uint64(action)], best) / count
            return
        total = 0.0
        for action in range(len(actions)):
            weight = math.exp((q[row + np.uint64(action)] - best) / agent.temperature)
            probabilities[action] = weight
            total += weight
        for action in range(len(actions)):
            probabilities[action] /= total
        return
    probabilities[:] = share
    if not GENERAL or agent.ties == 0.0:
        probabilities[greedy] += rest
        return
    bonus = rest / count_best(q, row, best, actions)
    for action in range(len(actions)):
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
    """Find the epsilon-greedy action from the uniform alone; say whether rounding cannot matter.

    It is `epsilon_greedy` with branches. Most draws are greedy, which the processor foresees; it
    need not wait for the draw then to take the next step.
    """
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
