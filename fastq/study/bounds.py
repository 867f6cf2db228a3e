"""The bounds of a metric of a run, whatever the agent does.

The extremes of an episode's return are those of all paths that the MDP's outcomes allow, however
improbable, within the step limit:

    most(s, t + 1) = max over actions and outcomes of reward + (terminated ? 0 : most(next, t)),

with most(s, 0) = 0. A mean over episodes lies between them as well.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.mdp.finite_mdp import FiniteMDP

Floats = NDArray[np.float64]
Bounds = tuple[float, float]
"""The least and the greatest."""


class Setting(NamedTuple):
    """What bounds a metric of a run."""

    metric: str
    """The word for it, for errors."""
    mdp: FiniteMDP
    max_steps: int
    """The step limit of an episode."""
    episodes: int
    """Of a run."""


def of_returns(setting: Setting) -> Bounds:
    """Bound the return of an episode.

    Raises
    ------
    InputError
        Where there are no bounds: normal rewards have none.
    """
    _check_bounded(setting)
    return _extremes(setting.mdp, setting.mdp.reward, setting.max_steps)


def of_regret(setting: Setting) -> Bounds:
    """Bound how far two expected returns can be apart; raise as `of_returns` does."""
    least, most = of_returns(setting)
    return 0.0, most - least


def of_rewards(setting: Setting) -> Bounds:
    """Bound the reward of a step; raise as `of_returns` does."""
    _check_bounded(setting)
    possible = setting.mdp.reward[setting.mdp.probability > 0]
    return float(possible.min()), float(possible.max())


def of_lengths(setting: Setting) -> Bounds:
    """Bound the length of an episode."""
    return _extremes(setting.mdp, np.ones_like(setting.mdp.reward), setting.max_steps)


def of_steps(setting: Setting) -> Bounds:
    """Bound the steps of one to all episodes."""
    shortest, longest = of_lengths(setting)
    return shortest, longest * setting.episodes


def of_episodes(setting: Setting) -> Bounds:
    """Bound a number of episodes."""
    return 1.0, float(setting.episodes)


def of_shares(_setting: Setting) -> Bounds:
    """Bound a share."""
    return 0.0, 1.0


def _check_bounded(setting: Setting) -> None:
    """Raise `InputError` where rewards have no bounds."""
    if setting.mdp.reward_sd is not None:
        raise InputError(
            f"metric = '{setting.metric}': has no bounds, for rewards of {setting.mdp.name!r} are "
            'normal; must have some for guarantee = "any"',
            field="metric",
            value=setting.metric,
        )


def _extremes(mdp: FiniteMDP, gains: Floats, max_steps: int) -> Bounds:
    """Give the least and the greatest sum of gains in an episode."""
    starts = mdp.start > 0
    least, most = (_furthest(mdp, gains, max_steps, pick, end) for pick, end in _ENDS)
    return float(least[starts].min()), float(most[starts].max())


_Pick = Callable[..., Floats]
_ENDS: tuple[tuple[_Pick, float], ...] = ((np.min, np.inf), (np.max, -np.inf))


def _furthest(mdp: FiniteMDP, gains: Floats, max_steps: int, pick: _Pick, never: float) -> Floats:
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
