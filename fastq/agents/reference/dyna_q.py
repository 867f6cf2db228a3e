"""Tabular Dyna-Q: Q-learning, and after each step so many updates from a learned model.

The model remembers the last outcome of each pair of state and action. Experience and model are
learned from by the same rule,
``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``, where the maximum counts
as 0 when S' is reached by termination.

Source: Sutton (1990); Sutton & Barto, 2nd edition, section 8.2.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import TypeVar

import gymnasium
import numpy as np

from fastq.agents.reference.episode_stats import EpisodeStats, QTable, make_q_table
from fastq.agents.reference.policy import Policy, Ties
from fastq.agents.reference.step_size import StepSize
from fastq.agents.schedules import Schedule

T = TypeVar("T")
Outcome = tuple[float, int, bool]
"""Reward, next state, and whether that was reached by termination."""
Model = defaultdict[int, dict[int, Outcome]]
"""State to action to the last outcome."""


def dyna_q(
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
    planning_steps: int = 5,
) -> tuple[QTable, EpisodeStats]:
    """Learn by tabular Dyna-Q; further parameters, and returns, as for `q_learning`.

    A planning step draws one uniform for a state seen before and one for an action taken there
    before, both in the order in which they were first seen.

    Parameters
    ----------
    planning_steps : int
        Updates from the model after each step. They count as updates for `Visits`.

    Notes
    -----
    ``Q(S, A) <- Q(S, A) + alpha * (R + gamma * max_a Q(S', a) - Q(S, A))``. Source: Sutton & Barto,
    2nd edition, section 8.2.
    """
    Q = make_q_table(env, initial_value)  # noqa: N806
    stats = EpisodeStats.of_none(num_episodes)
    policy = Policy(epsilon, ties, temperature)
    step_size = StepSize(alpha)
    model: Model = defaultdict(dict)

    def learn(state: int, action: int, outcome: Outcome, i_episode: int) -> None:
        """Update the value of a pair by an outcome, be it real or from the model."""
        reward, next_state, terminated = outcome
        best_next_action = np.argmax(Q[next_state])
        bootstrap = discount_factor * Q[next_state][best_next_action]
        td_target = reward if terminated else reward + bootstrap
        td_delta = td_target - Q[state][action]
        Q[state][action] += step_size.next(state, action, i_episode) * td_delta

    for i_episode in range(num_episodes):
        state, _ = env.reset()
        done = False
        while not done:
            action = policy.draw(state, Q[state], i_episode, rng)
            next_state, reward, terminated, truncated, _ = env.step(action)
            stats.record(i_episode, float(reward), terminated)

            outcome = float(reward), next_state, terminated
            learn(state, action, outcome, i_episode)
            model[state][action] = outcome
            for _ in range(planning_steps):
                s = one_of(model, rng)
                a = one_of(model[s], rng)
                learn(s, a, model[s][a], i_episode)

            state = next_state
            done = terminated or truncated
    return Q, stats


def one_of(seen: Collection[T], rng: np.random.Generator) -> T:
    """Draw one of the items that were seen, by one uniform."""
    return list(seen)[int(rng.random() * len(seen))]
