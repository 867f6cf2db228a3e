"""Q-learning: off-policy, its target is the greatest of the next state's Q-values.

``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``, where the maximum counts
as 0 when S' is reached by termination.

Source: Watkins (1989); Sutton & Barto, 2nd edition, section 6.5.
"""

import gymnasium
import numpy as np

from fastq.agents.reference.episode_stats import EpisodeStats, QTable, make_q_table
from fastq.agents.reference.policy import Policy, Ties
from fastq.agents.reference.step_size import StepSize
from fastq.agents.schedules import Schedule


def q_learning(
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
    """Learn by Q-learning while following an epsilon-greedy or a softmax policy.

    Parameters
    ----------
    env : gymnasium.Env
        With discrete observations and actions. An episode ends where it terminates, or where its
        time limit truncates it; only termination cuts the bootstrap.
    num_episodes : int
    discount_factor : float
        gamma.
    alpha : float or schedule
        The step size. `Visits` count the updates of the pair of state and action, this one
        included.
    epsilon : float or schedule
        The share of uniformly random actions. `Visits` count the actions drawn in the state, this
        one included.
    rng : numpy.random.Generator
        Draws the actions, one uniform for each.
    initial_value : float
        What each Q-value starts from.
    ties : {"first", "random"}
        Which of several best actions is the greedy one.
    temperature : float, optional
        Makes the policy softmax, for which epsilon and ties have no meaning.

    Returns
    -------
    Q : defaultdict
        State to array of shape (num_actions,), for the states that were seen.
    stats : EpisodeStats

    Notes
    -----
    ``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``. Source: Sutton & Barto,
    2nd edition, section 6.5.
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

            best_next_action = np.argmax(Q[next_state])
            bootstrap = discount_factor * Q[next_state][best_next_action]
            td_target = reward if terminated else reward + bootstrap
            td_delta = td_target - Q[state][action]
            Q[state][action] += step_size.next(state, action, i_episode) * td_delta

            state = next_state
            done = terminated or truncated
    return Q, stats
