"""The update rule of Q-learning.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``; termination cuts the
bootstrap. Source: Watkins (1989); Sutton & Barto, 2nd edition, equation 6.8.
"""

import numpy as np

from fastq.jit import inlined


@inlined
def updated(
    value: np.float64,
    reward: np.float64,
    next_value: np.float64,
    terminated: bool,
    alpha: np.float64,
    gamma: np.float64,
) -> np.float64:
    """Move a Q-value towards its target; `next_value` is the greatest of the next state."""
    target = reward if terminated else reward + gamma * next_value
    return value + alpha * (target - value)
