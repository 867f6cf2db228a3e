"""The update rule of Sarsa.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * Q(S', A') - Q(S, A))``; termination cuts the bootstrap.
Source: Rummery & Niranjan (1994); Sutton & Barto, 2nd edition, equation 6.7.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import Sarsa
from fastq.base.jit import inlined
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.lanes import ACTION
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
    """Learn from a step and the action that comes next."""
    target = step.reward
    if not step.terminated:
        target += agent.gamma * q[step.next_state + step.next_action]
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
    """Give the value of the next state, in lock-step: the Q-value of the action drawn there."""
    ahead: float = q[row + words[ACTION + lane]]
    return ahead


FACTS = KernelFacts(
    agent=Sarsa,
    names={"update": update},
    lane_names={"bootstrap": bootstrap},
    on_policy=True,
)
