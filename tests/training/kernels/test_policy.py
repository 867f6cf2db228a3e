"""The compiled draw of an action, against `Generator.choice` with the reference's probabilities."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.agents.reference import make_epsilon_greedy_policy, make_softmax_policy
from fastq.training.kernels import policy
from fastq.training.kernels.build import facts_of
from fastq.training.kernels.layout import lay_out_learners, lay_out_world
from fastq.training.kernels.scratch import lay_out_work


@numba.njit
def draw(q, agents, world, work, stream):
    return policy.act(q, np.uint64(0), agents[0], world, work, stream)


class World:
    """One state with so many actions, laid out for an agent."""

    def __init__(self, num_actions, agent):
        stay = [(1.0, 0, 0.0, False)]
        mdp = fastq.FiniteMDP.from_arrays([[stay] * num_actions])
        self.world = lay_out_world(mdp, 1, rows=True)
        self.agents = lay_out_learners([agent]).current
        self.work = lay_out_work(mdp, [agent], facts_of(type(agent)))

    def draw(self, q, k):
        """Draw with a stream whose next uniform is k * 2**-53."""
        self.work.greedy[0] = q.argmax()
        return draw(q, self.agents, self.world, self.work, words(k))


def words(k):
    """Make an SFC64 state: its next output is the sum of its first, second and fourth words."""
    return np.array([k << 11, 0, 0, 0], dtype=np.uint64)


def choice(policy, k):
    """Draw as NumPy does, from a generator whose next uniform is k * 2**-53."""
    bits = np.random.SFC64()
    bits.state = {**bits.state, "state": {"state": words(k)}}
    return np.random.Generator(bits).choice(len(policy), p=policy)


def near_thresholds(policy):
    """List the uniforms at which the draw changes, and those beside them."""
    sums = np.cumsum(policy)
    edges = [math.ceil(c * 2**53) for c in (sums / sums[-1]).tolist()]
    found = {edge + step for edge in edges for step in (-2, -1, 0, 1)}
    return sorted(k for k in {*found, 0, 2**52, 2**53 - 1} if 0 <= k < 2**53)


epsilons = st.floats(0, 1) | st.sampled_from([5e-324, 1e-300, 1e-18, 1e-9, 1e-8, 1 - 2**-53, 1.0])


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(epsilon=epsilons, num_actions=st.sampled_from([3, 17, 300]), data=st.data())
@pytest.mark.parametrize("ties", ["first", "random"])
def test_epsilon_greedy_at_each_threshold(ties, epsilon, num_actions, data):
    indices = st.integers(0, num_actions - 1)
    q = np.zeros(num_actions)
    q[data.draw(st.lists(indices, min_size=1, max_size=4))] = 1.0
    agent = fastq.QLearning(epsilon=epsilon, ties=ties)
    expected = make_epsilon_greedy_policy(q, epsilon, num_actions, ties)
    here = World(num_actions, agent)
    for k in near_thresholds(expected):
        assert here.draw(q, k) == choice(expected, k)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    temperature=st.floats(1e-3, 1e6),
    q=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=4),
    data=st.data(),
)
def test_softmax_at_each_threshold(temperature, q, data):
    expected = make_softmax_policy(np.array(q), temperature)
    here = World(len(q), fastq.QLearning(temperature=temperature))
    for k in near_thresholds(expected):
        assert here.draw(np.array(q), k) == choice(expected, k)


def test_shares_of_the_draws():
    """Over evenly spread uniforms, each action comes as often as its probability says."""
    q = np.array([0.0, 2.0, 2.0, 1.0])
    for ties, shares in [("first", [0.05, 0.85, 0.05, 0.05]), ("random", [0.05, 0.45, 0.45, 0.05])]:
        here = World(4, fastq.QLearning(epsilon=0.2, ties=ties))
        drawn = [here.draw(q, k) for k in range(0, 2**53, 2**53 // 1000)]
        assert np.bincount(drawn) / len(drawn) == pytest.approx(shares, abs=2e-3)
