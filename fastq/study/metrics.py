"""Metrics: what one number says of a run.

A metric is a word, some with a number after a colon, as in ``return_last:50``. Those of learning
are read off the episodes of the run:

    return              mean return of all episodes: the area under the learning curve
    length              mean length of all episodes
    return_last:k       mean return of the last k episodes; by default of the last tenth
    return_over_steps   mean over all steps of the return of the episode that each belongs to
    reward_per_step     sum of all rewards over the number of steps
    episodes_to:x       episodes until one returns x or more, that one included
    steps_to:x          steps until then

A run that never returns x counts as long as it is: a mean of such numbers is a lower bound, as the
restricted mean of survival analysis. Where no run returns x, a summary or a selection is refused.
Less is better for `length`, `episodes_to`, `steps_to` and `regret`, so `length` is for worlds where
steps cost. Where all steps have one reward, `reward_per_step` is that reward, whatever is learned.

Those of what was learned are exact, from the tables at the end of the run (see
`fastq.results.policy_value`):

    value               expected return of an episode of the greedy policy
    regret              how much less that is than the best policy's
    optimal_actions     share of the greedy policy's steps that are optimal

The first two are without a discount, within the step limit. The best policy may know how many steps
are left, so regret may stay above 0 in worlds where that helps. An action is optimal if it is so
for the agent's gamma, without a step limit. Where a metric says nothing of a policy, it is refused:
`regret` where all actions do the same, `optimal_actions` in the worlds of `fastq.mdp.optimality`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import LARGEST, split_word
from fastq.study.record import last_of

Floats = NDArray[np.float64]

OF_LEARNING = {
    "return": False,
    "length": False,
    "return_last": True,
    "return_over_steps": False,
    "reward_per_step": False,
    "episodes_to": True,
    "steps_to": True,
}
"""By name, whether a number follows."""
OF_POLICIES = {"value": False, "regret": False, "optimal_actions": False}
LESS_IS_BETTER = ("length", "episodes_to", "steps_to", "regret")


class Metric(NamedTuple):
    """A metric that was asked for."""

    name: str
    number: float | None = None

    def __str__(self) -> str:
        """Write the word that `find_metric` reads as this very metric."""
        number = "" if self.number is None else f":{self.number!r}"
        return self.name + number.removesuffix(".0")

    @property
    def of_policies(self) -> bool:
        """Whether it takes what was learned, and not the episodes."""
        return self.name in OF_POLICIES

    @property
    def sign(self) -> int:
        """1 where greater is better, -1 where less is."""
        return -1 if self.name in LESS_IS_BETTER else 1


def find_metric(text: str) -> Metric:
    """Read the word for a metric.

    Raises
    ------
    InputError
        For a word that names none, or a number that it does not take.
    """
    metric = Metric(*split_word("metric", text, OF_LEARNING | OF_POLICIES))
    if metric.name in ("episodes_to", "steps_to") and metric.number is None:
        raise InputError(f"metric = {text!r}: must say which return, as {text}:-20")
    count = 1 if metric.number is None else metric.number
    if metric.name == "return_last" and not (1 <= count <= LARGEST and count == int(count)):
        raise InputError(f"metric = {text!r}: must say how many episodes, as return_last:50")
    return metric


def check_episodes(metric: Metric, episodes: int) -> None:
    """Raise `InputError` where runs have fewer episodes than a metric asks for."""
    if metric.name == "return_last" and (metric.number or 1) > episodes:
        raise InputError(f"metric = '{metric}': must be at most {episodes}, a run's")


@np.errstate(over="ignore", invalid="ignore")
def of_learning(metric: Metric, returns: Floats, lengths: NDArray[Any]) -> Floats:
    """Give a metric of each run.

    Parameters
    ----------
    metric : Metric
    returns, lengths : arrays, shape (N, episodes)

    Returns
    -------
    array, shape (N,)
        Infinite or NaN where returns are, or their sum overflows.

    Raises
    ------
    InputError
        Where the runs have fewer episodes than the metric asks for.
    """
    name, number = metric
    if name in ("return", "length"):
        values = returns if name == "return" else lengths
        return np.asarray(values.mean(axis=1, dtype=np.float64))
    if name == "return_last":
        episodes = returns.shape[1]
        last = last_of(episodes) if number is None else int(number)
        check_episodes(metric, episodes)
        return np.asarray(returns[:, -last:].mean(axis=1))
    if name == "return_over_steps":
        return np.asarray((returns * lengths).sum(axis=1) / lengths.sum(axis=1))
    if name == "reward_per_step":
        return np.asarray(returns.sum(axis=1) / lengths.sum(axis=1))
    assert number is not None
    reached = returns >= number
    needed = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, returns.shape[1])
    if name == "episodes_to":
        return np.asarray(needed, dtype=np.float64)
    steps = lengths.cumsum(axis=1, dtype=np.float64)
    return np.asarray(np.take_along_axis(steps, needed[:, None] - 1, axis=1)[:, 0])


def failed_as_infinite(values: Floats) -> Floats:
    """Write what a metric says of runs as infinite where it is not finite: NaN is a missing run."""
    return np.where(np.isnan(values), np.inf, values)


def failed_last(metric: Metric, values: Floats) -> Floats:
    """Turn values so that greater is better, and runs that failed are worse than all others."""
    return np.where(np.isfinite(values), metric.sign * values, np.finfo(np.float64).min)
