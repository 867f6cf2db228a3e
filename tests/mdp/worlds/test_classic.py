"""The named worlds against the book, and random ones against what defines them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastq
from fastq.mdp.worlds.classic import maximization_bias, random_mdp, random_walk


def expected_rewards(mdp, gamma=1.0):
    """Solve for the values of the policy that takes all actions equally often."""
    going = mdp.probability * ~mdp.terminated
    matrix = np.zeros((mdp.num_states, mdp.num_states))
    for (s, a, k), following in np.ndenumerate(mdp.next_state):
        matrix[s, following] += going[s, a, k] / mdp.num_actions
    paid = (mdp.probability * mdp.reward).sum(axis=2).mean(axis=1)
    return np.linalg.solve(np.eye(mdp.num_states) - gamma * matrix, paid)


def test_random_walk_of_example_6_2():
    """The true values are i / 6, as the book says."""
    mdp = random_walk(5, left=0)
    assert np.allclose(expected_rewards(mdp)[1:-1], np.arange(1, 6) / 6)
    assert np.flatnonzero(mdp.start).tolist() == [3]


def test_random_walk_of_example_7_1():
    """The true values are i / 10 - 1, from -0.9 to 0.9."""
    mdp = random_walk()
    assert mdp.num_states == 21
    assert np.allclose(expected_rewards(mdp)[1:-1], np.arange(1, 20) / 10 - 1)
    assert np.flatnonzero(mdp.start).tolist() == [10]
    assert mdp.deterministic


def test_the_ends_of_the_random_walk():
    mdp = random_walk(1, left=-2, right=3)
    assert mdp.next_state[1].tolist() == [[0], [2]]
    assert mdp.reward.tolist() == [[[0], [0]], [[-2], [3]], [[0], [0]]]
    assert mdp.terminated.all()


def test_maximization_bias():
    mdp = maximization_bias(4)
    assert mdp.next_state[..., 0].tolist() == [[1, 2, 1, 2], [2] * 4, [2] * 4]
    assert mdp.terminated[..., 0].tolist() == [[False, True] * 2, [True] * 4, [True] * 4]
    assert mdp.reward[..., 0].tolist() == [[0] * 4, [-0.1] * 4, [0] * 4]
    assert mdp.reward_sd[..., 0].tolist() == [[0] * 4, [1] * 4, [0] * 4]
    assert mdp.deterministic
    assert maximization_bias(sd=0).reward_sd is None


ARGUMENTS = st.tuples(st.integers(1, 8), st.integers(1, 3), st.integers(1, 8), st.integers(0, 99))


@given(ARGUMENTS, st.sampled_from([0.0, 0.3, 1.0]))
def test_random_mdps(arguments, ends):
    states, actions, branching, seed = arguments
    branching = min(states, branching)
    mdp = random_mdp(states, actions, branching, seed, ends=ends)
    assert mdp.next_state.shape == (states, actions, branching * (2 if ends else 1))
    assert (np.diff(mdp.next_state[..., :branching], axis=2) > 0).all()  # distinct
    leaving = (mdp.probability * mdp.terminated).sum(axis=2)
    assert np.allclose(leaving, ends)
    same = random_mdp(states, actions, branching, seed, ends=ends)
    assert same.fingerprint == mdp.fingerprint


@pytest.mark.parametrize(
    ("arguments", "kwargs", "fingerprint"),
    [
        ((10, 3, 2, 0), {}, "728c4d5d49d00734"),
        ((10, 3, 7, 1), {"ends": 0.1}, "e9c6b115b1ffa9c9"),
        ((1000, 2, 5, 2), {"sd": 0.5}, "27dfd644000bd55a"),
    ],
)
def test_random_mdps_are_the_same_everywhere(arguments, kwargs, fingerprint):
    assert random_mdp(*arguments, **kwargs).fingerprint == fingerprint
    other = random_mdp(*arguments[:3], arguments[3] + 1, **kwargs)
    assert other.fingerprint != fingerprint


@pytest.mark.parametrize("branching", [2, 3])
def test_all_sets_of_next_states_are_equally_likely(branching):
    """Of 5 states there are 10 sets: a chi-square (9 degrees of freedom) above 28 is 1 in 1000."""
    mdp = random_mdp(5, 2000, branching, 4)
    sets, counts = np.unique(mdp.next_state.reshape(-1, branching), axis=0, return_counts=True)
    assert len(sets) == 10
    assert ((counts - 1000) ** 2 / 1000).sum() < 28


def test_the_law_of_random_mdps():
    """Each of 3 probabilities is Beta(1, 2): mean 1/3, second moment 1/6; rewards are N(0, 1)."""
    mdp = random_mdp(200, 50, 3, 0)
    assert np.allclose(mdp.probability.mean(axis=(0, 1)), 1 / 3, atol=0.01)
    assert np.allclose((mdp.probability**2).mean(axis=(0, 1)), 1 / 6, atol=0.01)
    assert abs(mdp.reward.mean()) < 0.03
    assert abs(mdp.reward.std() - 1) < 0.03


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: random_walk(4), "states = 4: must be odd"),
        (lambda: random_walk(0), "states = 0: must be an integer from 1"),
        (lambda: random_walk(left=np.inf), "left = inf: must be a finite number"),
        (lambda: maximization_bias(3), "actions = 3: must be even"),
        (lambda: maximization_bias(sd=-1.0), r"reward_sd at \(1, 0, 0\) = -1.0: must be"),
        (lambda: random_mdp(2, 1, 3, 0), "branching = 3: must be at most states = 2"),
        (lambda: random_mdp(2, 1, 0, 0), "branching = 0: must be an integer from 1"),
        (lambda: random_mdp(2, 1, 1, -1), "seed = -1: must be an integer from 0"),
        (lambda: random_mdp(2, 1, 1, 0, ends=1.5), r"ends = 1.5: must be a number in \[0, 1\]"),
        (lambda: random_mdp(2, 1, 1, 0, sd="1"), "sd = '1': must be a finite number"),
        (lambda: random_mdp(2**20, 2**10, 2, 0), "states = 1048576: makes 2147483648 outcomes"),
    ],
)
def test_bad_arguments(build, message):
    with pytest.raises(fastq.InputError, match=message):
        build()
