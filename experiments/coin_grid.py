"""The grid of van Hasselt (2010), and runs on it that are followed for so many steps.

3 x 3 cells, from the lower left to the upper right: a step from any state but the goal costs 12 or
pays 10, by a fair coin; any action in the goal pays 5 and ends.
"""

import numpy as np
from numpy.typing import NDArray

import fastq

START, GOAL, STEPS, BIN = 6, 2, 10_000, 250


def world() -> fastq.FiniteMDP:
    """Build the grid: two outcomes of each step, alike but for the reward."""
    row, column = np.divmod(np.arange(9)[:, None], 3)
    down, right = np.array([[-1, 0, 1, 0], [0, 1, 0, -1]])
    to = np.clip(row + down, 0, 2) * 3 + np.clip(column + right, 0, 2)
    reward, terminated = np.tile([-12.0, 10.0], (9, 4, 1)), np.zeros((9, 4, 2), dtype=bool)
    reward[GOAL], terminated[GOAL] = 5.0, True
    half, start = np.full((9, 4, 2), 0.5), np.eye(9)[START]
    return fastq.FiniteMDP(np.repeat(to[:, :, None], 2, 2), reward, half, terminated, start)


def follow(agent: fastq.Agent, run: int) -> NDArray[np.float64]:
    """Train a run until it has taken its steps.

    Returns
    -------
    array, shape (STEPS / BIN + 2,)
        The reward per step in each bin of steps, those of an episode spread evenly over its steps;
        max Q(start) when the first episode ends at STEPS or later; all steps trained for it.
    """
    options, episodes, steps = {"seed": 0, "run": run, "max_steps": STEPS}, 1, np.zeros(1)
    trained = 0
    while steps[-1] < STEPS:  # nobody knows how many episodes these are
        episodes *= 2
        found = fastq.train(GRID, agent, episodes=episodes, **options)
        steps = np.append(0, found.lengths.cumsum())
        trained += int(steps[-1])
    sums = np.interp(np.arange(0, STEPS + 1, BIN), steps, np.append(0, found.returns.cumsum()))
    last = fastq.train(GRID, agent, episodes=int(np.searchsorted(steps, STEPS)), **options)
    trained += int(last.lengths.sum())
    return np.array([*np.diff(sums) / BIN, last.q[START].max(), trained])


GRID = world()
