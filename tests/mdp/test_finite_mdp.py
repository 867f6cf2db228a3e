"""`FiniteMDP`: what it reads, what it refuses, and how it is kept in a file."""

import dataclasses
import json
import pickle
import time
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import fastq
from fastq.base import archive
from fastq.mdp.grid_layout import GridLayout
from fastq.mdp.worlds.classic import maximization_bias, random_mdp
from tests.support.mdps import fields, mdps


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
    mdp = fastq.FiniteMDP(**tables(reward_sd=np.ones((2, 2, 1))))
    for table in (mdp.reward, mdp.reward_sd):
        with pytest.raises(ValueError, match="read-only"):
            table[0, 0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        mdp.start = None


def test_tables_are_copied():
    reward = np.zeros((2, 2, 1))
    mdp = fastq.FiniteMDP(**tables(reward=reward))
    reward[:] = 5
    assert (mdp.reward == 0).all()


LAYOUT = {"moves": ((0, -1), (0, 1)), "start": 0, "goal": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"next_state": [[0, 1], [0, 1]]}, r"next_state has shape \(2, 2\)"),
        ({"next_state": [[[0], [2]], [[0], [1]]]}, r"next_state at \(0, 1, 0\) = 2: .* 0 to 1"),
        (
            {"next_state": [[[0], [0.5]], [[0], [1]]]},
            r"next_state at \(0, 1, 0\) = 0.5: .* integer",
        ),
        ({"next_state": [[[0], [1]], [[0]]]}, "next_state = .*: not a table of numbers"),
        ({"reward": np.zeros((2, 2, 2))}, r"reward has shape \(2, 2, 2\): must be \(2, 2, 1\)"),
        ({"reward": np.full((2, 2, 1), np.nan)}, r"reward at \(0, 0, 0\) = nan: must be finite"),
        ({"probability": np.full((2, 2, 1), 0.99)}, r"the sum of probability at .* = 0.99"),
        ({"probability": np.full((2, 2, 1), 1.5)}, r"probability at .* = 1.5: must be in \[0, 1\]"),
        ({"terminated": np.full((2, 2, 1), 2)}, r"terminated at .* = 2: must be True or False"),
        ({"start": [0.5, 0.4]}, r"the sum of start = 0.9: must be 1"),
        ({"start": [1.0]}, r"start has shape \(1,\): must be \(2,\)"),
        ({"max_steps": 0}, "max_steps = 0: must be an integer from 1"),
        ({"max_steps": "9"}, "max_steps = '9': must be an integer from 1"),
        ({"name": 3}, "name = 3: must be a string"),
        ({"name": "a\nb"}, r"name = 'a\\nb': must be a string that can be printed"),
        ({"name": "\x1b[31m"}, "must be a string that can be printed"),
        ({"layout": "here"}, "layout = 'here': must be a GridLayout"),
        (
            {"layout": GridLayout(shape=(1, 3), **LAYOUT)},
            "layout has 3 cells and 2 moves: .* 2 and",
        ),
        ({"reward_sd": np.zeros((2, 2))}, r"reward_sd has shape \(2, 2\): must be \(2, 2, 1\)"),
        ({"reward_sd": np.full((2, 2, 1), -1)}, r"reward_sd at .* = -1.0: must be finite and >= 0"),
        ({"reward_sd": np.full((2, 2, 1), np.nan)}, r"reward_sd at \(0, 0, 0\) = nan: must be"),
        (
            {"next_state": np.broadcast_to(0, (2**16, 2**8, 2**8)), "start": np.eye(2**8).ravel()},
            r"next_state has shape \(65536, 256, 256\): must have at most 2147483647 entries",
        ),
    ],
)
def test_bad_tables(changes, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.FiniteMDP(**tables(**changes))
    assert "\n" not in str(caught.value)


OVER = {"next_state": [[[0], [0]], [[0], [1]]], "terminated": np.ones((2, 2, 1), bool)}


def test_no_episode_starts_where_it_is_over():
    message = r"start at \(0,\) = 1.0: must be 0 in a state that only ends, pays 0 and stays"
    with pytest.raises(fastq.InputError, match=message):
        fastq.FiniteMDP(**tables(**OVER))


@pytest.mark.parametrize(
    "changes",
    [
        {"start": [0.0, 1.0]},
        {"reward": np.full((2, 2, 1), 1e-300)},
        {"reward_sd": np.ones((2, 2, 1))},
        {"terminated": np.zeros((2, 2, 1), bool)},
        {"next_state": [[[0], [1]], [[0], [1]]]},
    ],
)
def test_an_episode_starts_where_something_can_happen(changes):
    fastq.FiniteMDP(**tables(**{**OVER, **changes}))


def test_spreads_of_zero_are_none():
    assert fastq.FiniteMDP(**tables(reward_sd=np.zeros((2, 2, 1)))).reward_sd is None
    moot = {field: np.repeat(tables()[field], 2, axis=2) for field in ("next_state", "reward")}
    probability = np.tile([1.0, 0.0], (2, 2, 1))
    terminated = np.zeros((2, 2, 2), bool)
    mdp = fastq.FiniteMDP(
        **tables(**moot, probability=probability, terminated=terminated), reward_sd=1 - probability
    )
    assert mdp.reward_sd is None


def test_from_gymnasium_equals_the_builder():
    built = fastq.windy_gridworld(moves="king", stochastic_wind=True)
    read = fastq.FiniteMDP.from_gymnasium(
        "fastq/WindyGridworld-v0", moves="king", stochastic_wind=True
    )
    assert read.fingerprint == built.fingerprint
    assert (read.max_steps, read.layout) == (built.max_steps, built.layout)


@given(mdps())
def test_a_pickled_copy_is_equal_and_read_only_again(mdp):
    copy = pickle.loads(pickle.dumps(mdp))
    assert fields(copy) == fields(mdp)
    assert not copy.reward.flags.writeable


def test_fingerprint_sees_each_table():
    plain = fastq.FiniteMDP(**tables()).fingerprint
    for change in (
        {"reward": np.ones((2, 2, 1))},
        {"next_state": [[[1], [0]], [[0], [1]]]},
        {"terminated": np.ones((2, 2, 1), dtype=bool)},
        {"start": [0.0, 1.0]},
        {"reward_sd": np.ones((2, 2, 1))},
    ):
        assert fastq.FiniteMDP(**tables(**change)).fingerprint != plain


def test_fingerprints_of_old_stay():
    assert fastq.windy_gridworld().fingerprint == "5c874107b5be575c"
    assert (
        fastq.windy_gridworld(moves="king", stochastic_wind=True).fingerprint == "870cfceb07d85e0b"
    )
    lake = fastq.FiniteMDP.from_gymnasium("FrozenLake-v1", is_slippery=False)
    assert lake.fingerprint == "8afddd35a3b59e54"


def test_outcome_lists_hold_what_the_tables_hold():
    listed = maximization_bias(2).outcome_lists()
    assert listed[0] == {0: [(1.0, 1, 0.0, False)], 1: [(1.0, 2, 0.0, True)]}
    assert listed[1][1] == [(1.0, 2, NormalDist(-0.1, 1.0), True)]


@given(mdp=mdps())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_save_and_load(mdp, tmp_path):
    mdp.save(tmp_path / "mdp.npz")
    assert fields(fastq.FiniteMDP.load(str(tmp_path / "mdp.npz"))) == fields(mdp)


def test_save_and_load_a_layout(tmp_path):
    mdp = fastq.windy_gridworld(moves="king+stay", stochastic_wind=True)
    mdp.save(tmp_path / "mdp.npz")
    assert fields(fastq.FiniteMDP.load(tmp_path / "mdp.npz")) == fields(mdp)


@pytest.fixture
def parts(tmp_path):
    """The path and the parts of a file, to do harm to."""
    path = tmp_path / "mdp.npz"
    fastq.windy_gridworld().save(path)
    return path, *archive.read(path, "an MDP")


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"name": 3}, "name = 3"),
        ({"max_steps": 0}, "max_steps = 0"),
        ({"fingerprint": "0"}, "its tables are not those that were written"),
        ({"layout": [1]}, "has no attribute"),
        ({"layout": {"shape": [7, 10]}}, "moves is missing"),
        ({"layout": ""}, "has no attribute"),
    ],
)
def test_load_refuses_fields_that_are_wrong(parts, about, reason):
    path, arrays, right = parts
    archive.write(path, arrays, {**right, **about})
    message = rf"path = '.*': must be an MDP that save\(\) wrote \(.*{reason}"
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.FiniteMDP.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["name", "max_steps", "layout", "fingerprint"])
def test_load_refuses_a_file_that_says_too_little(parts, field):
    path, arrays, about = parts
    del about[field]
    archive.write(path, arrays, about)
    with pytest.raises(fastq.InputError, match=f"must be an MDP .*{field}"):
        fastq.FiniteMDP.load(path)


@pytest.mark.parametrize("field", ["next_state", "reward", "probability", "terminated", "start"])
def test_load_refuses_tables_that_are_missing_or_changed(parts, field):
    path, arrays, about = parts
    whole = arrays.pop(field)
    for tables in (arrays, {**arrays, field: whole[..., :0]}, {**arrays, field: 1 - whole}):
        archive.write(path, tables, about)
        with pytest.raises(fastq.InputError, match="must be an MDP"):
            fastq.FiniteMDP.load(path)


def test_load_refuses_a_table_too_many(parts):
    path, arrays, about = parts
    archive.write(path, {**arrays, "colour": arrays["start"]}, about)
    with pytest.raises(fastq.InputError, match="unexpected keyword argument 'colour'"):
        fastq.FiniteMDP.load(path)


def test_load_refuses_a_spread_that_is_missing(tmp_path):
    path = tmp_path / "mdp.npz"
    maximization_bias().save(path)
    arrays, about = archive.read(path, "an MDP")
    del arrays["reward_sd"]
    archive.write(path, arrays, about)
    with pytest.raises(fastq.InputError, match="not those that were written"):
        fastq.FiniteMDP.load(path)


def test_load_names_a_file_that_is_missing():
    with pytest.raises(fastq.InputError, match=r"path = 'nowhere.npz': no such file"):
        fastq.FiniteMDP.load("nowhere.npz")


def test_files_need_no_fastq(parts):
    path, _, about = parts
    with np.load(path) as found:
        assert json.loads(str(found["about"])) == about
        assert found["next_state"].shape == (70, 4, 1)


@pytest.mark.parametrize(("states", "actions"), [(2, 256), (2**14, 256), (10**6, 2)])
def test_large_tables_are_quick(states, actions):
    mdp = random_mdp(states, actions, 1, 0)
    before = time.process_time()
    copy = dataclasses.replace(mdp)
    assert time.process_time() - before < 5
    assert (copy.num_states, copy.num_actions) == (states, actions)
