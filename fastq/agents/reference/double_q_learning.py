"""Double Q-learning: one table chooses the best next action, the other says its value.

A fair coin says which of two tables, i, is updated, with j the other:
``Qi(S, A) <- Qi(S, A) + alpha * (R + gamma * Qj(S', argmax_a Qi(S', a)) - Qi(S, A))``, where Qj
counts as 0 when S' is reached by termination. `ties` says which of several best actions is the
argmax, as it does for the policy.

Source: van Hasselt (2010); Sutton & Barto, 2nd edition, section 6.7.
"""

import gymnasium
import numpy as np
from numpy.typing import NDArray

from fastq.agents.reference.episode_stats import EpisodeStats, QTable, make_q_table
from fastq.agents.reference.policy import Policy, Ties, draw_best_action
from fastq.agents.reference.step_size import StepSize
from fastq.agents.schedules import Schedule


def double_q_learning(
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
    """Learn by double Q-learning; parameters as for `q_learning`.

    The agent acts on the mean of the two tables, ``Q1 / 2 + Q2 / 2``, which does not overflow where
    they do not. After each step one more uniform is drawn: below one half the first table is
    updated, else the second. Each table counts its own updates.

    `ties` also says which of several best actions is the argmax in the target. With "random" a
    further uniform is drawn for it, after the coin, in each step that does not terminate. This
    holds for a softmax policy too.

    Returns
    -------
    Q : defaultdict
        The mean of the two tables, in the shape that `q_learning` gives.
    stats : EpisodeStats

    Notes
    -----
    ``Qi(S, A) <- Qi(S, A) + alpha * (R + gamma * Qj(S', argmax_a Qi(S', a)) - Qi(S, A))``. Source:
    Sutton & Barto, 2nd edition, section 6.7.
    """
    Q1, Q2 = make_q_table(env, initial_value), make_q_table(env, initial_value)  # noqa: N806
    stats = EpisodeStats.of_none(num_episodes)
    policy = Policy(epsilon, ties, temperature)
    step_size_1, step_size_2 = StepSize(alpha), StepSize(alpha)
    for i_episode in range(num_episodes):
        state, _ = env.reset()
        done = False
        while not done:
            action = policy.draw(state, mean(Q1[state], Q2[state]), i_episode, rng)
            next_state, step_reward, terminated, truncated, _ = env.step(action)
            reward = float(step_reward)
            stats.record(i_episode, reward, terminated)

            if rng.random() < 0.5:
                Qi, Qj, step_size = Q1, Q2, step_size_1  # noqa: N806
            else:
                Qi, Qj, step_size = Q2, Q1, step_size_2  # noqa: N806
            td_target = reward
            if not terminated:
                best_next_action = draw_best_action(Qi[next_state], ties, rng)
                td_target = reward + discount_factor * Qj[next_state][best_next_action]
            td_delta = td_target - Qi[state][action]
            Qi[state][action] += step_size.next(state, action, i_episode) * td_delta

            state = next_state
            done = terminated or truncated
    Q = make_q_table(env, initial_value / 2 + initial_value / 2)  # noqa: N806
    Q.update({seen: mean(Q1[seen], Q2[seen]) for seen in Q1})
    return Q, stats


def mean(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the mean of the values of a state in both tables."""
    return one / 2 + other / 2
