"""Environments of gymnasium: their tables are what they do."""

import inspect

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.toy_text.cliffwalking import CliffWalkingEnv
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv, generate_random_map
from gymnasium.envs.toy_text.taxi import TaxiEnv
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit, TransformReward

import fastq
from tests.support.mdps import newest

CLASSES = {"FrozenLake": FrozenLakeEnv, "Taxi": TaxiEnv, "CliffWalking": CliffWalkingEnv}
WORLDS = [
    ("FrozenLake", {}),
    ("FrozenLake", {"map_name": "8x8"}),
    ("FrozenLake", {"is_slippery": False}),
    ("FrozenLake", {"desc": generate_random_map(size=6, seed=2)}),
    ("FrozenLake", {"success_rate": 0.75}),
    ("FrozenLake", {"success_rate": 1.0}),
    ("Taxi", {}),
    ("Taxi", {"is_rainy": True}),
    ("CliffWalking", {}),
    ("CliffWalking", {"is_slippery": True}),
]


def make(name, kwargs):
    """Make an environment, or skip the test where this gymnasium does not know the arguments."""
    if not set(kwargs) <= set(inspect.signature(CLASSES[name]).parameters):
        pytest.skip("this version of gymnasium does not know the arguments")
    return gymnasium.make(newest(name), **kwargs)


@pytest.mark.parametrize(("name", "kwargs"), WORLDS)
def test_stepping_equals_drawing_from_the_tables(name, kwargs):
    """One uniform for each reset and each step, compared with the table's cumulative sums."""
    env = make(name, kwargs)
    mdp = fastq.FiniteMDP.from_gymnasium(env)
    env.unwrapped.np_random, rng = np.random.default_rng(5), np.random.default_rng(5)
    actions, steps = np.random.default_rng(6), 0
    while steps < 2000:
        state, _ = env.reset()
        assert state == np.argmax(np.cumsum(mdp.start) > rng.random())
        done = False
        while not done:
            action = int(actions.integers(mdp.num_actions))
            drawn = np.argmax(np.cumsum(mdp.probability[state, action]) > rng.random())
            place = (state, action, drawn)
            state, reward, terminated, truncated, _ = env.step(action)
            expected = (mdp.next_state[place], mdp.reward[place], mdp.terminated[place])
            assert (state, reward, terminated) == expected
            steps += 1
            done = terminated or truncated or steps >= 2000
    assert env.unwrapped.np_random.bit_generator.state == rng.bit_generator.state


@pytest.mark.parametrize(("name", "kwargs"), WORLDS)
def test_round_trip(name, kwargs):
    mdp = fastq.FiniteMDP.from_gymnasium(make(name, kwargs))
    read = fastq.FiniteMDP.from_gymnasium(mdp.to_gymnasium())
    assert read.fingerprint == mdp.fingerprint
    assert (read.max_steps, read.name) == (mdp.max_steps, mdp.name)


def test_termination_belongs_to_the_transition():
    mdp = fastq.FiniteMDP.from_gymnasium(newest("Taxi"))
    entered = {flag: set(mdp.next_state[mdp.terminated == flag].tolist()) for flag in (0, 1)}
    assert entered[1] & entered[0]


def test_a_fickle_passenger_is_refused():
    env = gymnasium.make(newest("Taxi"))
    fastq.FiniteMDP.from_gymnasium(env)
    env.unwrapped.fickle_passenger = True
    message = r"env = 'Taxi-v\d': fickle_passenger hides a part of the state .*passenger=False"
    with pytest.raises(fastq.InputError, match=message):
        fastq.FiniteMDP.from_gymnasium(env)


def test_a_fickle_passenger_by_id():
    env = make("Taxi", {"fickle_passenger": True})
    with pytest.raises(fastq.InputError, match="fickle_passenger hides"):
        fastq.FiniteMDP.from_gymnasium(env.spec.id, fickle_passenger=True)


@pytest.mark.parametrize(
    ("env", "kwargs", "message"),
    [
        ("CartPole-v1", {}, r"env = 'CartPole-v1': has no table unwrapped.P"),
        ("Nowhere-v0", {}, "env = 'Nowhere-v0': must be registered"),
        ("fastq/WindyGridworld-v0", {"speed": 3}, "env_args = {'speed': 3}: refused by"),
        ("fastq/WindyGridworld-v0", {"moves": "knight"}, "moves = 'knight': must be one of"),
        ("fastq/RandomMDP-v0", {}, "cannot be made .*'states'"),
        (3, {}, "env = 3: must be an id or a gymnasium environment"),
    ],
)
def test_what_is_refused(env, kwargs, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.FiniteMDP.from_gymnasium(env, **kwargs)
    assert "\n" not in str(caught.value)


def test_arguments_beside_an_environment_are_refused():
    env = gymnasium.make("FrozenLake-v1")
    with pytest.raises(fastq.InputError, match=r"env_args = {'map_name': '8x8'}: must be left out"):
        fastq.FiniteMDP.from_gymnasium(env, map_name="8x8")


def test_wrappers_that_change_what_the_table_says_are_refused():
    env = TransformReward(gymnasium.make("FrozenLake-v1"), lambda reward: 2 * reward)
    with pytest.raises(fastq.InputError, match="'FrozenLake-v1': TransformReward changes what"):
        fastq.FiniteMDP.from_gymnasium(RecordEpisodeStatistics(env))


def test_the_shortest_time_limit_counts():
    made = gymnasium.make("FrozenLake-v1", max_episode_steps=33)
    assert fastq.FiniteMDP.from_gymnasium(made).max_steps == 33
    assert fastq.FiniteMDP.from_gymnasium(RecordEpisodeStatistics(made)).max_steps == 33
    assert fastq.FiniteMDP.from_gymnasium(TimeLimit(made, 12)).max_steps == 12
    bare = FrozenLakeEnv()
    assert fastq.FiniteMDP.from_gymnasium(bare).max_steps == 10_000
    assert fastq.FiniteMDP.from_gymnasium(TimeLimit(bare, 12)).max_steps == 12
    ours = fastq.windy_gridworld().to_gymnasium()
    assert fastq.FiniteMDP.from_gymnasium(TimeLimit(ours, 12)).max_steps == 12
    assert fastq.FiniteMDP.from_gymnasium(TimeLimit(ours, 10**6)).max_steps == 10_000


@pytest.mark.parametrize(
    "table",
    [{}, {0: {}}, {0: {0: []}}, {0: {0: [(1.0, 7, 0.0, False)]}}, {0: {0: [(1.0, 0)]}}, [3]],
)
def test_a_table_p_that_makes_no_mdp(table):
    env = gymnasium.make("FrozenLake-v1").unwrapped
    env.P = table
    message = "env = 'FrozenLake-v1': unwrapped.P makes no finite MDP"
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.FiniteMDP.from_gymnasium(env)
    assert "\n" not in str(caught.value)


def test_an_environment_without_a_start():
    env = gymnasium.make("FrozenLake-v1").unwrapped
    del env.initial_state_distrib
    with pytest.raises(fastq.InputError, match=r"has no table unwrapped.initial_state_distrib"):
        fastq.FiniteMDP.from_gymnasium(env)
