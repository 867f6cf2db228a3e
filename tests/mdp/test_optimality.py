"""Optimal actions by hand, and worlds in which a share of them would say nothing."""

import numpy as np
import pytest
from hypothesis import given, settings

import fastq
from fastq.mdp.optimality import all_alike, optimal_actions
from fastq.mdp.planning import policy_evaluation, value_iteration
from fastq.results.policy_value import check_solvable
from fastq.study.metrics import find_metric
from tests.mdp.test_planning import END, go, policies, small_worlds, world
from tests.support.mdps import newest

LAKE = fastq.FiniteMDP.from_gymnasium(newest("FrozenLake"))
TO_END = (1.0, 0, -1.0, True)


def test_optimal_actions_by_hand():
    """Straight to the end costs 1; by way of the other state, 2; to stay, one more."""
    mdp = world([TO_END, go(1, -1.0), go(0, -1.0)], [TO_END, go(0, -1.0), TO_END])
    assert optimal_actions(mdp, 1.0).tolist() == [[True, False, False], [True, False, True]]
    # An agent that does not look ahead sees no difference in what a step costs.
    mdp = world([(1.0, 0, -2.0, True), go(1, -1.0)], [(1.0, 0, -9.0, True)] * 2)
    assert optimal_actions(mdp, 0.0)[0].tolist() == [False, True]
    assert optimal_actions(mdp, 1.0)[0].tolist() == [True, False]


NO_END = world([go(0, -1.0), go(1, -1.0)], [go(0, -1.0)] * 2)
PIT = world([TO_END, go(1, 0.0)], [go(1, -1.0)] * 2)
RICH = world([go(0, 1.0), END])
ROUND = world([go(0, 0.0), (1.0, 0, 1.0, True), (1.0, 0, 0.0, True)])
SWING = world([go(1, 1.0), (1.0, 0, 0.0, True)], [go(0, -1.0), (1.0, 0, 0.5, True)])
EQUAL = world([TO_END, TO_END])


@pytest.mark.parametrize(
    ("mdp", "gamma", "message"),
    [
        (NO_END, 1.0, "from state 0 of .* no policy surely ends; must have gamma < 1"),
        (PIT, 1.0, "from state 1 of .* no policy surely ends; must have gamma < 1"),
        (
            RICH,
            1.0,
            r"V\* at \(0,\) = inf: must be finite: reward comes for ever, unless gamma < 1",
        ),
        (ROUND, 1.0, "from state 0 of .* optimal actions may go round for ever; must have gamma"),
        (SWING, 1.0, "from state 0 of .* optimal actions may go round for ever; must have gamma"),
        (fastq.dyna_maze(), 1.0, "from state 0 of 'fastq/DynaMaze-v0' optimal actions may go rou"),
        (fastq.random_walk(5), 1.0, "from state 1 of .* optimal actions may go round for ever"),
        (LAKE, 1.0, "from state 0 of .* optimal actions may go round for ever"),
        (EQUAL, 1.0, "each action is optimal, so it is 1 whatever is learned"),
        (EQUAL, 0.9, "each action is optimal, so it is 1 whatever is learned"),
        (fastq.dyna_maze(), 0.0, None),
    ],
)
def test_worlds_in_which_a_share_says_nothing(mdp, gamma, message):
    if message is None:
        assert not optimal_actions(mdp, gamma).all()
        return
    with pytest.raises(fastq.InputError, match="metric = 'optimal_actions': .*" + message) as found:
        check_solvable(find_metric("optimal_actions"), mdp, [gamma])
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "mdp",
    [
        fastq.windy_gridworld(),
        fastq.cliff_walking(),
        # To rest for 0 is the best there is, and a policy that does so has that value.
        world([go(0, 0.0), TO_END]),
        world([go(1, -3.0), go(0, -5.0)], [go(1, 0.0), go(0, -1.0)]),
        # A pit that is never reached, and a round trip that costs.
        world([TO_END, go(0, -1.0)], [go(1, -1.0)] * 2),
    ],
)
def test_worlds_in_which_a_share_says_something(mdp):
    assert 0 < optimal_actions(mdp, 1.0).mean() < 1


@pytest.mark.parametrize("mdp", [fastq.dyna_maze(), LAKE, ROUND, PIT], ids=lambda mdp: mdp.name)
def test_a_discount_makes_sense_of_it(mdp):
    assert not optimal_actions(mdp, 0.95).all()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(small_worlds())
def test_what_is_not_refused_tells_the_best_policies(mdp):
    """All policies of optimal actions have the values V* where the metric is allowed."""
    try:
        optimal = optimal_actions(mdp, 1.0)
    except fastq.InputError:
        return
    values, start = value_iteration(mdp), int(mdp.start.argmax())
    for actions in policies(mdp):
        if optimal[np.arange(mdp.num_states), actions].all():
            found = policy_evaluation(mdp, actions)
            assert found[start] == pytest.approx(values[start], abs=1e-9)


def test_regret_is_refused_where_nothing_can_be_chosen():
    one = world([TO_END], [go(0, 0.0)])
    assert all_alike(one)
    assert all_alike(world([TO_END] * 2, [go(0, -1.0), TO_END]))  # never in the second state
    assert not all_alike(world([go(1, -1.0)] * 2, [go(0, -1.0), TO_END]))
    assert not all_alike(fastq.random_walk(5))
    with pytest.raises(fastq.InputError, match=r"'regret': all actions do the same in .*"):
        check_solvable(find_metric("regret"), one)
    check_solvable(find_metric("value"), one)
