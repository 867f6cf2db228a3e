"""Exact values against the books, closed forms, linear programs, and all policies one by one."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import fastq
from fastq.mdp.planning import (
    action_values,
    epsilon_greedy_value,
    finite_horizon_value,
    greedy_policy,
    policy_evaluation,
    value_iteration,
)
from fastq.mdp.worlds.classic import maximization_bias, random_mdp, random_walk
from fastq.mdp.worlds.gridworlds import MOVES, cliff_walking, dyna_maze, windy_gridworld
from tests.support.mdps import mdps, newest

INF, NAN = np.inf, np.nan
END = (1.0, 0, 0.0, True)


def world(*states):
    """Build an MDP: a state is a list of actions, an action a list of outcomes, or one alone."""
    lists = [[a if isinstance(a, list) else [a] for a in actions] for actions in states]
    return fastq.FiniteMDP.from_arrays(lists)


def go(state, reward, chance=1.0):
    """Give the outcome of going on to a state."""
    return (chance, state, reward, False)


def swept(mdp, gamma, sweeps):
    """Iterate the Bellman operator from 0, outcome by outcome."""
    values = np.zeros(mdp.num_states)
    for _ in range(sweeps):
        outcomes = mdp.reward + gamma * np.where(mdp.terminated, 0.0, values[mdp.next_state])
        values = (mdp.probability * outcomes).sum(axis=2).max(axis=1)
    return values


def under(mdp, actions):
    """Give the matrix of going on, and the expected rewards, under one action in each state."""
    onward, reward = np.zeros((mdp.num_states, mdp.num_states)), np.zeros(mdp.num_states)
    for (state, k), chance in np.ndenumerate(mdp.probability[range(mdp.num_states), actions]):
        place = (state, actions[state], k)
        reward[state] += chance * mdp.reward[place]
        onward[state, mdp.next_state[place]] += chance * ~mdp.terminated[place]
    return onward, reward


def policies(mdp):
    """List all ways of choosing one action in each state."""
    return product(range(mdp.num_actions), repeat=mdp.num_states)


# Named worlds


@pytest.mark.parametrize(("moves", "value"), [("four", -15), ("king", -7), ("king+stay", -7)])
def test_windy_gridworld(moves, value):
    """Example 6.5 and exercise 6.9; staying, which costs 1 as well, never helps."""
    mdp = windy_gridworld(moves=moves)
    values = value_iteration(mdp)
    assert values[30] == value
    assert (policy_evaluation(mdp, greedy_policy(mdp, values)) == values).all()


def test_windy_gridworld_with_stochastic_wind():
    mdp = windy_gridworld(moves="king", stochastic_wind=True)
    assert np.allclose(value_iteration(mdp), swept(mdp, 1.0, 2000), rtol=1e-10)


def test_epsilon_greedy_in_the_windy_gridworld():
    """With a tenth of random actions, an episode on Q* takes about 17.05 steps."""
    mdp = windy_gridworld()
    q = action_values(mdp, value_iteration(mdp))
    assert abs(epsilon_greedy_value(mdp, q, 0.1)[30] + 17.05) < 0.005
    assert epsilon_greedy_value(mdp, q, 0.0)[30] == -15


def test_cliff_walking():
    """Along the edge, exploring is costly; how ties are broken shows."""
    mdp = cliff_walking()
    values = value_iteration(mdp)
    q = action_values(mdp, values)
    assert values[36] == -13
    assert abs(epsilon_greedy_value(mdp, q, 0.1, ties="random")[36] + 50.80) < 0.005
    assert abs(epsilon_greedy_value(mdp, q, 0.1, ties="first")[36] + 45.80) < 0.005


def test_frozen_lake():
    """Within 100 steps 0.744 are saved, without a limit 14 / 17; V* is never passed on the way."""
    mdp = fastq.FiniteMDP.from_gymnasium(newest("FrozenLake"))
    values = value_iteration(mdp)
    assert abs(values[0] - 14 / 17) < 1e-12
    assert abs(finite_horizon_value(mdp)[0] - 0.744) < 5e-4
    limited = [finite_horizon_value(mdp, horizon)[0] for horizon in (1, 6, 50, 100, 1000, 5000)]
    assert limited == sorted(limited)
    assert limited[0] == 0
    assert abs(limited[-1] - 14 / 17) < 1e-9
    assert np.allclose(policy_evaluation(mdp, greedy_policy(mdp, values)), values, atol=1e-12)


def test_dyna_maze():
    mdp = dyna_maze()
    assert np.isclose(value_iteration(mdp, 0.95)[18], 0.95**13, rtol=1e-12)
    values = value_iteration(mdp)
    walls = np.array(mdp.layout.walls)
    assert (np.delete(values, walls) == 1).all()
    # No hurry without a discount, so each move is one of the best; yet the policy arrives.
    assert (policy_evaluation(mdp, greedy_policy(mdp, values)) == values).all()
    assert (policy_evaluation(mdp, np.zeros(54, dtype=int))[np.arange(18, 25)] == 0).all()


def test_the_grid_of_double_q_learning():
    """Van Hasselt (2010): four steps of -1 on average, then 5, discounted by 0.95."""
    moves = np.array(MOVES["four"])
    row, column = np.divmod(np.arange(9), 3)
    landing = np.clip(row[:, None] + moves[:, 0], 0, 2) * 3
    landing += np.clip(column[:, None] + moves[:, 1], 0, 2)
    next_state = np.repeat(landing[..., None], 2, axis=2)
    reward = np.broadcast_to([-12.0, 10.0], next_state.shape).copy()
    terminated = np.zeros(next_state.shape, dtype=bool)
    reward[2], terminated[2] = 5.0, True
    mdp = fastq.FiniteMDP(next_state, reward, np.full(reward.shape, 0.5), terminated, np.eye(9)[6])
    values = value_iteration(mdp, 0.95)
    assert abs(values[6] - 0.3627) < 5e-5
    assert np.isclose(values[6], 5 * 0.95**4 - sum(0.95**t for t in range(4)))


def test_maximization_bias():
    mdp = maximization_bias()
    values = value_iteration(mdp)
    assert values.tolist() == [0, -0.1, 0]
    assert greedy_policy(mdp, values)[0] == 1


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
def test_random_walk(epsilon):
    """Gambler's ruin: with odds r of left against right, (1 - r^i) / (1 - r^6) win from i."""
    mdp = random_walk(5, left=0)
    left = epsilon / 2
    q = np.tile([0.0, 1.0], (7, 1))
    place = np.arange(1, 6)
    ratio = left / (1 - left)
    won = place / 6 if epsilon == 1 else (1 - ratio**place) / (1 - ratio**6)
    assert np.allclose(epsilon_greedy_value(mdp, q, epsilon)[1:-1], won, rtol=1e-13)
    probabilities = np.tile([left, 1 - left], (7, 1))
    assert np.allclose(policy_evaluation(mdp, probabilities)[1:-1], won, rtol=1e-13)


def test_ties_are_shared_by_all_that_are_exactly_equal():
    mdp = world([go(1, 3.0), go(1, 6.0), go(1, 9.0)], [END] * 3)
    q = [[1.0, 1.0, 1.0 - 1e-15], [0.0, 0.0, 0.0]]
    assert epsilon_greedy_value(mdp, q, 0.0, ties="random")[0] == 4.5
    assert epsilon_greedy_value(mdp, q, 0.0)[0] == 3
    assert np.isclose(epsilon_greedy_value(mdp, q, 0.5, ties="random")[0], 0.5 * 4.5 + 0.5 * 6)


# Without a discount: policies that need not end


def test_a_policy_that_never_ends_costs_infinitely():
    """Up from the start of the windy world leads into a wall for ever."""
    mdp = windy_gridworld()
    assert policy_evaluation(mdp, np.zeros(70, dtype=int))[30] == -INF
    assert np.isfinite(policy_evaluation(mdp, np.zeros(70, dtype=int), 0.99)).all()


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([[go(0, 0.0)]], [0]),
        ([[go(0, -1.0)]], [-INF]),
        ([[go(0, 1.0)]], [INF]),
        ([[go(1, 1.0)], [go(0, -1.0)]], [NAN, NAN]),
        ([[go(1, 0.1)], [go(2, 0.2)], [go(0, -0.3)]], [NAN, NAN, NAN]),
        ([[go(1, 1.0)], [go(0, -1.5)]], [-INF, -INF]),
        ([[go(1, -1.0)], [go(0, 1.5)]], [INF, INF]),
        ([[go(1, -4.0)], [go(1, 0.0)]], [-4, 0]),
        # The average of the set is (2 * -1 + 1 * 2) / 3 = 0, with each state seen unequally often.
        ([[[go(0, -1.0, 0.5), go(1, -1.0, 0.5)]], [go(0, 2.0)]], [NAN, NAN]),
        ([[[go(0, -1.0, 0.5), go(1, -1.0, 0.5)]], [go(0, 2.1)]], [INF, INF]),
        # Rewards that are random, with mean 0: at rest.
        ([[[go(0, -1.0, 0.5), go(0, 1.0, 0.5)]]], [0]),
        # In floats, 0.1 + 0.2 - 0.3 is not 0.
        ([[[go(0, r, 1 / 3) for r in (0.1, 0.2, -0.3)]]], [0]),
        # A small chance to end is enough, of any reward.
        ([[[go(0, -1.0, 0.999), (0.001, 0, -1.0, True)]]], [-1000]),
        # States are as bad as what they may come to.
        ([[[(0.5, 0, 9.0, True), go(1, 9.0, 0.5)]], [go(1, -1.0)]], [-INF, -INF]),
        ([[[go(1, 0.0, 0.5), go(2, 0.0, 0.5)]], [go(1, 1.0)], [go(2, -1.0)]], [NAN, INF, -INF]),
        ([[[go(1, 0.0, 0.5), go(2, 7.0, 0.5)]], [go(1, 1.0)], [go(2, 0.0)]], [INF, INF, 0]),
    ],
)
def test_sums_of_endless_rewards(states, expected):
    mdp = world(*states)
    found = policy_evaluation(mdp, np.zeros(len(states), dtype=int))
    assert np.allclose(found, expected, equal_nan=True, rtol=1e-12)


def test_a_mixed_policy_may_rest_where_its_actions_cancel_out():
    """0.3 * 0.1 - 0.1 * 0.3 is not 0 in floats; nor does resting hang on that."""
    mdp = world([go(0, 0.3), go(0, -0.1)])
    assert policy_evaluation(mdp, [[0.25, 0.75]])[0] == 0
    assert policy_evaluation(mdp, [[0.25001, 0.74999]])[0] == INF


def test_doomed_states():
    """No end without the risk of state 1, which only costs: an end of 9 does not make up for it."""
    risky = [(0.5, 0, 9.0, True), go(1, 9.0, 0.5)]
    mdp = world([risky, go(0, -1.0)], [go(1, -1.0)] * 2, [risky, (1.0, 0, -50.0, True)])
    values = value_iteration(mdp)
    assert values.tolist() == [-INF, -INF, -50]
    assert action_values(mdp, values).tolist() == [[-INF, -INF], [-INF, -INF], [-INF, -50]]
    assert greedy_policy(mdp, values)[2] == 1
    assert value_iteration(mdp, 0.5)[0] > 0


def test_what_only_swings_has_no_end():
    mdp = world([go(1, 1.0)], [go(0, -1.0)])
    assert value_iteration(mdp).tolist() == [-INF, -INF]


def test_swinging_on_the_way_to_an_end():
    """One may take the 1 and leave: nothing is gained by swinging longer, nor lost."""
    mdp = world([go(1, 1.0), (1.0, 0, 0.0, True)], [go(0, -1.0), (1.0, 0, 0.5, True)])
    values = value_iteration(mdp)
    assert values.tolist() == [1.5, 0.5]
    assert greedy_policy(mdp, values).tolist() == [0, 1]


def test_going_on_for_ever_at_no_cost():
    """To rest has value 0: more than an end that costs, less than one that pays."""
    stay = go(0, 0.0)
    assert value_iteration(world([stay, (1.0, 0, -1.0, True)])).tolist() == [0]
    assert value_iteration(world([stay, (1.0, 0, 2.0, True)])).tolist() == [2]
    assert value_iteration(world([go(1, -3.0), go(0, -1.0)], [go(1, 0.0)] * 2)).tolist() == [-3, 0]
    # A step for 0 is no rest yet.
    assert value_iteration(world([go(1, 0.0)], [(1.0, 0, -1.0, True)])).tolist() == [-1, -1]


@pytest.mark.parametrize("size", [1, 3])
def test_where_a_loop_is_free_the_best_value_is_not_that_of_a_proper_policy(size):
    """Round and round for 0, or out for -1 from any state: V* is 0, the best proper value -1."""
    out = (1.0, 0, -1.0, True)
    free = world(*([go((i + 1) % size, 0.0), out] for i in range(size)))
    assert value_iteration(free).tolist() == [0] * size
    assert greedy_policy(free, value_iteration(free)).tolist() == [0] * size
    proper = [
        policy_evaluation(free, actions)
        for actions in policies(free)
        if any(actions)  # out from some state, and so surely
    ]
    assert np.max(proper, axis=0).tolist() == [-1] * size
    assert (value_iteration(free) > np.max(proper, axis=0)).all()
    # A step that costs a little leaves no rest, and the best is proper.
    costly = world(*([go((i + 1) % size, -1e-6), out] for i in range(size)))
    assert value_iteration(costly).tolist() == [-1] * size
    # Any discount says the same as V*: to put off a cost for ever is to have none.
    assert value_iteration(free, 0.9).tolist() == [0] * size
    # An end that pays has more value than the loop, and both notions agree.
    paid = world(*([go((i + 1) % size, 0.0), (1.0, 0, 2.0, True)] for i in range(size)))
    assert value_iteration(paid).tolist() == [2] * size


@pytest.mark.parametrize(
    "states",
    [
        [[go(0, 1.0), END]],
        [[go(1, 2.0), END], [go(0, -1.0), END]],
        [[go(1, -5.0), END], [go(2, -1.0), END], [go(1, 1.01), END]],
        [[go(0, 1.0)]],  # where no policy ends at all
        [[go(1, -9.0)], [[go(1, 3.0, 0.9), go(2, 0.0, 0.1)]], [go(1, -5.0)]],
    ],
)
def test_rewards_without_end_are_refused(states):
    mdp = world(*states)
    with pytest.raises(fastq.InputError, match=r"V\* at \(\d,\) = inf: must be finite: .* < 1"):
        value_iteration(mdp)
    assert np.allclose(value_iteration(mdp, 0.9), swept(mdp, 0.9, 500))


def test_costs_a_little_more_than_rewards_are_not_refused():
    mdp = world([go(1, 2.0), (1.0, 0, -100.0, True)], [go(0, -2.000001)] * 2)
    assert np.allclose(value_iteration(mdp), [-100, -102.000001])


def test_ends_that_are_hardly_ever_reached():
    """Forward or back to the start, half and half: 2^(n+1) - 2 steps on average from the start."""

    def lock(n):
        return world(*([[go(0, -1.0, 0.5), go(i + 1, -1.0, 0.5)]] for i in range(n)), [END])

    for n in (5, 20, 28):
        assert np.isclose(value_iteration(lock(n))[0], 2 - 2.0 ** (n + 1), rtol=1e-9)
    with pytest.raises(fastq.InputError, match=r"V\* at \(0,\) = nan: must be at most 1e9 expect"):
        value_iteration(lock(30))
    assert np.isnan(policy_evaluation(lock(30), np.zeros(31))[0])


# Greedy policies


def test_the_first_of_the_best_actions():
    mdp = world([(1.0, 0, 1.0, True), (1.0, 0, 3.0, True), (1.0, 0, 3.0 + 1e-12, True)])
    for gamma in (0.5, 1.0):
        assert greedy_policy(mdp, [3.0], gamma).tolist() == [1]


@pytest.mark.parametrize(
    ("states", "policy"),
    [
        # Going round for nothing is as good as the end, but never gets there.
        ([[go(0, 0.0), (1.0, 0, 2.0, True)]], [1]),
        ([[go(1, 0.0), (1.0, 0, 2.0, True)], [go(0, 0.0), go(0, 0.0)]], [1, 0]),
        # So is swinging; to rest has value 0, and the policy must do so.
        ([[go(1, 1.0), go(0, 0.0)], [go(0, -1.0), go(1, -9.0)]], [1, 0]),
        # Where the first of the best does end, it stays, though there is a shorter way.
        ([[go(1, 0.0), (1.0, 0, 2.0, True)], [(1.0, 0, 2.0, True)] * 2], [0, 0]),
        # Resting in the first of the best is as good as any end of value 0.
        ([[go(0, 0.0), END]], [0]),
    ],
)
def test_greedy_policies_arrive(states, policy):
    mdp = world(*states)
    values = value_iteration(mdp)
    assert greedy_policy(mdp, values).tolist() == policy
    assert np.allclose(policy_evaluation(mdp, policy), values)


def test_greedy_policies_of_other_values():
    """One step ahead of what anyone believes, in no need to be true."""
    mdp = world([go(1, 0.0), go(2, 0.0)], [go(1, -1.0)] * 2, [END] * 2)
    assert greedy_policy(mdp, [0.0, 5.0, 1.0]).tolist() == [0, 0, 0]
    assert greedy_policy(mdp, [0.0, -INF, 1.0]).tolist() == [1, 0, 0]


# All policies, one by one


def settled(mdp, actions):
    """Give a policy's values with gamma = 1, where it surely ends or rests, else None; and whether
    it comes to collect reward for ever."""
    onward, reward = under(mdp, actions)
    states = np.arange(mdp.num_states)
    reach = np.linalg.matrix_power(np.eye(len(states)) + (onward > 0), len(states)) > 0
    ends = onward.sum(axis=1) < 1 - 1e-9
    never = np.array([not ends[r].any() and reach[r, s].all() for s, r in enumerate(reach)])
    bad, collects = np.zeros(len(states), dtype=bool), False
    for state in states[never]:
        group = reach[state]
        if np.abs(reward[group]).max() < 1e-12:
            continue
        bad[state] = True
        size = group.sum()
        balance = np.vstack([np.eye(size) - onward[np.ix_(group, group)].T, np.ones(size)])
        share = np.linalg.lstsq(balance, np.append(np.zeros(size), 1.0), rcond=None)[0]
        collects |= share @ reward[group] > 1e-9
    fine, values = ~(reach & bad).any(axis=1), np.zeros(len(states))
    left = fine & ~never
    values[left] = np.linalg.solve(np.eye(left.sum()) - onward[np.ix_(left, left)], reward[left])
    return values, fine, collects


@st.composite
def small_worlds(draw):
    """Draw worlds of few states, where rests, dooms, swings and endless rewards are common."""
    shape = (draw(st.integers(2, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    size = int(np.prod(shape))

    def table(*allowed):
        drawn = draw(st.lists(st.sampled_from(allowed), min_size=size, max_size=size))
        return np.array(drawn).reshape(shape)

    weight, terminated = table(0, 1, 2), table(False, False, False, True)
    weight[..., 0] += 1
    terminated[0, 0, 0] = False  # else no episode might start there
    rewards = draw(st.sampled_from([(0, -1), (0, -1, -2, 1), (0, 0, 1, -1, 2, -2)]))
    return fastq.FiniteMDP(
        next_state=table(*range(shape[0])),
        reward=table(*map(float, rewards)),
        probability=weight / weight.sum(axis=2, keepdims=True),
        terminated=terminated,
        start=np.arange(shape[0]) == 0,
    )


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(small_worlds())
def test_no_policy_is_better_without_a_discount(mdp):
    best, endless = np.full(mdp.num_states, -INF), False
    for actions in policies(mdp):
        values, fine, collects = settled(mdp, actions)
        found = policy_evaluation(mdp, actions)
        assert np.allclose(found[fine], values[fine], atol=1e-9)
        assert not np.isfinite(found[~fine]).any()
        endless |= collects
        best[fine] = np.maximum(best, values)[fine]
    if endless:
        with pytest.raises(fastq.InputError, match="comes for ever"):
            value_iteration(mdp)
        return
    values = value_iteration(mdp)
    assert np.allclose(values, best, atol=1e-9)
    finite = np.isfinite(values)
    attained = policy_evaluation(mdp, greedy_policy(mdp, values))
    assert np.allclose(attained[finite], values[finite], atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(mdps(), st.sampled_from([0.0, 0.5, 0.99]))
def test_no_policy_is_better_with_a_discount(mdp, gamma):
    best = np.full(mdp.num_states, -INF)
    for actions in policies(mdp):
        onward, reward = under(mdp, actions)
        values = np.linalg.solve(np.eye(mdp.num_states) - gamma * onward, reward)
        best = np.maximum(best, values)
    values = value_iteration(mdp, gamma)
    assert np.allclose(values, best, rtol=1e-9, atol=1e-9 * np.abs(best).max())
    policy = greedy_policy(mdp, values, gamma)
    attained = policy_evaluation(mdp, policy, gamma)
    assert np.allclose(attained, best, rtol=1e-7, atol=1e-7 * np.abs(best).max())


@pytest.mark.parametrize(("gamma", "ends"), [(0.9, 0.0), (1.0, 0.05)])
def test_values_solve_the_linear_program(gamma, ends):
    """V* is the least v with v >= r + gamma P v for each action."""
    mdp = random_mdp(30, 3, 4, 1, ends=ends)
    pairs = [under(mdp, np.full(30, action)) for action in range(3)]
    matrix = np.vstack([gamma * onward - np.eye(30) for onward, _ in pairs])
    paid = np.concatenate([reward for _, reward in pairs])
    least = linprog(np.ones(30), A_ub=matrix, b_ub=-paid, bounds=(None, None)).x
    assert np.allclose(value_iteration(mdp, gamma), least, rtol=1e-6)


@pytest.mark.parametrize("states", [400, 1200])
@pytest.mark.parametrize(("gamma", "ends"), [(0.9999, 0.0), (1.0, 1e-4)])
def test_large_worlds(states, gamma, ends):
    """The Bellman equation holds, whether systems are solved directly or by iteration."""
    mdp = random_mdp(states, 3, 5, 0, ends=ends)
    values = value_iteration(mdp, gamma)
    onward = np.where(mdp.terminated, 0.0, values[mdp.next_state])
    again = (mdp.probability * (mdp.reward + gamma * onward)).sum(axis=2).max(axis=1)
    assert np.abs(again - values).max() < 1e-12 * np.abs(values).max()
    assert values.min() > 1000
    attained = policy_evaluation(mdp, greedy_policy(mdp, values, gamma), gamma)
    assert np.allclose(attained, values, rtol=1e-9)


def slippery(size, cost, prize):
    """Build an open grid; a move slips to either side a tenth of the time each."""
    row, column = np.divmod(np.arange(size**2), size)
    up, right = np.maximum(row - 1, 0), np.minimum(column + 1, size - 1)
    down, left = np.minimum(row + 1, size - 1), np.maximum(column - 1, 0)
    moves = [up * size + column, row * size + right, down * size + column, row * size + left]
    landing = np.stack(moves, axis=1)
    next_state = np.stack([landing, np.roll(landing, 1, axis=1), np.roll(landing, -1, axis=1)], 2)
    terminated = next_state == size**2 - 1
    reward = np.where(terminated, prize, cost)
    chance = np.broadcast_to([0.8, 0.1, 0.1], reward.shape)
    return fastq.FiniteMDP(next_state, reward, chance, terminated, np.arange(size**2) == 0)


@pytest.mark.parametrize(("cost", "prize"), [(-1.0, -1.0), (0.0, 1.0)])
@pytest.mark.parametrize("size", [20, 30])
def test_slippery_grids(size, cost, prize):
    mdp = slippery(size, cost, prize)
    values = value_iteration(mdp)
    expected = swept(mdp, 1.0, 1000)
    assert np.allclose(values, expected, rtol=1e-10)
    assert np.allclose(policy_evaluation(mdp, greedy_policy(mdp, values)), expected, rtol=1e-9)


def test_a_long_way_may_be_the_quick_one():
    """14 short steps, each lost 9 times in 10, take 10^14 steps; 28 sure ones are better."""
    stages = [
        [[go(2 * i + 2, -1.0, 0.1), go(0, -1.0, 0.9)], go(2 * i + 1, -1.0)] for i in range(14)
    ]
    between = [[go(2 * i + 2, -1.0)] * 2 for i in range(14)]
    mdp = world(*(state for pair in zip(stages, between, strict=True) for state in pair), [END] * 2)
    assert value_iteration(mdp)[0] == -28
    free = fastq.FiniteMDP(
        mdp.next_state, 0 * mdp.reward, mdp.probability, mdp.terminated, mdp.start
    )
    assert value_iteration(free)[0] == 0


@pytest.mark.parametrize("tolerance", [1e-300, 1e-15])
def test_rounding_ends_the_search_where_the_tolerance_does_not(tolerance):
    for mdp in (slippery(30, 0.0, 0.3), slippery(8, -0.1, 0.0), random_mdp(60, 4, 3, 0, ends=0.01)):
        values = value_iteration(mdp, 1.0, tolerance)
        assert np.allclose(values, value_iteration(mdp), rtol=1e-12)


def test_probabilities_that_sum_to_one_nearly():
    """The chance to end is what it says, not what is left over."""
    stay = (0.999999 - 5e-10, 0, -1.0, False)
    mdp = world([[stay, (1e-6, 0, -1.0, True)]])
    assert np.isclose(value_iteration(mdp)[0], -1e6, rtol=1e-8)
    assert np.isclose(policy_evaluation(mdp, [[1 - 5e-10]])[0], -1e6, rtol=1e-8)


def test_a_coarse_tolerance_may_settle_for_less():
    mdp = world([(1.0, 0, 1.0, True), (1.0, 0, 1.001, True)])
    assert value_iteration(mdp, 1.0).tolist() == [1.001]
    mdp = world([(1.0, 0, 1.0, True), go(1, 0.0)], [(1.0, 0, 1.001, True)] * 2)
    assert value_iteration(mdp, 0.9999999).tolist()[0] > 1.0009
    assert value_iteration(mdp, 0.9999999, tolerance=0.1).tolist()[0] == 1


# Steps ahead


def test_action_values_outcome_by_outcome():
    mdp = random_mdp(7, 3, 4, 2, ends=0.3)
    values = np.arange(7.0)
    following = np.where(mdp.terminated, 0.0, values[mdp.next_state])
    expected = (mdp.probability * (mdp.reward + 0.7 * following)).sum(axis=2)
    assert np.allclose(action_values(mdp, values, 0.7), expected, rtol=1e-13)


def test_infinite_costs_count_only_where_they_may_follow():
    impossible = [go(0, 1.0), go(1, 0.0, 0.0)]
    mdp = world([impossible, (1.0, 1, 2.0, True), go(1, 3.0)], [go(0, 0.0)] * 3)
    assert action_values(mdp, [5.0, -INF]).tolist() == [[6, 2, -INF], [5, 5, 5]]
    assert action_values(mdp, [5.0, -INF], 0.0).tolist() == [[1, 2, 3], [0, 0, 0]]


def test_values_within_a_horizon():
    """Costs grow by one a step until the end comes within reach."""
    mdp = windy_gridworld()
    for horizon in (1, 14, 15, 16, 2**31 - 1):
        assert finite_horizon_value(mdp, horizon)[30] == -min(horizon, 15)
    assert (finite_horizon_value(mdp) == value_iteration(mdp)).all()
    doomed = fastq.FiniteMDP.from_arrays([[[go(0, -1.0)]]], max_steps=17)
    assert finite_horizon_value(doomed).tolist() == [-17]
    assert finite_horizon_value(doomed, 3, 0.5).tolist() == [-1.75]
    swinging = world([go(1, 1.0)], [go(0, -1.0)])
    assert [finite_horizon_value(swinging, h)[0] for h in (1, 2, 3, 4)] == [1, 0, 1, 0]


def test_time_limits_are_no_ends():
    short = fastq.FiniteMDP.from_arrays([[[go(0, -1.0)]]], max_steps=1)
    assert value_iteration(short).tolist() == [-INF]
    assert np.isclose(policy_evaluation(short, [0], 0.5)[0], -2)


WINDY = windy_gridworld()
VALUES, Q = np.zeros(70), np.zeros((70, 4))
HALF = np.full((70, 4), 0.125)
NEARLY = np.full((70, 4), 0.25 + 0.25e-4)
ODD = np.where(np.arange(70) == 3, 4, 0)
UNFIT = np.where(np.arange(4) == 1, [[NAN]], Q)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: value_iteration(WINDY, 1.5), r"gamma = 1.5: must be a number in \[0, 1\]"),
        (lambda: value_iteration(WINDY, NAN), r"gamma = nan: must be a number in \[0, 1\]"),
        (
            lambda: value_iteration(WINDY, 1.0, 0.0),
            r"tolerance = 0.0: must be a number in \(0, 1\]",
        ),
        (lambda: action_values(WINDY, VALUES, -0.1), "gamma = -0.1: must be"),
        (lambda: action_values(WINDY, VALUES[1:]), r"values has shape \(69,\): must be \(70,\)"),
        (lambda: action_values(WINDY, "none"), "values = 'none': must be a table of numbers"),
        (lambda: action_values(WINDY, [[1], [1, 2]]), "values = .*: must be a table of numbers"),
        (lambda: greedy_policy(WINDY, VALUES + INF), r"values at \(0,\) = inf: must be finite or"),
        (lambda: greedy_policy(WINDY, VALUES + NAN), r"values at \(0,\) = nan: must be finite or"),
        (lambda: greedy_policy(WINDY, VALUES, "1"), "gamma = '1': must be a number"),
        (lambda: policy_evaluation(WINDY, VALUES, 2), "gamma = 2: must be a number"),
        (lambda: policy_evaluation(WINDY, Q[1:]), r"shape \(69, 4\): must be \(70,\) or \(70, 4\)"),
        (
            lambda: policy_evaluation(WINDY, ODD),
            r"policy at \(3,\) = 4.0: must be an action below 4",
        ),
        (lambda: policy_evaluation(WINDY, VALUES + 0.5), r"policy at \(0,\) = 0.5: must be an act"),
        (lambda: policy_evaluation(WINDY, VALUES - 1), r"policy at \(0,\) = -1.0: must be an act"),
        (lambda: policy_evaluation(WINDY, HALF), r"sum of policy at \(0,\) = 0.5: must be 1"),
        (lambda: policy_evaluation(WINDY, NEARLY), r"sum of policy at \(0,\) = 1.0001: must be 1"),
        (lambda: policy_evaluation(WINDY, HALF - 1), r"policy at \(0, 0\) = -0.875: must be in"),
        (lambda: policy_evaluation(WINDY, UNFIT), r"policy at \(0, 1\) = nan: must be in \[0, 1\]"),
        (lambda: epsilon_greedy_value(WINDY, Q, 1.1), r"epsilon = 1.1: must be a number in \[0, 1"),
        (lambda: epsilon_greedy_value(WINDY, Q, 0.1, 7.0), "gamma = 7.0: must be"),
        (lambda: epsilon_greedy_value(WINDY, UNFIT, 0.1), r"q at \(0, 1\) = nan: must be finite"),
        (lambda: epsilon_greedy_value(WINDY, VALUES, 0.1), r"q has shape \(70,\): must be \(70, 4"),
        (lambda: epsilon_greedy_value(WINDY, Q, 0.1, ties="last"), "ties = 'last': must be one of"),
        (lambda: finite_horizon_value(WINDY, 0), "horizon = 0: must be an integer from 1"),
        (lambda: finite_horizon_value(WINDY, 1.5), "horizon = 1.5: must be an integer from 1"),
        (lambda: finite_horizon_value(WINDY, 1, -1.0), "gamma = -1.0: must be"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
