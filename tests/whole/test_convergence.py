"""With step sizes 1 / n^p the agents come to the exact Q*; with a wrong update they do not."""

import dataclasses

import numpy as np
import pytest

import fastq

pytestmark = pytest.mark.slow

GAMMA = 0.5


def make(seed):
    """Make a small random MDP that starts anywhere, so that all of it is seen."""
    mdp = fastq.random_mdp(4, 2, 2, seed=seed, ends=0.2)
    return dataclasses.replace(mdp, start=np.full(4, 0.25))


MDPS = [make(seed) for seed in (2, 5)]


def exact(mdp):
    """Solve Bellman's optimality equation by plain iteration."""
    q = np.zeros((mdp.num_states, mdp.num_actions))
    for _ in range(500):
        following = np.where(mdp.terminated, 0.0, q.max(axis=1)[mdp.next_state])
        q = (mdp.probability * (mdp.reward + GAMMA * following)).sum(axis=2)
    return q


def error(mdp, agent, *, episodes=300_000):
    """Give the greatest error of a learned table, relative to the greatest exact value."""
    learned = fastq.train(mdp, agent, episodes=episodes, seed=0, max_steps=100).q
    expected = exact(mdp)
    return np.abs(learned - expected).max() / np.abs(expected).max()


class KeepsTheBootstrap(fastq.Algorithm):
    """Q-learning, but for the bootstrap, which it deliberately keeps at termination."""

    tables = 1
    gamma: fastq.Fraction = GAMMA

    def act(q, state, u, agent):
        return int(u * q.shape[1])

    def update(q, step, agent, tables):
        pair = step.state, step.action
        tables[0][pair] += 1
        target = step.reward + agent.gamma * fastq.rules.greatest(q, step.next_state)
        q[pair] += (target - q[pair]) / fastq.rules.power(tables[0][pair], 0.8)


class CutsTheBootstrap(KeepsTheBootstrap):
    """The same, with the one condition that the other lacks."""

    def update(q, step, agent, tables):
        pair = step.state, step.action
        tables[0][pair] += 1
        target = step.reward
        if not step.terminated:
            target += agent.gamma * fastq.rules.greatest(q, step.next_state)
        q[pair] += (target - q[pair]) / fastq.rules.power(tables[0][pair], 0.8)


ANY = {"alpha": fastq.Visits(power=0.85), "gamma": GAMMA, "epsilon": 1.0}
LESS_AND_LESS = {**ANY, "epsilon": fastq.Visits(power=0.3)}
AGENTS = {
    "q_learning": (fastq.QLearning(**ANY), 300_000),
    "double_q_learning": (fastq.DoubleQLearning(**ANY), 300_000),
    "dyna_q": (fastq.DynaQ(**ANY, planning_steps=0), 300_000),
    "sarsa": (fastq.Sarsa(**LESS_AND_LESS), 3_000_000),
    "expected_sarsa": (fastq.ExpectedSarsa(**LESS_AND_LESS), 3_000_000),
    "own": (CutsTheBootstrap(), 300_000),
}


@pytest.mark.parametrize("mdp", MDPS, ids=["a", "b"])
@pytest.mark.parametrize("name", AGENTS)
def test_comes_within_1_percent_of_the_exact_values(name, mdp):
    agent, episodes = AGENTS[name]
    assert error(mdp, agent, episodes=episodes) < 0.01


@pytest.mark.parametrize("mdp", MDPS, ids=["a", "b"])
def test_negative_control(mdp):
    """Kept at termination, the bootstrap leads far astray: the check above sees it."""
    assert error(mdp, KeepsTheBootstrap()) > 0.05
