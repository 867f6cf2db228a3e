"""The bounds of a metric of a run, whatever the agent does.

The extremes of an episode's return are those of all paths that the MDP's outcomes allow, however
improbable, within the step limit:

    most(s, t + 1) = max over actions and outcomes of reward + (terminated ? 0 : most(next, t)),

with most(s, 0) = 0. A mean over episodes lies between them as well.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study.metrics import Floats, Metric

_RETURNS = ("return", "return_last", "return_over_steps", "value")


def bounds_of(metric: Metric, mdp: FiniteMDP, max_steps: int, episodes: int) -> tuple[float, float]:
    """Give the least and the greatest value that a metric of a run can have.

    Parameters
    ----------
    metric : Metric
    mdp : FiniteMDP
    max_steps : int
        The step limit of an episode.
    episodes : int
        Of a run.

    Raises
    ------
    InputError
        Where there are none: normal rewards have no bounds.
    """
    name = metric.name
    if name == "optimal_actions":
        return 0.0, 1.0
    if name == "episodes_to":
        return 1.0, float(episodes)
    if name in ("length", "steps_to"):
        times = episodes if name == "steps_to" else 1
        shortest, longest = _extremes(mdp, np.ones_like(mdp.reward), max_steps)
        return shortest, longest * times
    if mdp.reward_sd is not None:
        raise InputError(
            f"metric = '{metric}': has no bounds, for rewards of {mdp.name!r} are normal; must "
            'have some for guarantee = "any"',
            field="metric",
            value=str(metric),
        )
    if name == "reward_per_step":
        possible = mdp.reward[mdp.probability > 0]
        return float(possible.min()), float(possible.max())
    least, most = _extremes(mdp, mdp.reward, max_steps)
    return (least, most) if name in _RETURNS else (0.0, most - least)


def _extremes(mdp: FiniteMDP, gains: Floats, max_steps: int) -> tuple[float, float]:
    """Give the least and the greatest sum of gains in an episode."""
    starts = mdp.start > 0
    least, most = (_furthest(mdp, gains, max_steps, pick, end) for pick, end in _ENDS)
    return float(least[starts].min()), float(most[starts].max())


_Pick = Callable[..., Floats]
_ENDS: tuple[tuple[_Pick, float], ...] = ((np.min, np.inf), (np.max, -np.inf))


def _furthest(
    mdp: FiniteMDP, gains: Floats, max_steps: int, pick: _Pick, never: float
) -> NDArray[np.float64]:
    """Give from each state the sum of gains that is furthest to one end, shape (S,)."""
    each = np.where(mdp.probability > 0, gains, never)
    goes_on = ~mdp.terminated
    sums = np.zeros(mdp.num_states)
    for _ in range(max_steps):
        longer = pick(each + goes_on * sums[mdp.next_state], axis=(1, 2))
        if (longer == sums).all():
            break
        sums = longer
    return sums
