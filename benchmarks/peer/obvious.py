"""Q-learning in Numba as one would write it: NumPy's own generator, tables of rows, `argmax`."""

import numba
import numpy as np
from numpy.typing import NDArray

import fastq
from fastq.agents.td_control import TDAgent
from peer.measure import Timed, timed


@numba.njit(cache=True)
def seed_generator(seed: int) -> None:
    """Seed the generator that compiled code draws from."""
    np.random.seed(seed)  # noqa: NPY002


@numba.njit(cache=True)
def q_learning(
    next_state: NDArray[np.int32],
    reward: NDArray[np.float64],
    terminated: NDArray[np.bool_],
    start: int,
    max_steps: int,
    alpha: float,
    gamma: float,
    epsilon: float,
    num_episodes: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Train a run in a world of tables of shape (states, actions)."""
    num_states, num_actions = reward.shape
    q = np.zeros((num_states, num_actions))
    returns = np.zeros(num_episodes)
    lengths = np.zeros(num_episodes, dtype=np.int32)
    for episode in range(num_episodes):
        state = start
        for _ in range(max_steps):
            if np.random.random() < epsilon:  # noqa: NPY002
                action = np.random.randint(num_actions)  # noqa: NPY002
            else:
                action = np.argmax(q[state])
            next_one = next_state[state, action]
            target = reward[state, action]
            if not terminated[state, action]:
                target += gamma * np.max(q[next_one])
            q[state, action] += alpha * (target - q[state, action])
            returns[episode] += reward[state, action]
            lengths[episode] += 1
            if terminated[state, action]:
                break
            state = next_one
    return q, returns, lengths


class Obvious:
    """The loop above, compiled, as a peer that trains some runs one after another."""

    def __init__(self, mdp: fastq.FiniteMDP, agent: TDAgent, runs: int, episodes: int) -> None:
        tables = (mdp.next_state, mdp.reward, mdp.terminated)
        self._world = [np.array(table[:, :, 0]) for table in tables]
        self._others = int(mdp.start.argmax()), mdp.max_steps, agent.alpha, agent.gamma
        self._epsilon, self._runs, self._episodes = agent.epsilon, runs, episodes
        self._train(1, 1)

    def __call__(self, seed: int) -> Timed:
        """Train the runs."""
        seed_generator(seed)
        steps, seconds = timed(self._train, self._runs, self._episodes)
        return Timed(seconds, steps)

    def _train(self, runs: int, episodes: int) -> int:
        """Train some runs; count their steps."""
        arguments = (*self._world, *self._others, self._epsilon, episodes)
        return sum(int(q_learning(*arguments)[2].sum()) for _ in range(runs))
