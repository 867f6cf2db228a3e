"""The draw of actions in lanes, against `Generator.choice`; and what lanes are made of."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.agents.reference import make_epsilon_greedy_policy
from fastq.training.kernels import lane_step, lanes, lockstep
from fastq.training.kernels.build import facts_of
from fastq.training.kernels.layout import lay_out_world
from tests.training.kernels.test_policy import choice, epsilons, near_thresholds


@numba.njit
def draw_in_all(here, epsilon, num_actions, busy):
    for i in range(lanes.LANES):
        lanes.set_epsilon(here.numbers, np.uint64(i), epsilon, num_actions)
    lockstep.draw_in_all(here, busy)


@numba.njit
def uncertain(here):
    return lanes.draw_actions(here.words, here.numbers)


def at(name, lane):
    return int(getattr(lanes, name)) + lane


def lanes_of(num_actions):
    stay = [(1.0, 0, 0.0, False)]
    return lanes.lay_out_lanes(
        fastq.FiniteMDP.from_arrays([[stay] * num_actions]), facts_of(fastq.QLearning)
    )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(epsilon=epsilons, num_actions=st.integers(2, 16), data=st.data())
def test_the_draw_at_each_threshold(epsilon, num_actions, data):
    greedy = data.draw(st.integers(0, num_actions - 1))
    expected = make_epsilon_greedy_policy(np.eye(num_actions)[greedy], epsilon, num_actions)
    uniforms = near_thresholds(expected)
    here = lanes_of(num_actions)
    for start in range(0, len(uniforms), lanes.LANES):
        some = uniforms[start : start + lanes.LANES]
        here.words[: 8 * lanes.LANES] = 0
        for lane, k in enumerate(some):
            here.words[at("STREAM", lane)] = k << 11
            here.words[at("GREEDY", lane)] = greedy
        draw_in_all(here, epsilon, num_actions, np.uint64(2 ** len(some) - 1))
        for lane, k in enumerate(some):
            assert here.words[at("ACTION", lane)] == choice(expected, k)
            assert here.words[at("UNIFORM", lane)] == k


def test_hardly_a_draw_is_uncertain():
    here, count, ticks = lanes_of(4), 0, 3000
    words = here.words[: 4 * lanes.LANES]
    words[:] = np.random.default_rng(0).integers(2**63, size=len(words))
    draw_in_all(here, 0.1, 4, np.uint64(0))
    for _ in range(ticks):
        count += int(uncertain(here)).bit_count()
    assert count <= 1


def test_a_uniform_on_a_threshold_is_uncertain():
    here = lanes_of(4)
    draw_in_all(here, 0.4, 4, np.uint64(0))
    here.words[: 4 * lanes.LANES] = 0
    here.words[at("STREAM", 5)] = int(0.1 * 2**53) << 11
    found = int(uncertain(here))
    assert found >> 5 & 1
    here.words[: 4 * lanes.LANES] = 0
    here.words[at("STREAM", 5)] = int(0.15 * 2**53) << 11
    assert not int(uncertain(here)) >> 5 & 1


def test_lanes_begin_where_cache_lines_do_and_their_tables_lie_apart():
    mdp = fastq.windy_gridworld()
    for kind, tables in ((fastq.QLearning, 1), (fastq.DoubleQLearning, 2)):
        here = lanes.lay_out_lanes(mdp, facts_of(kind))
        assert here.words.ctypes.data % 64 == here.numbers.ctypes.data % 64 == 0
        first = here.words[at("TABLE", 0) :][: lanes.LANES].astype(int)
        assert (np.diff(first) >= tables * mdp.num_states * mdp.num_actions).all()
        assert first[-1] + tables * mdp.num_states * mdp.num_actions <= len(here.q)


def test_transitions_are_packed_as_documented():
    mdp = fastq.FiniteMDP.from_gymnasium("FrozenLake-v1")
    packed = lanes.lay_out_lanes(mdp, facts_of(fastq.QLearning)).transitions
    assert np.array_equal(packed >> 1, mdp.next_state.ravel() * mdp.num_actions)
    assert np.array_equal(packed & 1, mdp.terminated.ravel())


@pytest.mark.parametrize(("runs", "fits"), [(15, False), (16, True)])
def test_few_runs_do_not_fill_lanes(runs, fits):
    assert lanes.fits_lanes(fastq.windy_gridworld(), facts_of(fastq.QLearning), runs) == fits


@numba.njit
def outcomes_of(words, cumulative, num_outcomes):
    lane_step.draw_outcomes(words, cumulative, np.uint64(num_outcomes))


def test_outcomes_at_each_threshold():
    """An outcome is drawn by inverse CDF: a uniform that equals a threshold is beyond it."""
    chances = [0.25, 0.5, 0.25]
    slippery = [(chance, 0, float(i), False) for i, chance in enumerate(chances)]
    mdp = fastq.FiniteMDP.from_arrays([[slippery, slippery]])
    here = lanes.lay_out_lanes(mdp, facts_of(fastq.QLearning))
    world = lay_out_world(mdp, 1, rows=False)
    for edge in (2**51, 3 * 2**51):
        for k in (edge - 1, edge, edge + 1):
            here.words[: 8 * lanes.LANES] = 0
            here.words[at("ENVIRONMENT", 3)] = k << 11
            here.words[at("ROW", 3)], here.words[at("ACTION", 3)] = 0, 1
            outcomes_of(here.words, world.cumulative, 3)
            drawn = int(np.searchsorted(np.cumsum(chances), k * 2.0**-53, side="right"))
            assert here.words[at("OUTCOME", 3)] == 3 + drawn
