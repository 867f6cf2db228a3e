"""Q-learning in plain Python, as the tutorial writes it: slow, obvious, and the measure of truth.

It steps a real gymnasium environment, keeps its Q-table in a dictionary, and shares no code with
the kernels, which must equal it to the last bit. One uniform is drawn for each action, through
`Generator.choice`; ties go to the first action, through `numpy.argmax`.

The tutorial stored the index of an episode's last step as its length, one less than the number of
steps; here lengths count steps.

To replay run r of a sweep with seed s::

    rng = fastq.streams.generator(s, r)
    env.unwrapped.np_random = fastq.streams.generator(s, r, fastq.streams.ENVIRONMENT)
    Q, stats = q_learning(env, num_episodes, rng=rng)
"""

from collections import defaultdict
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

QTable = defaultdict[int, NDArray[np.float64]]


class EpisodeStats(NamedTuple):
    """What happened in each episode; both arrays have shape (num_episodes,)."""

    episode_lengths: NDArray[np.int64]
    """Steps taken."""
    episode_rewards: NDArray[np.float64]
    """Sum of the rewards, undiscounted."""


def make_epsilon_greedy_policy(
    q: NDArray[np.float64], epsilon: float, num_actions: int
) -> NDArray[np.float64]:
    """Give the probability of each action: epsilon shared by all, the rest to the first best.

    Parameters
    ----------
    q : array, shape (num_actions,)
        Q-values of the state.
    epsilon : float
        In [0, 1].
    num_actions : int

    Returns
    -------
    array, shape (num_actions,)
    """
    probabilities = np.ones(num_actions, dtype=float) * epsilon / num_actions
    best_action = np.argmax(q)
    probabilities[best_action] += 1.0 - epsilon
    return probabilities


def q_learning(
    env: gymnasium.Env[Any, Any],
    num_episodes: int,
    discount_factor: float = 1.0,
    alpha: float = 0.6,
    epsilon: float = 0.1,
    *,
    rng: np.random.Generator,
    initial_value: float = 0.0,
) -> tuple[QTable, EpisodeStats]:
    """Learn by Q-learning while following an epsilon-greedy policy.

    Parameters
    ----------
    env : gymnasium.Env
        With discrete observations and actions. An episode ends where it terminates, or where its
        time limit truncates it; only termination cuts the bootstrap.
    num_episodes : int
    discount_factor, alpha, epsilon : float
        gamma, the step size, and the share of uniformly random actions.
    rng : numpy.random.Generator
        Draws the actions.
    initial_value : float
        What each Q-value starts from.

    Returns
    -------
    Q : defaultdict
        State to array of shape (num_actions,), for the states that were seen.
    stats : EpisodeStats

    Notes
    -----
    Source: Sutton & Barto, 2nd edition, section 6.5.
    """
    num_actions = int(env.action_space.n)  # type: ignore[attr-defined]
    Q: QTable = defaultdict(lambda: np.full(num_actions, initial_value))  # noqa: N806
    stats = EpisodeStats(np.zeros(num_episodes, dtype=np.int64), np.zeros(num_episodes))
    for i_episode in range(num_episodes):
        state, _ = env.reset()
        done = False
        while not done:
            action_probs = make_epsilon_greedy_policy(Q[state], epsilon, num_actions)
            action = int(rng.choice(np.arange(num_actions), p=action_probs))
            next_state, reward, terminated, truncated, _ = env.step(action)
            stats.episode_lengths[i_episode] += 1
            stats.episode_rewards[i_episode] += float(reward)

            best_next_action = np.argmax(Q[next_state])
            bootstrap = discount_factor * Q[next_state][best_next_action]
            td_target = float(reward) if terminated else float(reward) + bootstrap
            td_delta = td_target - Q[state][action]
            Q[state][action] += alpha * td_delta

            state = next_state
            done = terminated or truncated
    return Q, stats
