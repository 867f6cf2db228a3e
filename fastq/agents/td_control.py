"""Agents are validated hyperparameters; their behaviour stands in the kernels and the reference.

An agent's `name` is its word in specs and tables. Its `version` is raised whenever the numbers
that it computes change, so that results of an older algorithm are never read as the new one's.

All agents of the TD-control family act by the same rules. With probability epsilon an action is
drawn uniformly from all actions, otherwise from the best: the first of them, or, with
``ties="random"``, any of them. With a `temperature` T the policy is softmax instead: an action's
probability is proportional to ``exp(Q(s, a) / T)``.
"""

import hashlib
import json
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from fastq.agents.schedules import ScheduledFraction, ScheduledStepSize
from fastq.base.errors import InputError
from fastq.base.validation import Finite, Fraction, Index, Validated

Temperature = Annotated[
    Finite | None, Field(gt=0, description="a number above 0, or nothing for epsilon-greedy")
]
Ties = Annotated[Literal["first", "random"], Field(description="one of first, random")]


class Agent(Validated):
    """What all agents have in common."""

    name: ClassVar[str]
    version: ClassVar[int | str]

    @classmethod
    def algorithm_version(cls) -> int | str:
        """Give what changes whenever the same hyperparameters begin to compute other numbers."""
        return cls.version

    def key(self, environment: str, version: int | str | None = None) -> str:
        """Digest of all that, besides seed and run, decides what this agent learns.

        Parameters
        ----------
        environment : str
            The fingerprint of the MDP.
        version : int or str, optional
            The `algorithm_version`, where it is known already.

        Returns
        -------
        str
            64 bits as 16 hexadecimal digits, the same on every machine.
        """
        content = {
            "environment": environment,
            "agent": self.name,
            "version": self.algorithm_version() if version is None else version,
            **self.model_dump(),
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


class TDAgent(Agent):
    """The hyperparameters that the TD-control family shares.

    Parameters
    ----------
    alpha : float or schedule
        Step size, in (0, 1].
    gamma : float
        Discount, in [0, 1].
    epsilon : float or schedule
        Probability, in [0, 1], of an action drawn uniformly from all actions.
    initial_value : float
        What each Q-value starts from; above the true values it makes the agent explore.
    ties : {"first", "random"}
        Which of several best actions is the greedy one.
    temperature : float, optional
        Above 0: the policy is softmax, and has neither epsilon nor ties.

    Raises
    ------
    InputError
        For a value that is not allowed.
    """

    without_softmax: ClassVar[tuple[str, ...]] = ("epsilon", "ties")
    """What a softmax policy has no use for."""

    model_config = ConfigDict(validate_default=False)  # they are right, and agents are many

    alpha: ScheduledStepSize = 0.6
    gamma: Fraction = 1.0
    epsilon: ScheduledFraction = 0.1
    initial_value: Finite = 0.0
    ties: Ties = "first"
    temperature: Temperature = None

    def check(self) -> None:
        """Refuse what a softmax policy has no use for."""
        for name in self.without_softmax:
            if self.temperature is not None and name in self.model_fields_set:
                message = f"{name}: a softmax policy has none; leave out it or temperature"
                raise InputError(message, field=name, value=getattr(self, name))


class QLearning(TDAgent):
    """Q-learning: off-policy, its target is the greatest of the next state's Q-values.

    ``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``, where the maximum
    counts as 0 when S' is reached by termination. Parameters as for `TDAgent`.

    Notes
    -----
    Source: Watkins (1989); Sutton & Barto, 2nd edition, section 6.5. The defaults are those of the
    tutorial that this library grew from.
    """

    name: ClassVar[str] = "q_learning"
    version: ClassVar[int | str] = 1


class Sarsa(TDAgent):
    """Sarsa: on-policy, its target is the Q-value of the action that comes next.

    ``Q(S, A) <- Q(S, A) + alpha * (R + gamma * Q(S', A') - Q(S, A))``, where Q(S', A') counts as 0
    when S' is reached by termination. A' is drawn before the update, also where the time limit cuts
    the episode. Parameters as for `TDAgent`.

    Notes
    -----
    Source: Rummery & Niranjan (1994); Sutton & Barto, 2nd edition, section 6.4.
    """

    name: ClassVar[str] = "sarsa"
    version: ClassVar[int | str] = 1


class ExpectedSarsa(TDAgent):
    """Expected Sarsa: its target is the mean of the next state's Q-values under the policy.

    ``Q(S, A) <- Q(S, A) + alpha * (R + gamma * sum_a pi(a | S') Q(S', a) - Q(S, A))``, where the
    sum counts as 0 when S' is reached by termination. pi is the policy by which an action in S'
    would be drawn just before the update. Parameters as for `TDAgent`.

    Notes
    -----
    Source: van Seijen, van Hasselt, Whiteson & Wiering (2009); Sutton & Barto, 2nd edition,
    section 6.6.
    """

    name: ClassVar[str] = "expected_sarsa"
    version: ClassVar[int | str] = 1


class DoubleQLearning(TDAgent):
    """Double Q-learning: one table chooses the best next action, the other says its value.

    A fair coin says which of two tables, i, is updated, with j the other:
    ``Qi(S, A) <- Qi(S, A) + alpha * (R + gamma * Qj(S', argmax_a Qi(S', a)) - Qi(S, A))``. The
    agent acts on ``Q1 / 2 + Q2 / 2``, which is also the table that it reports. `ties` says which
    of several best actions is the greedy one, and the argmax in the target; the latter also where
    the policy is softmax. Visits are counted for each table. Parameters as for `TDAgent`.

    Notes
    -----
    Source: van Hasselt (2010); Sutton & Barto, 2nd edition, section 6.7.
    """

    name: ClassVar[str] = "double_q_learning"
    version: ClassVar[int | str] = 2

    without_softmax: ClassVar[tuple[str, ...]] = ("epsilon",)


class DynaQ(TDAgent):
    """Tabular Dyna-Q: Q-learning, and after each step so many updates from a learned model.

    The model remembers the last outcome of each pair of state and action. A planning step draws a
    state seen before, then an action taken there before, both uniformly, and updates as Q-learning
    does. Further parameters as for `TDAgent`.

    Parameters
    ----------
    planning_steps : int
        Updates from the model after each step, at least 0.

    Notes
    -----
    Source: Sutton (1990); Sutton & Barto, 2nd edition, section 8.2.
    """

    name: ClassVar[str] = "dyna_q"
    version: ClassVar[int | str] = 1

    planning_steps: Index = 5


AGENTS: dict[str, type[Agent]] = {
    agent.name: agent for agent in (QLearning, Sarsa, ExpectedSarsa, DoubleQLearning, DynaQ)
}
"""Every agent of fastq's own by the name that it has in a spec."""
