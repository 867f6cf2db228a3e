"""The update of the TD-control family in the plain loop, around an agent's rule.

``Q(S, A) <- Q(S, A) + alpha * (target - Q(S, A))``, where the target is the reward and, unless the
step terminated, gamma times what the rule `ahead` says of the next state. `build` binds `ahead`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import inlined
from fastq.training.kernels.layout import World
from fastq.training.kernels.policy import renew_greedy
from fastq.training.kernels.q_learning import ahead
from fastq.training.kernels.scratch import Work
from fastq.training.kernels.step import Transition
from fastq.training.kernels.values import Row, move_towards, target_of


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
    value = 0.0
    if not step.terminated:
        value = ahead(Row(q, step.next_state, world, work, stream), step, agent)
    target = target_of(step, agent, value)
    move_towards(q, step.state + step.action, target, agent, work.updates[0])
    renew_greedy(q, step.state, step.action, world, work)
