"""What a reference run fills: the Q-table, and the record of its episodes."""

from collections import defaultdict
from typing import NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

QTable = defaultdict[int, NDArray[np.float64]]
"""State to the values of its actions, shape (num_actions,), for the states that were seen."""


def make_q_table(env: gymnasium.Env[int, int], initial_value: float) -> QTable:
    """Give a table in which every Q-value of the environment is `initial_value`."""
    num_actions = int(env.action_space.n)  # type: ignore[attr-defined]
    return defaultdict(lambda: np.full(num_actions, initial_value, dtype=float))


class EpisodeStats(NamedTuple):
    """What happened in each episode; the arrays have shape (num_episodes,)."""

    episode_lengths: NDArray[np.int64]
    """Steps taken."""
    episode_rewards: NDArray[np.float64]
    """Sum of the rewards, undiscounted."""
    episode_truncated: NDArray[np.bool_]
    """Whether the time limit ended the episode, not a termination."""

    @classmethod
    def of_none(cls, num_episodes: int) -> "EpisodeStats":
        """Give the record before the first step."""
        return cls(
            np.zeros(num_episodes, dtype=np.int64),
            np.zeros(num_episodes),
            np.zeros(num_episodes, dtype=np.bool_),
        )

    def record(self, i_episode: int, reward: float, terminated: bool) -> None:
        """Add a step to an episode."""
        self.episode_lengths[i_episode] += 1
        self.episode_rewards[i_episode] += reward
        self.episode_truncated[i_episode] = not terminated
