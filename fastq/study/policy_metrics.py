"""What one number says of the greedy policy that a run learned: exact, from the MDP's tables.

A policy is judged by expected sums over an episode within the step limit. A metric says what each
step adds to these sums (its gains), and how its value follows from them:

    value               v = E[sum of rewards]
    regret              max over policies of v, less v
    optimal_actions     E[number of optimal actions] / E[number of actions]

All three are without a discount. Which actions are optimal depends on the agent's gamma.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.mdp import optimality
from fastq.mdp.bellman import Rows
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.mdp.planning import finite_horizon_value

Floats = NDArray[np.float64]


class Judge(NamedTuple):
    """How policies of an MDP are judged."""

    gains: Floats
    """Shape (pairs of state and action, G): what a step adds to each of G sums."""
    value: Callable[[Floats], Floats]
    """From the expected sums of N policies, shape (N, G), to the metric, shape (N,)."""


def value(_mdp: FiniteMDP, rows: Rows, _gamma: float, _horizon: int) -> Judge:
    """Judge policies by their expected return."""
    return Judge(rows.reward[:, None], lambda sums: sums[:, 0])


def regret(mdp: FiniteMDP, rows: Rows, _gamma: float, horizon: int) -> Judge:
    """Judge policies by how much less they return than the best policy does."""
    best = float(mdp.start @ finite_horizon_value(mdp, horizon))
    return Judge(rows.reward[:, None], lambda sums: np.asarray(best - sums[:, 0]))


def optimal_actions(mdp: FiniteMDP, _rows: Rows, gamma: float, _horizon: int) -> Judge:
    """Judge policies by the share of their steps that are optimal."""
    optimal = optimality.optimal_actions(mdp, gamma).astype(np.float64).reshape(-1, 1)
    gains = np.concatenate([optimal, np.ones_like(optimal)], axis=1)
    return Judge(gains, lambda sums: np.asarray(sums[:, 0] / sums[:, 1]))


def allow_all(_mdp: FiniteMDP, _gammas: Iterable[float]) -> None:
    """Refuse no MDP."""


def refuse_alike(mdp: FiniteMDP, _gammas: Iterable[float]) -> None:
    """Raise `InputError` where all actions do the same: no policy has a regret there."""
    if optimality.all_alike(mdp):
        raise InputError(
            f"metric = 'regret': all actions do the same in {mdp.name!r}, so it is 0 whatever is "
            "learned; must be a metric of the episodes, as return"
        )


def refuse_undecided(mdp: FiniteMDP, gammas: Iterable[float]) -> None:
    """Raise `InputError` where optimal actions say nothing; see `fastq.mdp.optimality`."""
    for gamma in set(gammas):
        optimality.optimal_actions(mdp, gamma)
