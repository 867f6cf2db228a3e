"""Tables of outcomes, and the lists that they come from and become."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given

import fastq
from fastq.mdp.from_lists import from_lists
from fastq.mdp.outcomes import Tables, read_start, to_lists
from tests.support.mdps import mdps


def tables(probability, reward_sd=0.0):
    """Make tables of one state and one action with these probabilities."""
    probability = np.array([[probability]])
    return Tables(
        np.zeros(probability.shape, np.int32),
        np.arange(probability.size).reshape(probability.shape) + 1.0,
        probability,
        np.ones(probability.shape, np.bool_),
        np.full(probability.shape, reward_sd),
    )


def test_lists_keep_what_is_improbable_but_in_front():
    listed = to_lists(tables([0.0, 1.0]))
    assert listed == {0: {0: [(0.0, 0, 1.0, True), (1.0, 0, 2.0, True)]}}


def test_lists_keep_the_width_of_the_tables_in_the_first():
    two = {field: np.concatenate([t, t]) for field, t in tables([1.0, 0.0])._asdict().items()}
    listed = to_lists(Tables(**two))
    assert [len(row[0]) for row in listed.values()] == [2, 1]


def test_lists_hold_normal_distributions():
    (outcome,) = to_lists(tables([1.0], reward_sd=0.5))[0][0]
    assert outcome == (1.0, 0, NormalDist(1.0, 0.5), True)


def test_lists_hold_numbers_of_python():
    types = [type(value) for value in to_lists(tables([1.0]))[0][0][0]]
    assert types == [float, int, float, bool]


@given(mdps())
def test_lists_are_read_back(mdp):
    found, start = from_lists("P", mdp.outcome_lists(), mdp.start)
    read = fastq.FiniteMDP(**found._asdict(), start=start)
    assert read.fingerprint == mdp.fingerprint


@pytest.mark.parametrize("start", [1, np.int64(1), [0.0, 1.0]])
def test_start(start):
    assert read_start(start, 2).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (2, "start = 2: must be a state from 0 to 1, or a distribution"),
        (-1, "start = -1: must be a state"),
        (0.5, "start = 0.5: must be a state"),
        (True, "start = True: must be a state"),
        (None, "start = None: must be a state"),
        ("ab", "start = 'ab': must be a state"),
        ([1.0], r"start has shape \(1,\): must be \(2,\)"),
    ],
)
def test_bad_start(start, message):
    with pytest.raises(fastq.InputError, match=message):
        read_start(start, 2)
