"""Double Q-learning: one table chooses the best next action, the other says its value.

A fair coin says which of two tables, i, is updated, with j the other:
``Qi(S, A) <- Qi(S, A) + alpha * (R + gamma * Qj(S', argmax_a Qi(S', a)) - Qi(S, A))``, where Qj
counts as 0 when S' is reached by termination.

Source: van Hasselt (2010); Sutton & Barto, 2nd edition, section 6.7.
"""

import gymnasium
import numpy as np

from fastq.reference.policy import Policy, Ties
from fastq.reference.step_size import StepSize
from fastq.reference.tables import EpisodeStats, QTable, make_q_table
from fastq.schedules import Schedule


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

    The agent acts on the mean of the two tables. After each step one more uniform is drawn: below
    one half the first table is updated, else the second. Each table counts its own updates. The
    argmax in the target is the first one, whatever `ties` says of the policy.

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
            action = policy.draw(state, (Q1[state] + Q2[state]) / 2, i_episode, rng)
            next_state, step_reward, terminated, truncated, _ = env.step(action)
            reward = float(step_reward)
            stats.record(i_episode, reward, terminated)

            if rng.random() < 0.5:
                Qi, Qj, step_size = Q1, Q2, step_size_1  # noqa: N806
            else:
                Qi, Qj, step_size = Q2, Q1, step_size_2  # noqa: N806
            best_next_action = np.argmax(Qi[next_state])
            bootstrap = discount_factor * Qj[next_state][best_next_action]
            td_target = reward if terminated else reward + bootstrap
            td_delta = td_target - Qi[state][action]
            Qi[state][action] += step_size.next(state, action, i_episode) * td_delta

            state = next_state
            done = terminated or truncated
    Q = make_q_table(env, initial_value)  # noqa: N806
    Q.update({seen: (Q1[seen] + Q2[seen]) / 2 for seen in Q1})
    return Q, stats
