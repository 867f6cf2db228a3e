"""The update rule of Expected Sarsa.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * sum_a pi(a | S') Q(S', a) - Q(S, A))``; termination cuts
the bootstrap. Source: van Seijen et al. (2009); Sutton & Barto, 2nd edition, equation 6.9.
"""

from typing import Any

from fastq.agents.td_control import ExpectedSarsa
from fastq.base.jit import inlined
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.step import Transition
from fastq.training.kernels.values import num_actions_of, policy_at, probability_of, value_at


@inlined
def ahead(row: Any, step: Transition, agent: Any) -> Any:
    """Give the value of the next state: the mean of its Q-values under the policy there."""
    policy, expected = policy_at(row, agent), 0.0
    for action in range(num_actions_of(row)):
        expected += probability_of(policy, action) * value_at(row, action)
    return expected


FACTS = KernelFacts(agent=ExpectedSarsa, names={"ahead": ahead})
