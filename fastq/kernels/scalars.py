"""The scalar laws of one step, shared by all loops: greedy action, policy draw, outcome draw.

Each repeats, bit for bit, what NumPy does in the reference. `k` is a uniform as an integer of 53
bits, as in `tables`. Indices are unsigned: a signed one costs a wrap-around check.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.jit import inlined
from fastq.kernels.tables import World

_ZERO = np.uint64(0)
_ONE = np.uint64(1)


@inlined
def first_greedy(
    q: NDArray[np.float64], row: np.uint64, actions: Any
) -> tuple[np.uint64, np.float64]:
    """Find the first of the best actions of a row, as `numpy.argmax` does, and its value.

    Selects instead of branches: a learning agent's choice is hard to predict.
    """
    best, value = _ZERO, q[row]
    for other in range(1, len(actions)):
        action = np.uint64(other)
        candidate = q[row + action]
        better = candidate > value
        best = action if better else best
        value = candidate if better else value
    return best, value


@inlined
def draw_action(
    k: np.uint64, greedy: np.uint64, policy: NDArray[np.uint64], actions: Any
) -> np.uint64:
    """Draw from an epsilon-greedy policy, as `Generator.choice` does.

    The likely case, the greedy action, is asked first: predicted right, it takes the draw out of
    the chain from one state to the next.
    """
    base = greedy * np.uint64(len(actions))
    above = k < policy[base + greedy]
    if above and (greedy == _ZERO or policy[base + greedy - _ONE] <= k):
        return greedy
    action = _ZERO
    for other in range(len(actions) - 1):
        action += np.uint64(policy[base + np.uint64(other)] <= k)
    return action


@inlined
def draw_outcome(k: np.uint64, world: World, first: np.uint64) -> np.uint64:
    """Draw one of the outcomes that begin at `first`, as gymnasium's `categorical_sample` does."""
    for place in range(world.num_outcomes):
        outcome = first + np.uint64(place)
        if world.cumulative[outcome] > k:
            return outcome
    return first  # where rounding leaves the last sum below 1, gymnasium's argmax of nothing is 0


@inlined
def draw_start(k: np.uint64, world: World) -> np.uint64:
    """Draw the row of a start state, as `categorical_sample` does."""
    place = np.searchsorted(world.start_cumulative, k, side="right")
    return world.start_rows[place] if place < len(world.start_rows) else _ZERO
