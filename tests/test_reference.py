"""The tutorial's algorithm, checked by hand-worked cases and by exact answers."""

import gymnasium
import numpy as np
import pytest

from fastq import reference, streams


@pytest.mark.parametrize(
    ("q", "epsilon", "expected"),
    [
        ([0.0, 0.0, 0.0, 0.0], 0.1, [0.925, 0.025, 0.025, 0.025]),
        ([0.0, 2.0, 2.0, 1.0], 0.2, [0.05, 0.85, 0.05, 0.05]),
        ([1.0, 2.0], 0.0, [0.0, 1.0]),
        ([1.0, 2.0], 1.0, [0.5, 0.5]),
    ],
)
def test_policy(q, epsilon, expected):
    found = reference.make_epsilon_greedy_policy(np.array(q), epsilon, len(q))
    assert found == pytest.approx(expected, abs=1e-15)


def test_first_step_by_hand():
    """From zeros, alpha 0.5 and reward -1 make the first Q-value -0.5."""
    env = gymnasium.make("fastq/WindyGridworld-v0", max_episode_steps=1)
    table, stats = reference.q_learning(env, 1, alpha=0.5, epsilon=0.0, rng=streams.generator(0, 0))
    assert table[30].tolist() == [-0.5, 0.0, 0.0, 0.0]
    assert stats.episode_lengths.tolist() == [1]
    assert stats.episode_rewards.tolist() == [-1.0]


def test_lengths_count_steps_and_the_optimum_is_15():
    env = gymnasium.make("fastq/WindyGridworld-v0")
    table, stats = reference.q_learning(env, 400, rng=streams.generator(1, 0), epsilon=0.1)
    assert stats.episode_lengths.tolist() == (-stats.episode_rewards).tolist()
    assert stats.episode_lengths.min() == 15
    assert max(table[30]) == pytest.approx(-15, abs=0.1)


def test_initial_value():
    env = gymnasium.make("fastq/WindyGridworld-v0", max_episode_steps=1)
    table, _ = reference.q_learning(
        env, 1, alpha=1.0, epsilon=0.0, rng=streams.generator(0, 0), initial_value=4.0
    )
    assert table[30].tolist() == [3.0, 4.0, 4.0, 4.0]
