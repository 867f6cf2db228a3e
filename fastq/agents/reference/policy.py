"""How an agent acts: epsilon-greedy or softmax, with one uniform for each action that is drawn.

- Epsilon-greedy: ``pi(a | s) = epsilon / A``, and the rest, ``1 - epsilon``, goes to the first of
  the best of the A actions, or is shared by all of the best.
- Softmax: ``pi(a | s) = exp(Q(s, a) / T) / sum_b exp(Q(s, b) / T)`` with temperature T. The
  greatest Q-value is subtracted from all, which changes nothing but keeps the exponentials finite.

A run that diverges goes on. NaN counts as greater than any number, as in `numpy.argmax`, and equals
NaN. Where the greatest Q-value is not finite, softmax shares all among the actions that have it.

Source: Sutton & Barto, 2nd edition, sections 2.2 and 2.8.
"""

import math
from collections import Counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fastq.agents.reference.step_size import scheduled_value
from fastq.agents.schedules import Schedule

Ties = Literal["first", "random"]


def make_epsilon_greedy_policy(
    q: NDArray[np.float64], epsilon: float, num_actions: int, ties: Ties = "first"
) -> NDArray[np.float64]:
    """Give the probability of each action: epsilon shared by all, the rest to the best.

    Parameters
    ----------
    q : array, shape (num_actions,)
        Q-values of the state.
    epsilon : float
        In [0, 1].
    num_actions : int
    ties : {"first", "random"}
        Whether the rest goes to the first of the best actions, or is shared by all of them.

    Returns
    -------
    array, shape (num_actions,)
    """
    probabilities = np.ones(num_actions, dtype=float) * epsilon / num_actions
    if ties == "first":
        best_action = np.argmax(q)
        probabilities[best_action] += 1.0 - epsilon
    else:
        best = best_actions(q)
        probabilities[best] += (1.0 - epsilon) / len(best)
    return probabilities


def best_actions(q: NDArray[np.float64]) -> NDArray[np.int64]:
    """List the actions of the greatest Q-value; NaN is greater than any number, and equals NaN.

    Parameters
    ----------
    q : array, shape (num_actions,)
        Q-values of a state.

    Returns
    -------
    array of int
        In order.
    """
    greatest = q[np.argmax(q)]
    return np.flatnonzero(np.isnan(q) if np.isnan(greatest) else q == greatest)


def draw_best_action(q: NDArray[np.float64], ties: Ties, rng: np.random.Generator) -> int:
    """Give a greedy action: the first of the best or, by one uniform, any of them.

    Parameters
    ----------
    q : array, shape (num_actions,)
        Q-values of a state.
    ties : {"first", "random"}
        With "random" one uniform u is drawn, also where a single action is the best: of n best
        actions it takes number ``floor(u * n)``, counted from 0.
    rng : numpy.random.Generator
    """
    if ties == "first":
        return int(np.argmax(q))
    best = best_actions(q)
    return int(best[int(rng.random() * len(best))])


def make_softmax_policy(q: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Give the probability of each action, in proportion to the exponential of its Q-value.

    Parameters
    ----------
    q : array, shape (num_actions,)
        Q-values of the state.
    temperature : float
        Above 0. A high one makes the actions alike, a low one prefers the best.

    Returns
    -------
    array, shape (num_actions,)
    """
    values: list[float] = q.tolist()
    best = values[int(np.argmax(q))]
    if not math.isfinite(best):
        chosen = best_actions(q)
        return np.array([float(action in chosen) / len(chosen) for action in range(len(q))])
    weights = [math.exp((value - best) / temperature) for value in values]
    total = 0.0
    for weight in weights:
        total += weight
    return np.array([weight / total for weight in weights])


class Policy:
    """The policy of an agent that learns; it counts the actions drawn in each state.

    Parameters
    ----------
    epsilon : float or schedule
        Of no effect where there is a temperature.
    ties : {"first", "random"}
        Of no effect where there is a temperature.
    temperature : float or None
        None for epsilon-greedy.
    """

    def __init__(self, epsilon: float | Schedule, ties: Ties, temperature: float | None) -> None:
        self.epsilon = epsilon
        self.ties = ties
        self.temperature = temperature
        self.draws: Counter[int] = Counter()

    def probabilities(
        self, state: int, q: NDArray[np.float64], i_episode: int
    ) -> NDArray[np.float64]:
        """Give the probabilities by which the next action in a state would be drawn now."""
        if self.temperature is not None:
            return make_softmax_policy(q, self.temperature)
        epsilon = scheduled_value(self.epsilon, i_episode, self.draws[state] + 1)
        return make_epsilon_greedy_policy(q, epsilon, len(q), self.ties)

    def draw(
        self, state: int, q: NDArray[np.float64], i_episode: int, rng: np.random.Generator
    ) -> int:
        """Draw an action in a state whose Q-values are `q`, and count it."""
        action_probs = self.probabilities(state, q, i_episode)
        self.draws[state] += 1
        return int(rng.choice(np.arange(len(q)), p=action_probs))
