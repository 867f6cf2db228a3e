"""One step of a run, as an update rule is told of it."""

from typing import Any, NamedTuple

import numpy as np

from fastq.base.jit import inlined
from fastq.training.kernels.layout import World


class Transition(NamedTuple):
    """What happened in a step, as `update` is told.

    States and actions are plain numbers for a custom algorithm. For fastq's they are unsigned, and
    states are rows.
    """

    state: Any
    action: Any
    reward: float
    next_state: Any
    next_action: Any
    """Drawn already where the agent is on-policy and the step did not terminate."""
    terminated: bool
    episode: int
    """Counted from 0."""
    u: float
    """A uniform in [0, 1), where a custom algorithm asks for it."""


@inlined
def pair_of_row(state: np.uint64, action: np.uint64, world: World) -> np.uint64:
    """Give the index of the pair of a state, a row, and an action."""
    return state + action
