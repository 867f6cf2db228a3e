"""Random MDPs whose tables are larger than caches: Q-learning in fastq, and in plain C.

Each of four actions leads to one next state, anywhere; one pair in thousand ends the episode.
Allocating and clearing the tables of all runs is a part of the work, in fastq and in C.
"""

import dataclasses

import numpy as np

import fastq
from peer import c, pairs
from peer.measure import Contest

EPISODES = {10_000: 200, 100_000: 150, 1_000_000: 100}
"""By states: so many that a run sees most states of the first, half of the second, and a tenth of
the last, in about a second."""
RUNS = 32
MAX_STEPS = 1000
ENDS = 0.001
"""The share of pairs that end the episode."""


def title(num_states: int) -> str:
    """Name a contest."""
    return f"Q-learning on a random MDP of {num_states:,} states"


def world(num_states: int) -> fastq.FiniteMDP:
    """Make a world."""
    mdp = fastq.random_mdp(num_states, 4, 1, seed=0)
    ends = np.random.Generator(np.random.PCG64(1)).random(mdp.terminated.shape) < ENDS
    return dataclasses.replace(mdp, terminated=ends, max_steps=MAX_STEPS)


def contest(num_states: int, size: pairs.Size) -> Contest:
    """Prepare a contest.

    Raises
    ------
    Missing
        Where there is no C compiler.
    """
    c.needed_compiler()  # before a large world is made
    mdp, agent = world(num_states), fastq.QLearning()
    episodes = max(1, EPISODES[num_states] * size.episodes // pairs.FULL.episodes)
    less = size._replace(runs=RUNS, episodes=episodes)
    return pairs.pair(title(num_states), mdp, agent, c.Twin(mdp, agent), less)
