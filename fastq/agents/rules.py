"""Building blocks for a custom algorithm, quick when compiled, and the same in plain Python.

In NumPy `greedy` and `greatest` would be ``q[state].argmax()`` and ``q[state].max()``, which Numba
compiles too, but to code that takes five times as long as the rest of a step.
"""

import math

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import checked


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


@checked
def where(condition: bool, a: float, b: float) -> float:
    """Give one of two values; both are computed.

    It is for rules that have no form without branches otherwise, and so are not trained in
    lock-step. Most need no such thing: ``if`` and ``else`` become choices by themselves.

    Parameters
    ----------
    condition : bool
    a, b : float
        The value where the condition is true, and where it is not.

    Returns
    -------
    float
    """
    return a if condition else b


@checked
def power(base: float, exponent: float) -> float:
    """Raise a number to a power, to the same bits compiled and plain, which ``**`` does not.

    Compiled code replaces a power by a product, a root or an exponential where it knows the base or
    the exponent. Here the same is done in plain Python, whether it is known or not.

    Parameters
    ----------
    base, exponent : float

    Returns
    -------
    float
    """
    x, y = float(base), float(exponent)
    fraction, binary = math.frexp(x)
    if y == 2.0:
        found = x * x
    elif y == 0.5:
        found = math.sqrt(x)
    elif y == -1.0:
        found = 1.0 / x
    elif fraction == 0.5:
        found = math.exp2((binary - 1) * y)
    else:
        found = math.pow(x, y)
    return found
