"""The update rule of Q-learning.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``; termination cuts the
bootstrap. Source: Watkins (1989); Sutton & Barto, 2nd edition, equation 6.8.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import QLearning
from fastq.base.jit import inlined
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.layout import World
from fastq.training.kernels.policy import renew_greedy
from fastq.training.kernels.scratch import Work
from fastq.training.kernels.step import Transition, move_towards


@inlined
def update(
    q: NDArray[np.float64],
    step: Transition,
    agent: Any,
    world: World,
    work: Work,
    stream: NDArray[np.uint64],
) -> None:
    """Learn from a step."""
    best = q[step.next_state + np.uint64(work.greedy[step.next_state])]
    target = step.reward if step.terminated else step.reward + agent.gamma * best
    move_towards(q, step.state + step.action, target, agent, work.updates[0])
    renew_greedy(q, step.state, step.action, world, work)


@inlined
def bootstrap(
    q: NDArray[np.float64],
    row: np.uint64,
    words: NDArray[np.uint64],
    numbers: NDArray[np.float64],
    lane: np.uint64,
    actions: Any,
) -> float:
    """Give the value of the next state, in lock-step: the greatest Q-value."""
    best: float = q[row]
    for other in range(1, len(actions)):
        candidate = q[row + np.uint64(other)]
        best = candidate if candidate > best else best
    return best


FACTS = KernelFacts(
    agent=QLearning,
    names={"update": update},
    lane_names={"bootstrap": bootstrap},
)
