"""`FiniteMDP`: what it reads, and what it refuses."""

import dataclasses
import pickle

import gymnasium
import numpy as np
import pytest

import fastq


def tables(**changes):
    """A chain of two states, with some tables changed."""
    good = {
        "next_state": [[[0], [1]], [[0], [1]]],
        "reward": np.zeros((2, 2, 1)),
        "probability": np.ones((2, 2, 1)),
        "terminated": np.zeros((2, 2, 1), dtype=bool),
        "start": [1.0, 0.0],
    }
    return {**good, **changes}


def test_tables_are_read_only():
    mdp = fastq.FiniteMDP(**tables())
    with pytest.raises(ValueError, match="read-only"):
        mdp.reward[0, 0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        mdp.start = None


def test_tables_are_copied():
    reward = np.zeros((2, 2, 1))
    mdp = fastq.FiniteMDP(**tables(reward=reward))
    reward[:] = 5
    assert (mdp.reward == 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"next_state": [[0, 1], [0, 1]]}, r"next_state has shape \(2, 2\)"),
        ({"next_state": [[[0], [2]], [[0], [1]]]}, r"next_state at \(0, 1, 0\) = 2: .* 0 to 1"),
        ({"next_state": [[[0], [1]], [[0]]]}, "next_state = .*: not a table of numbers"),
        ({"reward": np.zeros((2, 2, 2))}, r"reward has shape \(2, 2, 2\): must be \(2, 2, 1\)"),
        ({"reward": np.full((2, 2, 1), np.nan)}, r"reward at \(0, 0, 0\) = nan: must be finite"),
        ({"probability": np.full((2, 2, 1), 0.99)}, r"the sum of probability at .* = 0.99"),
        ({"probability": np.full((2, 2, 1), 1.5)}, r"probability at .* = 1.5: must be in \[0, 1\]"),
        ({"start": [0.5, 0.4]}, r"the sum of start at \(0,\) = 0.9: must be 1"),
        ({"start": [1.0]}, r"start has shape \(1,\): must be \(2,\)"),
        ({"max_steps": 0}, "max_steps = 0: must be an integer >= 1"),
    ],
)
def test_bad_tables(changes, message):
    with pytest.raises(fastq.InputError, match=message):
        fastq.FiniteMDP(**tables(**changes))


def test_from_gymnasium_equals_the_builder():
    built = fastq.windy_gridworld(moves="king", stochastic_wind=True)
    read = fastq.FiniteMDP.from_gymnasium(
        "fastq/WindyGridworld-v0", moves="king", stochastic_wind=True
    )
    assert read.fingerprint == built.fingerprint
    assert (read.max_steps, read.layout) == (built.max_steps, built.layout)


def test_from_gymnasium_reads_an_environment_already_made():
    env = gymnasium.make("FrozenLake-v1", max_episode_steps=33)
    mdp = fastq.FiniteMDP.from_gymnasium(env)
    assert (mdp.num_states, mdp.num_actions, mdp.max_steps) == (16, 4, 33)
    assert mdp.name == "FrozenLake-v1"


@pytest.mark.parametrize(
    ("env_id", "kwargs", "message"),
    [
        ("CartPole-v1", {}, r"env = 'CartPole-v1': has no table unwrapped.P"),
        ("Nowhere-v0", {}, "env = 'Nowhere-v0': must be registered"),
        ("fastq/WindyGridworld-v0", {"speed": 3}, "env_args = {'speed': 3}: refused by"),
        ("fastq/WindyGridworld-v0", {"moves": "knight"}, "moves = 'knight': must be one of"),
    ],
)
def test_from_gymnasium_refuses(env_id, kwargs, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.FiniteMDP.from_gymnasium(env_id, **kwargs)
    assert "\n" not in str(caught.value)


def test_a_pickled_copy_is_read_only_again():
    copy = pickle.loads(pickle.dumps(fastq.windy_gridworld()))
    assert copy.fingerprint == fastq.windy_gridworld().fingerprint
    assert copy.layout == fastq.windy_gridworld().layout
    assert not copy.reward.flags.writeable


@pytest.mark.parametrize(
    "table",
    [{}, {0: {}}, {0: {0: []}}, {0: {0: [(1.0, 7, 0.0, False)]}}, {0: {0: [(1.0, 0)]}}, [3]],
)
def test_a_table_p_that_makes_no_mdp(table):
    env = gymnasium.make("FrozenLake-v1").unwrapped
    env.P = table
    with pytest.raises(fastq.InputError, match="env = 'FrozenLake-v1': ") as caught:
        fastq.FiniteMDP.from_gymnasium(env)
    assert "\n" not in str(caught.value)


def test_fingerprint_sees_each_table():
    plain = fastq.FiniteMDP(**tables()).fingerprint
    for change in (
        {"reward": np.ones((2, 2, 1))},
        {"next_state": [[[1], [0]], [[0], [1]]]},
        {"terminated": np.ones((2, 2, 1), dtype=bool)},
        {"start": [0.0, 1.0]},
    ):
        assert fastq.FiniteMDP(**tables(**change)).fingerprint != plain
