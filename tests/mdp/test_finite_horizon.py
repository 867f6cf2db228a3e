"""Sums and visits within a step limit, against the recursion done step by step."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag
from scipy.sparse import csr_array

import fastq
from fastq import planning
from fastq.mdp.bellman import lay_out
from fastq.mdp.finite_horizon import expected_sums, expected_visits, onward_under, pairs
from tests.support.mdps import mdps

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


@pytest.mark.parametrize("horizon", [1, 2, 31, 32, 33, 64, 1000, 10_000])
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


@pytest.mark.parametrize("horizon", [1, 31, 32, 33, 64, 65, 10_000])
def test_each_block_stops_when_it_is_at_rest(horizon):
    """One ends, one pays for ever, one swings, one leaks: each as if it were alone."""
    blocks = [
        (np.array([[0, 1], [0, 0]]), [-1, -2]),
        (np.array([[0, 1], [0, 1]]), [0, 3]),
        (np.array([[0, 1], [1, 0]]), [1, -1]),
        (np.array([[0.25, 0.5], [0.5, 0.5]]), [2, -1]),
    ]
    onward = csr_array(block_diag(*[moves for moves, _ in blocks]))
    gains = np.concatenate([pays for _, pays in blocks]).astype(float)[:, None]
    found = expected_sums(onward, gains, 4, horizon)
    assert found == pytest.approx(step_by_step(onward, gains, horizon), rel=1e-12, abs=1e-12)
    for place, (moves, pays) in enumerate(blocks):
        alone = expected_sums(csr_array(moves * 1.0), np.array(pays, float)[:, None], 1, horizon)
        assert alone == pytest.approx(found[2 * place : 2 * place + 2], rel=1e-12, abs=1e-12)
    assert found[:6, 0].tolist() == [
        -1 if horizon == 1 else -3, -2, 3 * (horizon - 1), 3 * horizon, horizon % 2, -(horizon % 2),
    ]  # fmt: skip


@pytest.mark.parametrize("horizon", [1, 33, 1000, 10**6, 2**31 - 1])
@pytest.mark.parametrize("leak", [0.5, 0.1, 1e-3])
def test_a_sum_that_hardly_grows_any_more_is_not_drawn_out(leak, horizon):
    """A state that is left with a small probability: a geometric sum."""
    stays = 1 - leak
    found = expected_sums(csr_array([[stays]]), np.ones((1, 1)), 1, horizon)[0, 0]
    expected = -math.expm1(horizon * math.log(stays)) / (1 - stays)
    assert found == pytest.approx(expected, rel=1e-12)


@given(mdps(), st.sampled_from([1, 2, 31, 32, 33, 64, 200]), st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_sums_and_visits_of_any_mdp(mdp, horizon, random):
    """Outcome by outcome, without sparse matrices."""
    actions = [random.randrange(mdp.num_actions) for _ in range(mdp.num_states)]
    moves, gains = np.zeros((mdp.num_states,) * 2), np.zeros((mdp.num_states, 1))
    for state, action in enumerate(actions):
        for chance, onto, reward, ends in zip(
            mdp.probability[state, action], mdp.next_state[state, action],
            mdp.reward[state, action], mdp.terminated[state, action], strict=True,
        ):  # fmt: skip
            gains[state] += chance * reward
            moves[state, onto] += 0.0 if ends else chance
    policies, rows = np.array([actions]), lay_out(mdp, 1.0)
    found = expected_sums(onward_under(rows, policies), gains, 1, horizon)
    scale = horizon * np.abs(gains).max()
    assert found == pytest.approx(step_by_step(moves, gains, horizon), rel=1e-9, abs=1e-12 * scale)
    visits = expected_visits(onward_under(rows, policies), mdp.start, horizon)
    steps = step_by_step(moves, np.ones_like(gains), horizon)
    assert visits.sum() == pytest.approx(mdp.start @ steps[:, 0])
    assert visits @ gains == pytest.approx(mdp.start @ found, rel=1e-9, abs=1e-12 * scale)


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


@pytest.mark.parametrize("horizon", [33, 64, 1000])
def test_two_gains_of_which_one_settles_first(horizon):
    """One gain is the same in each step at once; the other decays slowly."""
    onward = csr_array(np.array([[0.0, 1.0], [0.0, 0.999]]))
    still = csr_array(np.array([[0.0, 1.0], [0.0, 1.0]]))
    gains = np.array([[0.0, 1.0], [0.0, -2.0]])
    for moves in (onward, still):
        found = expected_sums(moves, gains, 1, horizon)
        expected = step_by_step(moves, gains, horizon)
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)
