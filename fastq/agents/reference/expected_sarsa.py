"""Expected Sarsa: its target is the mean of the next state's Q-values under the policy.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * sum_a pi(a | S') Q(S', a) - Q(S, A))``, where the sum
counts as 0 when S' is reached by termination.

Source: van Seijen, van Hasselt, Whiteson & Wiering (2009); Sutton & Barto, 2nd edition,
section 6.6.
"""

import gymnasium
import numpy as np
from numpy.typing import NDArray

from fastq.agents.reference.episode_stats import EpisodeStats, QTable, make_q_table
from fastq.agents.reference.policy import Policy, Ties
from fastq.agents.reference.step_size import StepSize
from fastq.agents.schedules import Schedule


def expected_sarsa(
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
    """Learn by Expected Sarsa; parameters and returns as for `q_learning`.

    The target's policy is the one by which an action in S' would be drawn just before the update.

    Notes
    -----
    ``Q(S, A) <- Q(S, A) + alpha * (R + gamma * sum_a pi(a | S') Q(S', a) - Q(S, A))``. Source:
    Sutton & Barto, 2nd edition, section 6.6.
    """
    Q = make_q_table(env, initial_value)  # noqa: N806
    stats = EpisodeStats.of_none(num_episodes)
    policy = Policy(epsilon, ties, temperature)
    step_size = StepSize(alpha)
    for i_episode in range(num_episodes):
        state, _ = env.reset()
        done = False
        while not done:
            action = policy.draw(state, Q[state], i_episode, rng)
            next_state, step_reward, terminated, truncated, _ = env.step(action)
            reward = float(step_reward)
            stats.record(i_episode, reward, terminated)

            td_target = reward
            if not terminated:
                next_probs = policy.probabilities(next_state, Q[next_state], i_episode)
                td_target = reward + discount_factor * expectation(next_probs, Q[next_state])
            td_delta = td_target - Q[state][action]
            Q[state][action] += step_size.next(state, action, i_episode) * td_delta

            state = next_state
            done = terminated or truncated
    return Q, stats


def expectation(probabilities: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Sum the values times their probabilities, from the first action to the last."""
    total = 0.0
    for probability, value in zip(probabilities, values, strict=True):
        total += probability * value
    return total
