# An algorithm as fastq wrote it down when a sweep ran it: its rules, and all that they use.
# fastq runs this only for whose key signed it, and for who trusts it.


import fastq

import fastq.rules

from fastq.rules import epsilon_greedy


class HalfTrust(fastq.Algorithm):
    """Q-learning that trusts the value of the next state by half."""

    alpha: fastq.StepSize = 0.5
    epsilon: fastq.Fraction = 0.1
    gamma: fastq.Fraction = 1.0

    def act(q, state, u, agent):
        """Explore with probability epsilon."""
        return epsilon_greedy(q, state, u, agent.epsilon)

    def update(q, step, agent):
        """Move towards half of the greatest value."""
        target = step.reward
        if not step.terminated:
            target += 0.5 * agent.gamma * fastq.rules.greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])
