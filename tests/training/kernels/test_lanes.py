"""The draw of actions in lanes, against `Generator.choice`; and what lanes are made of."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.agents.reference import make_epsilon_greedy_policy
from fastq.training.kernels import lane_step, lanes, layout, policy
from fastq.training.kernels.build import facts_of
from tests.training.kernels.test_policy import choice, epsilons, near_thresholds

QL = fastq.QLearning


@numba.njit
def set_epsilon(here, epsilon, num_actions):
    constants = policy.draw_constants(epsilon, num_actions)
    for i in range(16):
        slot = lanes.slot_of(np.uint64(i))
        here.numbers[lanes.SCALE + slot] = constants.scale
        here.numbers[lanes.OFFSET + slot] = constants.offset
        here.numbers[lanes.MARGIN + slot] = constants.margin


@numba.njit
def uncertain(here, records):
    return lane_step.draw_actions(here, records)


def lay_out(mdp, agent, runs=16):
    learners = layout.lay_out_learners([agent])
    here = lanes.lay_out_lanes(mdp, [agent], facts_of(type(agent)), learners, runs)
    return here, learners.current


def lanes_of(num_actions):
    stay = [(1.0, 0, 0.0, False)]
    return lay_out(fastq.FiniteMDP.from_arrays([[stay] * num_actions]), QL())


def at(name, lane):
    """Find a variable of a lane."""
    return int(getattr(lanes, name) + lanes.slot_of.py_func(np.uint64(lane)))


def is_uncertain(found, lane):
    return bool(int(found) >> lane & 1)


@pytest.fixture(autouse=True)
def plain_draws(monkeypatch):
    """Let the template draw as a kernel does that is not general."""
    monkeypatch.setattr(lane_step, "GENERAL", False)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(epsilon=epsilons, num_actions=st.sampled_from([2, 4, 7, 16]), data=st.data())
def test_the_draw_at_each_threshold(epsilon, num_actions, data):
    """What is not drawn as `choice` does is said to be uncertain."""
    greedy = data.draw(st.integers(0, num_actions - 1))
    expected = make_epsilon_greedy_policy(np.eye(num_actions)[greedy], epsilon, num_actions)
    uniforms = near_thresholds(expected)
    here, records = lanes_of(num_actions)
    for start in range(0, len(uniforms), 16):
        some = uniforms[start : start + 16]
        here.words[:] = 0
        set_epsilon(here, epsilon, num_actions)
        for lane, k in enumerate(some):
            here.words[at("STREAM", lane)] = k << 11
            here.numbers[at("GREEDY", lane)] = greedy + 0.5
        found = uncertain(here, records)
        for lane, k in enumerate(some):
            drawn = here.words[at("ACTION", lane)]
            assert is_uncertain(found, lane) or drawn == choice(expected, k)
            assert here.numbers[at("UNIFORM", lane)] == k


def test_hardly_a_draw_is_uncertain():
    here, records = lanes_of(4)
    set_epsilon(here, 0.1, 4)
    rng = np.random.default_rng(0)
    for lane in range(16):
        here.numbers[at("GREEDY", lane)] = 0.5 + lane % 4
        for word in range(4):
            here.words[at("STREAM", lane) + 8 * word] = rng.integers(2**63)
    assert sum(int(uncertain(here, records)).bit_count() for _ in range(3000)) <= 1


def test_a_uniform_on_a_threshold_is_uncertain():
    here, records = lanes_of(4)
    for uniform, expected in ((0.1, True), (0.15, False)):
        here.words[:] = 0
        set_epsilon(here, 0.4, 4)
        here.words[at("STREAM", 5)] = int(uniform * 2**53) << 11
        here.numbers[at("GREEDY", 5)] = 3.5
        assert is_uncertain(uncertain(here, records), 5) == expected


def test_lanes_begin_where_cache_lines_do_and_their_tables_lie_side_by_side():
    mdp = fastq.windy_gridworld()
    for kind, tables in ((QL, 1), (fastq.DoubleQLearning, 2)):
        here, _ = lay_out(mdp, kind())
        assert here.words.ctypes.data % 64 == here.numbers.ctypes.data % 64 == 0
        assert here.q.ctypes.data % 64 == 0
        last_row = (mdp.num_states - 1) * mdp.num_actions
        last = (last_row << int(here.shift)) + 16 * len(here.columns)
        assert last == len(here.q) == 16 * tables * mdp.num_states * mdp.num_actions


def test_transitions_are_packed_as_documented():
    """A step that terminates leads to the start, where the next episode begins."""
    mdp = fastq.FiniteMDP.from_gymnasium("FrozenLake-v1")
    here, _ = lay_out(mdp, QL())
    packed = here.transitions.reshape(mdp.num_states, mdp.num_actions, -1, 2)
    used = packed[:, :, : mdp.num_outcomes]
    following = used[..., 0].copy().view(np.uint64).astype(int)
    assert np.array_equal(used[..., 1], mdp.reward)
    assert np.array_equal(following & 1, mdp.terminated)
    state = np.where(mdp.terminated, 0, mdp.next_state)
    assert np.array_equal(following >> 32, state)
    assert np.array_equal((following & (2**32 - 1)) >> 1, state * mdp.num_actions)


@pytest.mark.parametrize(("runs", "fits"), [(7, False), (8, True)])
def test_few_runs_do_not_fill_lanes(runs, fits):
    assert lanes.fits_lanes(fastq.windy_gridworld(), facts_of(QL), runs) == fits


@pytest.mark.parametrize(("runs", "count"), [(8, 8), (9, 16), (17, 32), (127, 32), (128, 64)])
def test_more_runs_have_more_lanes(runs, count):
    here, _ = lay_out(fastq.windy_gridworld(), QL(), runs)
    assert lanes.num_lanes(runs) == int(here.groups) * 8 == len(here.run_of) == count


@pytest.mark.parametrize(("room", "count"), [(64, 64), (63, 32), (32, 32), (31, 16), (8, 8)])
def test_large_tables_have_fewer_lanes(room, count, monkeypatch):
    mdp = fastq.windy_gridworld()
    monkeypatch.setattr(lanes, "MOST_BYTES", room * 8 * mdp.num_states * mdp.num_actions)
    assert lanes.fits_lanes(mdp, facts_of(QL), 500)
    here, _ = lay_out(mdp, QL(), 500)
    assert len(here.run_of) == count


@numba.njit
def outcomes_of(here):
    lane_step.draw_outcomes(here)


@pytest.mark.parametrize("chances", [[0.25, 0.75], [0.25, 0.5, 0.25], [0.1] * 10])
def test_outcomes_at_each_threshold(chances):
    """An outcome is drawn by inverse CDF: a uniform that equals a threshold is beyond it."""
    slippery = [(chance, 0, float(i), False) for i, chance in enumerate(chances)]
    here, _ = lay_out(fastq.FiniteMDP.from_arrays([[slippery, slippery]]), QL())
    first = 1 << int(here.outcome_shift)
    sums = np.cumsum(chances)
    for edge in np.ceil(sums * 2.0**53).astype(np.int64).tolist():
        for k in {edge - 1, min(edge, 2**53 - 1), min(edge + 1, 2**53 - 1)}:
            here.words[:] = 0
            here.words[at("ENVIRONMENT", 3)] = k << 11
            here.words[at("OUTCOME", 3)] = first
            outcomes_of(here)
            drawn = int(np.searchsorted(sums, k * 2.0**-53, side="right"))
            assert here.words[at("OUTCOME", 3)] == first + drawn % len(chances)
