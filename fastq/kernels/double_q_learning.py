"""The update rule of Double Q-learning.

A fair coin says which table, i, learns from the other, j:
``Qi(S, A) <- Qi(S, A) + alpha * (R + gamma * Qj(S', argmax_a Qi(S', a)) - Qi(S, A))``; termination
cuts the bootstrap. Source: van Hasselt (2010); Sutton & Barto, 2nd edition, section 6.7.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.jit import inlined
from fastq.kernels.policy import renew_greedy
from fastq.kernels.scalars import draw_unit, first_greedy
from fastq.kernels.step import Transition, move_towards
from fastq.kernels.tables import World
from fastq.kernels.work import Work


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
        greedy, _ = first_greedy(learning, step.next_state, world.actions)
        target += agent.gamma * other[step.next_state + greedy]
    pair = step.state + step.action
    move_towards(learning, pair, target, agent, work.updates[chosen])
    q[pair] = (work.tables[0, pair] + work.tables[1, pair]) / 2.0
    renew_greedy(q, step.state, step.action, world, work)
