"""Sarsa: on-policy, its target is the Q-value of the action that comes next.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * Q(S', A') - Q(S, A))``, where Q(S', A') counts as 0 when
S' is reached by termination.

Source: Rummery & Niranjan (1994); Sutton & Barto, 2nd edition, section 6.4.
"""

import gymnasium
import numpy as np

from fastq.agents.reference.episode_stats import EpisodeStats, QTable, make_q_table
from fastq.agents.reference.policy import Policy, Ties
from fastq.agents.reference.step_size import StepSize
from fastq.agents.schedules import Schedule


def sarsa(
    env: gymnasium.Env[int, int],
    num_episodes: int,
    discount_factor: float = 1.0,
    alpha: float | Schedule = 0.6,
    epsilon: float | Schedule = 0.1,
    *,
    rng: np.random.Generator,
    initial_value: float = 0.0,
    ties: Ties = "first",
    temperature: float | None = None,
) -> tuple[QTable, EpisodeStats]:
    """Learn by Sarsa; parameters and returns as for `q_learning`.

    The first action is drawn after the reset. After each step that did not terminate the next one
    is drawn, before the update. So it is also where the time limit truncates the episode: there
    only the target uses it, and the next episode draws again.

    Notes
    -----
    ``Q(S, A) <- Q(S, A) + alpha * (R + gamma * Q(S', A') - Q(S, A))``. Source: Sutton & Barto, 2nd
    edition, section 6.4.
    """
    Q = make_q_table(env, initial_value)  # noqa: N806
    stats = EpisodeStats.of_none(num_episodes)
    policy = Policy(epsilon, ties, temperature)
    step_size = StepSize(alpha)
    for i_episode in range(num_episodes):
        state, _ = env.reset()
        action = policy.draw(state, Q[state], i_episode, rng)
        done = False
        while not done:
            next_state, step_reward, terminated, truncated, _ = env.step(action)
            reward = float(step_reward)
            stats.record(i_episode, reward, terminated)

            next_action, td_target = action, reward
            if not terminated:
                next_action = policy.draw(next_state, Q[next_state], i_episode, rng)
                td_target = reward + discount_factor * Q[next_state][next_action]
            td_delta = td_target - Q[state][action]
            Q[state][action] += step_size.next(state, action, i_episode) * td_delta

            state, action = next_state, next_action
            done = terminated or truncated
    return Q, stats
