"""Dense arrays: what is read, and what is refused."""

import numpy as np
import pytest
from hypothesis import given

import fastq
from tests.support.mdps import mdps

# 0 goes to 1 or stays; 1 goes to the end, which is 2; the end has no way on.
CHAIN = [
    [[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]],
    [[0.0, 0.0, 1.0], [0.0, 0.5, 0.5]],
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
]


def read(transitions=CHAIN, rewards=(0, 0, 0), **kwargs):
    return fastq.FiniteMDP.from_arrays(transitions, rewards, **{"terminal": [2], **kwargs})


def test_a_chain_by_hand():
    mdp = read(rewards=[5, 6, 7])
    assert mdp.next_state.tolist() == [[[0, 1], [0, 0]], [[2, 2], [1, 2]], [[2, 2], [2, 2]]]
    assert mdp.probability[1].tolist() == [[1, 0], [0.5, 0.5]]
    assert mdp.terminated.tolist()[1:] == [[[True, True], [False, True]], [[True, True]] * 2]
    assert mdp.reward[0].tolist() == [[5, 5], [5, 5]]
    assert mdp.reward[2].tolist() == [[0, 0], [0, 0]]  # there is no way on
    assert mdp.start.tolist() == [1, 0, 0]


def test_rewards_of_a_state_an_action_and_a_transition():
    full = np.arange(18.0).reshape(3, 2, 3)
    assert read(rewards=full).reward[0].tolist() == [[0, 1], [3, 3]]
    assert read(rewards=full[..., 0]).reward[0].tolist() == [[0, 0], [3, 3]]
    assert read(rewards=full[:, 0, 0]).reward[0].tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("sd", [0.5, [0.5] * 3, np.full((3, 2), 0.5), np.full((3, 2, 3), 0.5)])
def test_random_rewards(sd):
    mdp = read(reward_sd=sd)
    assert mdp.reward_sd[0, 0].tolist() == [0.5, 0.5]
    assert mdp.reward_sd[2].tolist() == [[0, 0], [0, 0]]


@given(mdps())
def test_an_mdp_is_the_same_in_all_that_matters(mdp):
    """Tables, summed into dense arrays by a loop, have the same probabilities as what is read."""

    def dense(world):
        found = np.zeros((world.num_states, world.num_actions, world.num_states))
        for (s, a, k), following in np.ndenumerate(world.next_state):
            found[s, a, following] += world.probability[s, a, k]
        return found

    transitions = np.minimum(dense(mdp), 1)
    read_back = fastq.FiniteMDP.from_arrays(transitions, np.ones(mdp.num_states), start=mdp.start)
    assert np.array_equal(dense(read_back), transitions)
    assert read_back.num_outcomes == np.count_nonzero(transitions, axis=2).max()


def changed(place, value):
    table = np.array(CHAIN)
    table[place] = value
    return table


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"transitions": np.ones((3, 3))}, r"transitions has shape \(3, 3\): must be \(states"),
        ({"transitions": np.ones((2, 1, 3))}, r"transitions has shape \(2, 1, 3\)"),
        ({"transitions": np.ones((0, 1, 0))}, r"transitions has shape \(0, 1, 0\)"),
        ({"transitions": np.zeros((3, 2, 3))}, "transitions has no outcome"),
        ({"transitions": [[[1.0]], [[1.0, 0.0]]]}, "transitions = .*: not a table of numbers"),
        ({"transitions": changed((0, 1, 2), np.nan)}, r"transitions at \(0, 1, 2\) = nan"),
        ({"transitions": changed((0, 1, 2), -0.5)}, r"transitions at \(0, 1, 2\) = -0.5"),
        ({"transitions": changed((0, 1, 0), 0.99)}, r"sum of transitions at \(0, 1\) = 0.99"),
        ({"transitions": changed((1, 0, 2), 0)}, r"transitions\[1\]\[0\] has no outcome"),
        ({"terminal": []}, r"transitions\[2\]\[0\] has no outcome"),
        ({"terminal": [3]}, r"terminal = \[3\]: must be a list of states from 0 to 2"),
        ({"terminal": [True]}, r"terminal = \[True\]: must be a list of states"),
        ({"terminal": [[1]]}, r"terminal = \[\[1\]\]: must be a list of states"),
        ({"terminal": ["a"]}, r"terminal = \['a'\]: must be a list of states"),
        ({"start": 2}, r"start at \(2,\) = 1.0: must be 0 in a terminal state"),
        ({"start": [0.5, 0.4, 0]}, "the sum of start = 0.9: must be 1"),
        ({"rewards": [0, 0]}, r"rewards has shape \(2,\): must be \(3,\) or \(3, 2\) or \(3, 2, 3"),
        ({"rewards": [0, np.nan, 0]}, r"rewards at \(1,\) = nan: must be finite"),
        ({"reward_sd": [0, 0, -1]}, r"reward_sd at \(2,\) = -1.0: must be finite and >= 0"),
        ({"reward_sd": np.inf}, "reward_sd = inf: must be finite"),
        ({"max_steps": 0}, "max_steps = 0: must be an integer from 1"),
        (
            {"transitions": np.broadcast_to(0.0, (2**11, 2**10, 2**11))},
            r"transitions has shape \(2048, 1024, 2048\): must have at most 2147483647 entries",
        ),
    ],
)
def test_bad_arrays(kwargs, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        read(**kwargs)
    assert "\n" not in str(caught.value)


def test_rewards_are_not_forgotten():
    with pytest.raises(fastq.InputError, match=r"transitions\[0\]\[0\]\[0\] = .*: must be \(prob"):
        fastq.FiniteMDP.from_arrays(np.array(CHAIN))
