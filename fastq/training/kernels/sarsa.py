"""The update rule of Sarsa.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * Q(S', A') - Q(S, A))``; termination cuts the bootstrap.
Source: Rummery & Niranjan (1994); Sutton & Barto, 2nd edition, equation 6.7.
"""

from typing import Any

from fastq.agents.td_control import Sarsa
from fastq.base.jit import inlined
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.step import Transition
from fastq.training.kernels.values import value_at


@inlined
def ahead(row: Any, step: Transition, agent: Any) -> Any:
    """Give the value of the next state: the Q-value of the action drawn there."""
    return value_at(row, step.next_action)


FACTS = KernelFacts(agent=Sarsa, names={"ahead": ahead}, on_policy=True)
