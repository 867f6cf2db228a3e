"""Sums and visits within a step limit, against the recursion done step by step."""

import numpy as np
import pytest

import fastq
from fastq import planning
from fastq.bellman import lay_out
from fastq.horizon import expected_sums, expected_visits, onward_under, pairs

WORLDS = {
    "windy": fastq.windy_gridworld(),
    "cliff": fastq.cliff_walking(),
    "frozen": fastq.FiniteMDP.from_gymnasium("FrozenLake-v1"),
    "random": fastq.random_mdp(30, 4, 3, seed=3),
}
SWINGING = fastq.FiniteMDP.from_arrays(  # two states that lead to each other, paying 1 and -1
    np.array([[[0.0, 1.0]], [[1.0, 0.0]]]), np.array([[1.0], [-1.0]]), start=[1, 0]
)


def step_by_step(onward, gains, horizon):
    sums = np.zeros_like(gains)
    for _ in range(horizon):
        sums = gains + onward @ sums
    return sums


@pytest.mark.parametrize("horizon", [1, 2, 31, 32, 33, 64, 1000])
@pytest.mark.parametrize("world", WORLDS)
def test_sums_are_those_of_the_recursion(world, horizon):
    mdp, rng = WORLDS[world], np.random.default_rng(0)
    rows = lay_out(mdp, 1.0)
    policies = rng.integers(0, mdp.num_actions, size=(5, mdp.num_states))
    onward, gains = onward_under(rows, policies), rng.normal(size=(5 * mdp.num_states, 2))
    found = expected_sums(onward, gains, 5, horizon)
    assert found == pytest.approx(step_by_step(onward, gains, horizon), rel=1e-9, abs=1e-9)
    alone = onward_under(rows, policies[3:4])
    own = gains.reshape(5, mdp.num_states, 2)[3]
    one = found.reshape(5, mdp.num_states, 2)[3]
    assert expected_sums(alone, own, 1, horizon) == pytest.approx(one, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("horizon", [1, 2, 33, 10_000])
def test_rewards_that_swing(horizon):
    rows = lay_out(SWINGING, 1.0)
    policies = np.zeros((1, 2), dtype=np.int64)
    gains = rows.reward[pairs(rows, policies).ravel()][:, None]
    found = expected_sums(onward_under(rows, policies), gains, 1, horizon)
    assert found[0, 0] == horizon % 2


@pytest.mark.parametrize("horizon", [1, 2, 7, 100])
@pytest.mark.parametrize("world", WORLDS)
def test_visits_are_steps_and_add_up_to_values(world, horizon):
    mdp = WORLDS[world]
    policy = np.full((mdp.num_states, mdp.num_actions), 1 / mdp.num_actions)
    visits = planning.expected_visits(mdp, policy, horizon)
    rows = lay_out(mdp, 1.0).follow(policy)
    steps = step_by_step(rows.onward, np.ones((mdp.num_states, 1)), horizon)[:, 0]
    value = step_by_step(rows.onward, rows.reward[:, None], horizon)[:, 0]
    assert visits.sum() == pytest.approx(mdp.start @ steps)
    assert visits @ rows.reward == pytest.approx(mdp.start @ value)


def test_visits_of_known_walks():
    cliff = WORLDS["cliff"]
    policy = planning.greedy_policy(cliff, planning.value_iteration(cliff))
    assert sorted(planning.expected_visits(cliff, policy)) == [0] * 35 + [1] * 13
    rows = lay_out(SWINGING, 1.0).follow(np.zeros(2, dtype=np.int64))
    assert expected_visits(rows.onward, np.array([1.0, 0.0]), 9).tolist() == [5, 4]


def test_epsilon_greedy_walks_of_the_book():
    """Windy Gridworld, epsilon 0.1 on V*: 17.05 steps an episode."""
    mdp = WORLDS["windy"]
    greedy = planning.greedy_policy(mdp, planning.value_iteration(mdp))
    policy = 0.9 * np.eye(4)[greedy] + 0.025
    assert planning.expected_visits(mdp, policy).sum() == pytest.approx(17.05, abs=0.005)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1],), r"policy has shape \(2,\): must be"),
        ((np.full((70, 4), 0.5),), "the sum of policy"),
        ((np.zeros(70), 0), "horizon = 0: must be an integer from 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(fastq.InputError, match=message):
        planning.expected_visits(WORLDS["windy"], *arguments)
