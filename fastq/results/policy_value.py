"""What the policies that runs learned are worth: exact, without the noise of episodes.

A run is a pure function of its seed and number, and its first episodes do not depend on how many
follow. So nothing is recorded for this: runs are trained again, up to the episode that is asked
for, and the greedy policy of the table at that time is evaluated within the time limit.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import Agent
from fastq.base.errors import InputError
from fastq.mdp import optimality
from fastq.mdp.bellman import Ints, lay_out
from fastq.mdp.finite_horizon import expected_sums, onward_under, pairs
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.mdp.planning import finite_horizon_value
from fastq.study.metrics import Floats, Metric
from fastq.training.train import Settings, train_pairs

_MOST_PAIRS = 10**6
_BYTES = 2**26
"""Of the tables that are held at a time."""
_ROWS = 2**16
"""States of all policies that are evaluated at a time."""


@np.errstate(over="ignore", invalid="ignore")
def of_policies(
    metric: Metric,
    mdp: FiniteMDP,
    agent: Agent,
    runs: NDArray[np.int64],
    settings: Settings,
    checkpoints: NDArray[np.int64],
) -> Floats:
    """Give a metric of what runs have learned after some episodes.

    Parameters
    ----------
    metric : Metric
        One of `metrics.OF_POLICIES`.
    mdp, agent, settings
        As for `training.train_pairs`.
    runs : array, shape (N,)
    checkpoints : array, shape (C,)
        Numbers of episodes.

    Returns
    -------
    array, shape (N, C)

    Raises
    ------
    InputError
        Where the MDP is too large to be solved, or the metric means nothing in it.
    """
    gamma = gamma_of(agent)
    check_solvable(metric, mdp)
    size = mdp.num_states * mdp.num_actions
    judge = _Judge(metric, mdp, gamma, settings.max_steps)
    found = np.empty((len(runs), len(checkpoints)))
    for column, episodes in enumerate(checkpoints.tolist()):
        for some in _shares(len(runs), _BYTES // (8 * size)):
            done = train_pairs(
                mdp,
                [agent],
                np.zeros_like(runs[some]),
                runs[some],
                settings._replace(episodes=episodes),
            )
            found[some, column] = judge.of(done.q.argmax(axis=2))
    return found


def gamma_of(agent: Agent) -> float:
    """Give the discount that says which actions are optimal for an agent: 1 where it has none."""
    return float(getattr(agent, "gamma", 1.0))


def check_solvable(metric: Metric, mdp: FiniteMDP, gammas: Iterable[float] = ()) -> None:
    """Raise `InputError` where an MDP is too large for a metric, or the metric means nothing in it.

    Parameters
    ----------
    metric : Metric
    mdp : FiniteMDP
    gammas : iterable of float
        The discounts of the agents.
    """
    size = mdp.num_states * mdp.num_actions
    if metric.of_policies and size > _MOST_PAIRS:
        raise InputError(
            f"metric = {metric.name!r}: takes exact values, and {mdp.name!r} has {size:,} pairs of "
            f"state and action; must be at most {_MOST_PAIRS:,}"
        )
    if metric.name == "regret" and optimality.all_alike(mdp):
        raise InputError(
            f"metric = 'regret': all actions do the same in {mdp.name!r}, so it is 0 whatever is "
            "learned; must be a metric of the episodes, as return"
        )
    if metric.name == "optimal_actions":
        for gamma in set(gammas):
            optimality.optimal_actions(mdp, gamma)


class _Judge:
    """What is known of an MDP before any policy is seen."""

    def __init__(self, metric: Metric, mdp: FiniteMDP, gamma: float, horizon: int) -> None:
        self._metric, self._start, self._horizon = metric, mdp.start, horizon
        self._rows = lay_out(mdp, 1.0)
        self._gains = self._rows.reward[:, None]
        if metric.name == "regret":
            self._best = float(mdp.start @ finite_horizon_value(mdp, horizon))
        elif metric.name == "optimal_actions":
            optimal = optimality.optimal_actions(mdp, gamma).astype(np.float64).reshape(-1, 1)
            self._gains = np.concatenate([optimal, np.ones_like(optimal)], axis=1)

    def of(self, policies: Ints) -> Floats:
        """Give the metric of policies, shape (N, S); each is evaluated once."""
        different, place = np.unique(policies, axis=0, return_inverse=True)
        count = _ROWS // policies.shape[1]
        sums = np.concatenate([self._sums(different[s]) for s in _shares(len(different), count)])
        found = sums[place.ravel()]
        if self._metric.name == "optimal_actions":
            return np.asarray(found[:, 0] / found[:, 1])
        return np.asarray(
            self._best - found[:, 0] if self._metric.name == "regret" else found[:, 0]
        )

    def _sums(self, policies: Ints) -> Floats:
        """Expect the sums of an episode's gains, shape (N, kinds of gains)."""
        gains = self._gains[pairs(self._rows, policies).ravel()]
        onward = onward_under(self._rows, policies)
        sums = expected_sums(onward, gains, len(policies), self._horizon)
        return np.asarray(np.einsum("s,nsm->nm", self._start, sums.reshape(*policies.shape, -1)))


def _shares(count: int, size: int) -> Iterator[slice]:
    """Cut a number of things into slices of a size, at least 1."""
    for start in range(0, count, max(1, size)):
        yield slice(start, start + max(1, size))
