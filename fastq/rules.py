"""Building blocks for an algorithm of one's own, quick when compiled, and the same in plain Python.

In NumPy these would be ``q[state].argmax()`` and ``q[state].max()``, which Numba compiles too, but
to code that takes five times as long as the rest of a step.
"""

import numpy as np
from numpy.typing import NDArray

from fastq.jit import checked


@checked
def greedy(q: NDArray[np.float64], state: int) -> int:
    """Find the first of the best actions in a state.

    Parameters
    ----------
    q : array, shape (S, A)
    state : int

    Returns
    -------
    int
    """
    row = q[state]
    best, value = 0, row[0]
    for action in range(1, len(row)):
        better = row[action] > value
        best = action if better else best
        value = row[action] if better else value
    return best


@checked
def greatest(q: NDArray[np.float64], state: int) -> float:
    """Find the greatest Q-value in a state.

    Parameters
    ----------
    q : array, shape (S, A)
    state : int

    Returns
    -------
    float
    """
    row = q[state]
    value: float = row[0]
    for action in range(1, len(row)):
        value = row[action] if row[action] > value else value
    return value


@checked
def epsilon_greedy(q: NDArray[np.float64], state: int, u: float, epsilon: float) -> int:
    """Draw an action: with probability epsilon any, otherwise the first of the best.

    Parameters
    ----------
    q : array, shape (S, A)
    state : int
    u : float
        A uniform in [0, 1).
    epsilon : float
        In [0, 1].

    Returns
    -------
    int
    """
    if u < epsilon:
        return int(u / epsilon * q.shape[1])
    return greedy(q, state)
