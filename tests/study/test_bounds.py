"""Bounds of metrics: against all paths of small worlds, and runs that never leave them."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings

import fastq
from fastq.study.metrics import DEFINITIONS, bounds_of, find_metric
from tests.support.mdps import mdps

WORDS = [f"{name}:-20" if row.takes == "return" else name for name, row in DEFINITIONS.items()]


def bounds(word, mdp, max_steps=100, episodes=30):
    return bounds_of(find_metric(word), mdp, max_steps, episodes)


def sums_of_paths(mdp, state, steps):
    """Add up the rewards of every path of so many steps, in plain Python."""
    if steps == 0:
        return {0.0}
    found = set()
    for place in np.ndindex(mdp.next_state.shape[1:]):
        outcome = (state, *place)
        if mdp.probability[outcome] > 0:
            ends = mdp.terminated[outcome]
            onward = {0.0} if ends else sums_of_paths(mdp, mdp.next_state[outcome], steps - 1)
            found |= {mdp.reward[outcome] + after for after in onward}
    return found


@settings(max_examples=25, deadline=None, derandomize=True)
@given(mdp=mdps())
def test_bounds_are_those_of_all_paths(mdp):
    mdp = dataclasses.replace(mdp, reward_sd=None, reward=mdp.reward.round())
    paths = set().union(*(sums_of_paths(mdp, s, 2) for s in np.flatnonzero(mdp.start)))
    assert bounds("return", mdp, 2) == bounds("return_last:3", mdp, 2) == (min(paths), max(paths))


def test_of_known_worlds():
    windy, walk = fastq.windy_gridworld(), fastq.random_walk()
    assert bounds("return", windy, 100) == (-100, -15)
    assert bounds("length", windy, 100) == (15, 100)
    assert bounds("steps_to:-20", windy, 100, 7) == (15, 700)
    assert bounds("episodes_to:-20", windy, 100, 7) == (1, 7)
    assert bounds("reward_per_step", windy) == (-1, -1)
    assert bounds("regret", windy, 100) == (0, 85)
    assert bounds("optimal_actions", windy) == (0, 1)
    low, high = bounds("return", walk, 10_000)
    assert high - low <= 2  # paid at the end, once: the limit does not matter


@pytest.mark.parametrize("word", WORDS)
def test_no_run_leaves_them(results, word):
    sweep = results.sweep
    low, high = bounds(word, sweep.mdp, sweep.time_limit, sweep.episodes)
    values = results.values(word)
    assert low <= values.min() <= values.max() <= high


def test_normal_rewards_have_none():
    mdp = fastq.FiniteMDP.from_arrays(np.ones((1, 1, 1)), [0.0], reward_sd=1.0, max_steps=5)
    with pytest.raises(fastq.InputError, match="metric = 'return': has no bounds, for rewards of "):
        bounds("return", mdp)
    assert bounds("length", mdp, 5) == (5, 5)
