"""The update rule of Expected Sarsa.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * sum_a pi(a | S') Q(S', a) - Q(S, A))``; termination cuts
the bootstrap. Source: van Seijen et al. (2009); Sutton & Barto, 2nd edition, equation 6.9.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import ExpectedSarsa
from fastq.base.jit import inlined
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.lanes import REST, SHARE, TIES
from fastq.training.kernels.layout import RANDOM_TIES, World
from fastq.training.kernels.policy import current_epsilon, fill_policy, renew_greedy
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
    """Learn from a step and the policy in the next state."""
    target = step.reward
    if not step.terminated:
        epsilon = current_epsilon(agent, work, step.next_state, 1)
        fill_policy(q, step.next_state, epsilon, agent, world, work)
        expected = 0.0
        for action in range(len(world.actions)):
            expected += work.probabilities[action] * q[step.next_state + np.uint64(action)]
        target += agent.gamma * expected
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
    """Give the value of the next state, in lock-step: the mean of its Q-values by the policy."""
    share, random = numbers[SHARE + lane], RANDOM_TIES and words[TIES + lane] > 0
    best, greedy, count = q[row], np.uint64(0), 1.0
    for other in range(1, len(actions)):
        candidate = q[row + np.uint64(other)]
        greedy = np.uint64(other) if candidate > best else greedy
        if RANDOM_TIES:
            count = count + 1.0 if candidate == best else count
            count = 1.0 if candidate > best else count
        best = candidate if candidate > best else best
    most = share + (numbers[REST + lane] / count if random else numbers[REST + lane])
    expected = 0.0
    for action in range(len(actions)):
        value = q[row + np.uint64(action)]
        is_best = value == best if random else greedy == np.uint64(action)
        probability = most if is_best else share
        expected += probability * value
    return expected


FACTS = KernelFacts(
    agent=ExpectedSarsa,
    names={"update": update},
    lane_names={"bootstrap": bootstrap},
)
