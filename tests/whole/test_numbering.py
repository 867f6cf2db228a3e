"""With random ties no result depends on how the actions are numbered."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

import fastq
from fastq.agents.registry import AGENTS

KINDS = list(AGENTS.values())
RUNS = 200
ORDERS = list(itertools.permutations(range(4)))[::3]
"""Eight of the 24, each action first in two of them."""


def renumbered(mdp, order):
    """Renumber the actions of an MDP: action i is what `order[i]` was."""
    tables = ("next_state", "reward", "probability", "terminated")
    return dataclasses.replace(mdp, **{name: getattr(mdp, name)[:, order] for name in tables})


def steps_by_order(agent):
    """Give the mean steps of episodes 6 to 10 of each run, by order; no two runs share a stream."""
    maze, found = fastq.dyna_maze(), []
    for seed, order in enumerate(ORDERS):
        batch = fastq.train_batch(
            renumbered(maze, order), agent, episodes=10, seed=seed, runs=RUNS, max_steps=2000
        )
        found.append(batch.lengths[:, 5:].mean(axis=1))
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_results_do_not_depend_on_the_order_of_actions(kind):
    steps = steps_by_order(kind(alpha=0.5, gamma=0.95, ties="random"))
    assert stats.kruskal(*steps).pvalue > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_they_do_where_the_first_of_the_best_is_taken(kind):
    """The negative control: these runs are enough to see it."""
    steps = steps_by_order(kind(alpha=0.5, gamma=0.95, ties="first"))
    assert stats.kruskal(*steps).pvalue < 1e-9


def test_softmax_honours_the_ties_of_double_q_learning():
    """Its policy has none, its target has."""
    softmax = {"alpha": 0.5, "gamma": 0.95, "temperature": 0.01}
    steps = steps_by_order(fastq.DoubleQLearning(ties="random", **softmax))
    assert stats.kruskal(*steps).pvalue > 1e-3
    steps = steps_by_order(fastq.DoubleQLearning(ties="first", **softmax))
    assert stats.kruskal(*steps).pvalue < 1e-9


def test_renumbering_changes_nothing_but_numbers():
    maze = fastq.dyna_maze()
    back = renumbered(renumbered(maze, ORDERS[5]), np.argsort(ORDERS[5]))
    assert back.fingerprint == maze.fingerprint
    assert renumbered(maze, ORDERS[5]).fingerprint != maze.fingerprint
