"""`TabularEnv`: lists of outcomes as a gymnasium environment.

As gymnasium's toy-text environments do, it exposes its dynamics as ``P`` (``P[state][action]``
lists probability, next state, reward, terminated) and draws one uniform from ``np_random`` for
each reset and each step; where neither the start nor any outcome is random, it draws none.

A reward may be a `statistics.NormalDist`. Then, once the outcome is drawn, so is one further
uniform u, and the reward is the distribution's quantile at u, or at 2**-54 where u is 0.
"""

from statistics import NormalDist
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.toy_text.utils import categorical_sample
from numpy.typing import ArrayLike

from fastq.mdp.grid_layout import GridLayout
from fastq.mdp.outcomes import Lists

_LEAST = 2.0**-54


class TabularEnv(gymnasium.Env[int, int]):
    """A finite MDP as a gymnasium environment.

    Parameters
    ----------
    P : dict
        ``P[state][action]`` is a list of `fastq.mdp.outcomes.Outcome`.
    initial_state_distrib : array, shape (S,)
    layout : GridLayout, optional
        Where the states lie on a grid.
    max_steps : int, optional
        Truncate an episode that has not terminated after so many steps. By default this is left
        to gymnasium's `TimeLimit`.
    name : str
    """

    metadata = {"render_modes": [], "render_fps": 4}

    def __init__(
        self,
        P: Lists,  # noqa: N803 - gymnasium's name
        initial_state_distrib: ArrayLike,
        *,
        layout: GridLayout | None = None,
        max_steps: int | None = None,
        name: str = "mdp",
    ) -> None:
        self.observation_space = gymnasium.spaces.Discrete(len(P))  # type: ignore[assignment]
        self.action_space = gymnasium.spaces.Discrete(len(P[0]))  # type: ignore[assignment]
        self.P = P
        self.initial_state_distrib = np.asarray(initial_state_distrib, dtype=np.float64)
        self.layout = layout
        self.max_steps = max_steps
        self.name = name
        self._draws = np.count_nonzero(self.initial_state_distrib) > 1 or any(
            len(outcomes) > 1 for row in P.values() for outcomes in row.values()
        )
        self._state: int | None = None
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Start an episode."""
        super().reset(seed=seed, options=options)
        self._steps = 0
        if self._draws:
            self._state = int(categorical_sample(self.initial_state_distrib, self.np_random))
        else:
            self._state = int(np.argmax(self.initial_state_distrib))
        return self._state, {"prob": float(self.initial_state_distrib[self._state])}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take an action."""
        if self._state is None:
            raise gymnasium.error.ResetNeeded("reset the environment before the first step")
        outcomes = self.P[self._state][int(action)]
        drawn = 0
        if self._draws:
            drawn = int(categorical_sample([outcome[0] for outcome in outcomes], self.np_random))
        probability, self._state, pays, terminated = outcomes[drawn]
        self._steps += 1
        truncated = not terminated and self.max_steps is not None and self._steps >= self.max_steps
        return self._state, self._reward(pays), terminated, truncated, {"prob": probability}

    def _reward(self, pays: float | NormalDist) -> float:
        """Draw a reward, where it is random."""
        if not isinstance(pays, NormalDist):
            return pays
        if pays.stdev == 0:
            return pays.mean
        return pays.inv_cdf(max(self.np_random.random(), _LEAST))
