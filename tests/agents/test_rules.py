"""The building blocks: NumPy's answers, the same compiled and plain, every index checked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastq import rules

SHAPES = [(1, 1), (3, 2), (2, 17)]
inside = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_greedy_and_greatest_are_those_of_numpy(shape):
    rng = np.random.default_rng(0)
    for _ in range(50):
        q = rng.integers(-2, 2, size=shape).astype(float)  # few values, so that there are ties
        for state in range(shape[0]):
            assert rules.greedy(q, state) == rules.greedy.py_func(q, state) == q[state].argmax()
            assert rules.greatest(q, state) == rules.greatest.py_func(q, state) == q[state].max()


def test_infinite_values():
    q = np.array([[-np.inf, -np.inf], [-np.inf, np.inf]])
    assert [rules.greedy(q, 0), rules.greedy(q, 1)] == [0, 1]
    assert [rules.greatest(q, 0), rules.greatest(q, 1)] == [-np.inf, np.inf]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(actions=st.integers(1, 300), u=inside, epsilon=st.floats(0, 1))
def test_epsilon_greedy(actions, u, epsilon):
    q = np.zeros((2, actions))
    q[1, actions // 2] = 1.0
    found = rules.epsilon_greedy(q, 1, u, epsilon)
    assert found == rules.epsilon_greedy.py_func(q, 1, u, epsilon)
    if u >= epsilon:
        assert found == actions // 2
    assert 0 <= found < actions


@settings(max_examples=200, deadline=None, derandomize=True)
@given(actions=st.integers(1, 2**20), epsilon=st.floats(0, 1, exclude_min=True))
def test_the_greatest_uniform_below_epsilon_draws_the_last_action_and_none_beyond(actions, epsilon):
    q = np.broadcast_to(0.0, (1, actions))
    below = np.nextafter(epsilon, 0.0)
    found = rules.epsilon_greedy.py_func(q, 0, below, epsilon)
    assert found == actions - 1 or (epsilon < 1e-300 and found < actions)


def test_the_shares_of_epsilon_greedy():
    q = np.array([[0.0, 0.0, 1.0, 1.0]])
    drawn = [rules.epsilon_greedy(q, 0, u, 0.2) for u in (np.arange(4000) + 0.5) / 4000]
    assert np.bincount(drawn).tolist() == [200, 200, 200 + 3200, 200]


@pytest.mark.parametrize("rule", [rules.greedy, rules.greatest])
@pytest.mark.parametrize("state", [2, -3, 10**9])
def test_a_state_outside_the_table(rule, state):
    with pytest.raises(IndexError, match="out of bounds"):
        rule(np.zeros((2, 2)), state)
