"""Hyperparameters: what is allowed, and the keys of configurations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastq


def test_defaults_are_the_tutorials():
    agent = fastq.QLearning()
    assert (agent.alpha, agent.gamma, agent.epsilon, agent.initial_value) == (0.6, 1.0, 0.1, 0.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"alpha": 0.0}, r"alpha = 0.0: must be a number in \(0, 1\]"),
        ({"alpha": 1.01}, r"alpha = 1.01: must be a number in \(0, 1\]"),
        ({"alpha": float("nan")}, r"alpha = nan: must be a number in \(0, 1\]"),
        ({"alpha": "0.5"}, r"alpha = '0.5': must be a number in \(0, 1\]"),
        ({"alpha": True}, r"alpha = True: must be a number in \(0, 1\]"),
        ({"gamma": -0.1}, r"gamma = -0.1: must be a number in \[0, 1\]"),
        ({"epsilon": 1.5}, r"epsilon = 1.5: must be a number in \[0, 1\]"),
        ({"initial_value": float("inf")}, r"initial_value = inf: must be a finite number"),
        ({"lambda": 0.5}, r"lambda = 0.5: no such field; allowed are alpha, gamma, epsilon"),
    ],
)
def test_bad_hyperparameters(fields, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.QLearning(**fields)
    assert "\n" not in str(caught.value)


def test_integers_and_numpy_scalars_are_numbers():
    assert fastq.QLearning(alpha=1, gamma=np.float32(0.5)) == fastq.QLearning(alpha=1.0, gamma=0.5)


def test_agents_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        fastq.QLearning().alpha = 0.5


def test_the_key_is_the_same_everywhere():
    """Pinned: a changed key would orphan every result on disk."""
    assert fastq.QLearning().key("0123456789abcdef") == "50f9dc3b339c9254"


@given(st.floats(0.001, 1), st.floats(0, 1))
def test_keys_tell_configurations_apart(alpha, epsilon):
    plain, other = fastq.QLearning(), fastq.QLearning(alpha=alpha, epsilon=epsilon)
    assert (plain.key("x") == other.key("x")) == (plain == other)
    assert plain.key("x") != plain.key("y")
