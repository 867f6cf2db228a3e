"""Agents are validated hyperparameters; their behaviour stands in the kernels and the reference.

An agent's `name` is its word in specs and tables. Its `version` is raised whenever the numbers
that it computes change, so that results of an older algorithm are never read as the new one's.
"""

import hashlib
import json
from typing import ClassVar

from fastq.validation import Finite, Fraction, StepSize, Validated


class Agent(Validated):
    """What all agents have in common."""

    name: ClassVar[str]
    version: ClassVar[int]

    def key(self, environment: str) -> str:
        """Digest of all that, besides seed and run, decides what this agent learns.

        Parameters
        ----------
        environment : str
            The fingerprint of the MDP.

        Returns
        -------
        str
            64 bits as 16 hexadecimal digits, the same on every machine.
        """
        content = {
            "environment": environment,
            "agent": self.name,
            "version": self.version,
            **self.model_dump(),
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


class QLearning(Agent):
    """Q-learning with an epsilon-greedy policy, ties to the first action.

    ``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``, where the maximum
    counts as 0 when S' is reached by termination.

    Parameters
    ----------
    alpha : float
        Step size, in (0, 1].
    gamma : float
        Discount, in [0, 1].
    epsilon : float
        Probability, in [0, 1], of an action drawn uniformly from all actions.
    initial_value : float
        What each Q-value starts from; above the true values it makes the agent explore.

    Raises
    ------
    InputError
        For a value that is not allowed.

    Notes
    -----
    Source: Watkins (1989); Sutton & Barto, 2nd edition, section 6.5. The defaults are those of the
    tutorial that this library grew from.
    """

    name: ClassVar[str] = "q_learning"
    version: ClassVar[int] = 1

    alpha: StepSize = 0.6
    gamma: Fraction = 1.0
    epsilon: Fraction = 0.1
    initial_value: Finite = 0.0


AGENTS: dict[str, type[Agent]] = {agent.name: agent for agent in (QLearning,)}
"""Every agent by the name that it has in a spec."""
