"""The values of the policies that runs learned: exact, without the noise of episodes.

A run is a pure function of its seed and number, and its first episodes do not depend on how many
follow. So nothing is recorded for this: runs are trained again, up to the episode that is asked
for, and the greedy policy of the table at that time is evaluated within the time limit.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import Agent
from fastq.base.errors import InputError
from fastq.mdp.bellman import Ints, lay_out
from fastq.mdp.finite_horizon import expected_sums, onward_under, pairs
from fastq.mdp.finite_mdp import FiniteMDP
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
        One of policies.
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
    evaluation = _Evaluation(metric, mdp, gamma, settings.max_steps)
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
            found[some, column] = evaluation.of(done.q.argmax(axis=2))
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
    metric.definition.refuse(mdp, gammas)


class _Evaluation:
    """What is known of an MDP before any policy is seen."""

    def __init__(self, metric: Metric, mdp: FiniteMDP, gamma: float, horizon: int) -> None:
        self._start, self._horizon = mdp.start, horizon
        self._rows = lay_out(mdp, 1.0)
        of_policies = metric.definition.of_policies
        assert of_policies is not None
        self._judge = of_policies(mdp, self._rows, gamma, horizon)

    def of(self, policies: Ints) -> Floats:
        """Give the metric of policies, shape (N, S); each is evaluated once."""
        different, index = np.unique(policies, axis=0, return_inverse=True)
        count = _ROWS // policies.shape[1]
        sums = np.concatenate([self._sums(different[s]) for s in _shares(len(different), count)])
        return self._judge.value(sums[index.ravel()])

    def _sums(self, policies: Ints) -> Floats:
        """Expect the sums of an episode's gains, shape (N, kinds of gains)."""
        gains = self._judge.gains[pairs(self._rows, policies).ravel()]
        onward = onward_under(self._rows, policies)
        sums = expected_sums(onward, gains, len(policies), self._horizon)
        return np.asarray(np.einsum("s,nsm->nm", self._start, sums.reshape(*policies.shape, -1)))


def _shares(count: int, size: int) -> Iterator[slice]:
    """Cut a number of things into slices of a size, at least 1."""
    for start in range(0, count, max(1, size)):
        yield slice(start, start + max(1, size))
