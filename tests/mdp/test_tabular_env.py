"""Outcome lists as an environment: what it draws, and when it ends."""

import copy
import pickle
from statistics import NormalDist

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings

import fastq
from fastq.mdp.tabular_env import TabularEnv
from tests.support.mdps import fields, mdps


class Counted:
    """A generator that gives these uniforms, one after another."""

    def __init__(self, *uniforms):
        self.left = list(uniforms)

    def random(self):
        return self.left.pop(0)


def play(env, uniforms, actions):
    """Reset and step an environment with these uniforms, and check that they are used up."""
    env.np_random = Counted(*uniforms)
    found = [env.reset()[0], *(env.step(action)[:4] for action in actions)]
    assert env.np_random.left == []
    return found


LOOP = [(0.5, 0, 1.0, False), (0.5, 1, NormalDist(2.0, 3.0), False)]


def test_one_uniform_for_each_reset_and_step():
    env = TabularEnv({0: {0: LOOP}, 1: {0: [(1.0, 0, -1.0, True)]}}, [0.5, 0.5])
    assert play(env, [0.5, 0.9], [0]) == [1, (0, -1.0, True, False)]
    assert play(env, [0.2, 0.2], [0]) == [0, (0, 1.0, False, False)]


def test_one_more_for_a_random_reward_after_the_outcome():
    env = TabularEnv({0: {0: LOOP}, 1: {0: [(1.0, 0, -1.0, True)]}}, [1.0, 0.0])
    assert play(env, [0.9, 0.7, 0.25], [0]) == [
        0,
        (1, NormalDist(2.0, 3.0).inv_cdf(0.25), False, False),
    ]


def test_a_certain_world_draws_for_random_rewards_only():
    env = TabularEnv(
        {0: {0: [(1.0, 0, 1.5, False)], 1: [(1.0, 0, NormalDist(0, 2), False)]}}, [1.0]
    )
    assert play(env, [], [0]) == [0, (0, 1.5, False, False)]
    least = NormalDist(0, 2).inv_cdf(2**-54)
    assert play(env, [0.0], [0, 1])[2] == (0, least, False, False)


def test_a_normal_distribution_without_spread_is_a_number():
    env = TabularEnv({0: {0: [(1.0, 0, NormalDist(1.5, 0), False)]}}, [1.0])
    assert play(env, [], [0]) == [0, (0, 1.5, False, False)]


@pytest.mark.parametrize("limit", [None, 3])
def test_a_limit_truncates_what_has_not_terminated(limit):
    env = TabularEnv({0: {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 0, 0.0, True)]}}, [1.0])
    env.max_steps = limit
    for _ in range(2):
        assert [step[3] for step in play(env, [], [0, 0, 0])[1:]] == [False, False, limit == 3]
        assert play(env, [], [0, 0, 1])[-1][2:] == (True, False)


def test_step_before_reset():
    with pytest.raises(gymnasium.error.ResetNeeded):
        TabularEnv({0: {0: LOOP}}, [1.0]).step(0)


@pytest.mark.parametrize(
    "mdp",
    [
        fastq.FiniteMDP.from_gymnasium("FrozenLake-v1"),
        fastq.windy_gridworld(),
        fastq.FiniteMDP.from_arrays([[[(1.0, 0, NormalDist(), False)]]], max_steps=7),
    ],
)
def test_any_mdp_as_an_environment(mdp):
    env = mdp.to_gymnasium()
    assert env.unwrapped is env
    check_env(env)
    for twin in (env, pickle.loads(pickle.dumps(env)), copy.deepcopy(env), env.spec.make()):
        assert twin.spec is not None
        read = fastq.FiniteMDP.from_gymnasium(twin)
        assert read.fingerprint == mdp.fingerprint
        assert (read.max_steps, read.layout, read.name) == (mdp.max_steps, mdp.layout, mdp.name)


@given(mdps())
@settings(max_examples=50)
def test_round_trip(mdp):
    read = fastq.FiniteMDP.from_gymnasium(mdp.to_gymnasium())
    assert read.fingerprint == mdp.fingerprint
    assert read.deterministic == mdp.deterministic
    once_more = fastq.FiniteMDP.from_gymnasium(read.to_gymnasium())
    assert fields(once_more) == fields(read)


@given(mdps())
@settings(max_examples=20)
def test_it_draws_as_the_tables_say(mdp):
    """Replay steps on the tables with the same uniforms."""
    env = mdp.to_gymnasium()
    env.np_random, rng = np.random.default_rng(1), np.random.default_rng(1)

    def draw(probabilities):
        return 0 if mdp.deterministic else np.argmax(np.cumsum(probabilities) > rng.random())

    for _ in range(5):
        state, _ = env.reset()
        assert state == (np.argmax(mdp.start) if mdp.deterministic else draw(mdp.start))
        for action in range(min(mdp.num_actions, mdp.max_steps)):
            place = (state, action, draw(mdp.probability[state, action]))
            reward = mdp.reward[place]
            if mdp.reward_sd is not None and mdp.reward_sd[place] > 0:
                spread = NormalDist(reward, mdp.reward_sd[place])
                reward = spread.inv_cdf(max(rng.random(), 2**-54))
            state, paid, terminated, _, _ = env.step(action)
            assert (state, paid, terminated) == (
                mdp.next_state[place],
                reward,
                mdp.terminated[place],
            )
    assert env.np_random.bit_generator.state == rng.bit_generator.state
