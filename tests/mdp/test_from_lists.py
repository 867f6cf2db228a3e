"""Lists of outcomes: what is read, and how the place of a bad one is named."""

from statistics import NormalDist

import numpy as np
import pytest

import fastq

GO = (1.0, 1, 2.5, False)
END = (1.0, 1, 0.0, True)


def read(listed, **kwargs):
    return fastq.FiniteMDP.from_arrays(listed, **kwargs)


def test_ragged_lists_are_padded_with_their_first_outcome():
    mdp = read([[[GO]], [[(0.25, 0, -1.0, True), (0.75, 1, 3.0, False)]]])
    assert mdp.next_state.tolist() == [[[1, 1]], [[0, 1]]]
    assert mdp.reward.tolist() == [[[2.5, 2.5]], [[-1.0, 3.0]]]
    assert mdp.probability.tolist() == [[[1.0, 0.0]], [[0.25, 0.75]]]
    assert mdp.terminated.tolist() == [[[False, False]], [[True, False]]]
    assert mdp.reward_sd is None


def test_normal_rewards():
    mdp = read([[[(1.0, 0, NormalDist(2, 0.5), True)], [(1.0, 0, NormalDist(3, 0), False)]]])
    assert mdp.reward.tolist() == [[[2.0], [3.0]]]
    assert mdp.reward_sd.tolist() == [[[0.5], [0.0]]]
    assert read([[[(1.0, 0, NormalDist(2, 0), True)]]]).reward_sd is None


def test_numbers_of_numpy_and_mappings():
    outcome = [np.float32(1), np.int64(0), np.array(2.0), np.bool_(True)]
    assert read({0: {0: (outcome,)}}).reward.tolist() == [[[2.0]]]


@pytest.mark.parametrize("nothing", [[], [[]]])
def test_a_state_without_a_way_on_becomes_a_loop_that_ends(nothing):
    mdp = read([[[END]], nothing])
    assert (mdp.next_state[1], mdp.reward[1], mdp.probability[1]) == ([[1]], [[0]], [[1]])
    assert mdp.terminated[1].all()


@pytest.mark.parametrize(
    ("listed", "start", "message"),
    [
        ([[[GO]], []], 0, r"transitions\[1\]\[0\] has no outcome: must have one at least"),
        ([[[END]], []], 1, r"transitions\[1\]\[0\] has no outcome: .* from state 1"),
        ([[[END], [GO]], [[END], []]], 0, r"transitions\[1\]\[1\] has no outcome"),
        ([[[(0.5, 1, 0, True), (0.5, 1, 0, False)]], []], 0, r"transitions\[1\]\[0\] has no"),
    ],
)
def test_a_state_that_an_episode_goes_on_from_needs_a_way(listed, start, message):
    with pytest.raises(fastq.InputError, match=message):
        read(listed, start=start)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([], "transitions lists no action"),
        ([[], []], "transitions lists no action"),
        (3, "transitions must list the outcomes by state and action"),
        ([3], "transitions must list the outcomes"),
        ({1: [[END]]}, "transitions must list the outcomes"),
        ([{1: [END]}], r"transitions\[0\] must list the outcomes"),
        ([[3]], r"transitions\[0\]\[0\] = 3: must be a list"),
        ([["ab"]], r"transitions\[0\]\[0\] = 'ab': must be a list"),
        ([[[]]], "transitions = no outcome: must be"),
        ([[[END], [END]], [[END]]], r"transitions\[1\] has 1 actions: must be 2, as other"),
        ([[[END]], [[END, (1.0, 0)]]], r"transitions\[1\]\[0\]\[1\] = \(1.0, 0\): must be \(prob"),
        ([[[7]], [[END]]], r"transitions\[0\]\[0\]\[0\] = 7: must be \(probability, next state"),
        ([[[END]], [[END, (0, 2, 0, 0)]]], r"transitions\[1\]\[0\]\[1\]: next state = 2: must be"),
        ([[[(1.0, -1, 0.0, True)]]], "next state = -1: must be a state from 0 to 0"),
        ([[[(1.0, 0.5, 0.0, True)]]], "next state = 0.5: must be a state from 0 to 0"),
        ([[[(1.0, None, 0.0, True)]]], "next state = None: must be a number"),
        ([[[(1.0, 0, "2", True)]]], "reward = '2': must be a number"),
        ([[[(1.0, 0, [1, 2], True)]]], r"reward = \[1, 2\]: must be a number"),
        ([[[(1.0, 0, [1], True), (0.0, 0, 1, True)]]], r"reward = \[1\]: must be a number"),
        ([[[(1.0, 0, np.nan, True)]]], r"reward at \(0, 0, 0\) = nan: must be finite"),
        ([[[(1.0, 0, NormalDist(np.inf), True)]]], r"reward at \(0, 0, 0\) = inf"),
        ([[[(1.0, 0, NormalDist(0, np.inf), True)]]], r"reward_sd at \(0, 0, 0\) = inf"),
        ([[[(1.0, 0, 0.0, 2)]]], "terminated = 2: must be True or False"),
        ([[[(0.99, 0, 0.0, True)]]], r"the sum of probability at \(0, 0\) = 0.99: must be 1"),
        ([[[(-0.5, 0, 0.0, True)]]], r"probability at \(0, 0, 0\) = -0.5: must be in \[0, 1\]"),
        ([[[(np.nan, 0, 0.0, True)]]], r"probability at \(0, 0, 0\) = nan"),
    ],
)
def test_bad_lists(listed, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        read(listed)
    assert "\n" not in str(caught.value)


def test_too_many_outcomes_are_refused_before_they_are_laid_out():
    listed = [[[END], [END]]] * 2**15 + [[[END] * 2**15, [END]]]
    with pytest.raises(fastq.InputError, match="transitions has 2147549184 outcomes: must have"):
        read(listed)


def test_what_lists_say_themselves_is_refused_beside_them():
    with pytest.raises(fastq.InputError, match=r"terminal = \[1\]: must be left out with lists"):
        read([[[END]], []], terminal=[1])
    with pytest.raises(fastq.InputError, match=r"reward_sd = 0.5: must be left out with lists"):
        read([[[END]], []], reward_sd=0.5)
