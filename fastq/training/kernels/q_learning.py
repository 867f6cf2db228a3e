"""The update rule of Q-learning.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``; termination cuts the
bootstrap. Source: Watkins (1989); Sutton & Barto, 2nd edition, equation 6.8.
"""

from typing import Any

from fastq.agents.td_control import QLearning
from fastq.base.jit import inlined
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.step import Transition
from fastq.training.kernels.values import greatest


@inlined
def ahead(row: Any, step: Transition, agent: Any) -> Any:
    """Give the value of the next state: the greatest of its Q-values."""
    return greatest(row)


FACTS = KernelFacts(agent=QLearning, names={"ahead": ahead})
