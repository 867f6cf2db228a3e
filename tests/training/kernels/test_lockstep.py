"""Runs in lock-step equal runs alone, which equal the reference: bit for bit, in every lane."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.agents.registry import AGENTS
from fastq.agents.td_control import DoubleQLearning, QLearning, Sarsa
from fastq.base.jit import inlined, specialised
from fastq.training import train
from fastq.training.kernels import build, lanes, lockstep, sarsa, turned
from fastq.training.parity import reference_run
from tests.support.parity import WORLDS, assert_same, world

KINDS = [kind for kind in AGENTS.values() if build.facts_of(kind).in_lanes]
TRIED = [
    pytest.param(kind, id=kind.name, marks=() if kind is QLearning else pytest.mark.slow)
    for kind in KINDS
]
"""Each has kernels of its own, which take seconds to compile."""
IN_LANES = [name for name in WORLDS if name not in ("normal rewards", "taxi")]
"""The first asks for a general kernel, the second has kernels of its own."""

FIRST, LAST = 0.9, 0.2
MIXED = [
    {"alpha": 0.5},
    {"alpha": fastq.Linear(start=FIRST, end=LAST, episodes=3), "gamma": 0.9},
    {"epsilon": fastq.Exponential(start=1.0, rate=0.5), "initial_value": -0.25},
    {"epsilon": 0.0, "gamma": 0.0},
    {"epsilon": 1.0, "initial_value": 1.5},
    {"epsilon": 1e-12},
]


@pytest.fixture
def in_lanes(monkeypatch):
    """Note the kernels that are used in lock-step."""
    found, kernel_for = [], train.kernel_for

    def noted(agent_type, variant):
        if variant.in_lanes:
            found.append(variant)
        return kernel_for(agent_type, variant)

    monkeypatch.setattr(train, "kernel_for", noted)
    return found


def assert_equal_to_single_runs(mdp, agents, *, runs, step=1, **options):
    """Fail unless a batch equals its runs one by one; return the batch."""
    batch = fastq.train_batch(mdp, agents, runs=runs, **options)
    for i in range(0, len(agents) * runs, step):
        agent, run = agents[i // runs], i % runs
        alone = fastq.train(mdp, agent, run=run, **options)
        assert_same(run_of(batch, i), alone)
    return batch


def run_of(batch, i):
    return train.Training(
        batch.q[i], batch.returns[i], batch.lengths[i], batch.truncated[i], batch.diverged[i]
    )


@pytest.mark.parametrize("name", IN_LANES)
@pytest.mark.parametrize("kind", TRIED)
def test_a_batch_equals_its_runs_alone(kind, name, in_lanes):
    mdp, _ = world(name)
    agents = [kind(**options) for options in MIXED]
    options = {"episodes": 7, "seed": 5, "max_steps": 500}
    batch = assert_equal_to_single_runs(mdp, agents, runs=9, **options)
    assert len(in_lanes) == 1
    assert not batch.truncated.all()
    assert len({table.tobytes() for table in batch.q}) > 9


@pytest.mark.parametrize("name", ["windy", "frozen lake"])
@pytest.mark.parametrize("kind", TRIED)
def test_a_batch_equals_the_reference(kind, name, in_lanes):
    mdp, env = world(name)
    agent, options = kind(alpha=0.4, gamma=0.95), {"episodes": 4, "seed": 2, "max_steps": 80}
    batch = fastq.train_batch(mdp, agent, runs=33, **options)
    assert len(in_lanes) == 1
    for run in (0, 31, 32):
        assert_same(run_of(batch, run), reference_run(agent, env, run=run, **options))


@pytest.mark.parametrize("runs", [1, 7, 8, 9, 16, 17, 31, 32, 33, 64, 127, 128, 150])
def test_any_number_of_runs(runs, in_lanes):
    mdp = fastq.windy_gridworld()
    options = {"episodes": 3, "seed": 0, "max_steps": 30}
    assert_equal_to_single_runs(mdp, [QLearning()], runs=runs, step=5, **options)
    assert len(in_lanes) == (runs >= lanes.FEWEST_RUNS)


@pytest.mark.parametrize("kind", TRIED)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    states=st.integers(2, 12),
    branching=st.integers(1, 2),
    ends=st.sampled_from([0.0, 0.2, 1.0]),
    epsilon=st.floats(0, 1),
    alpha=st.floats(0.01, 1),
    max_steps=st.integers(1, 9),
    seed=st.integers(0, 2**63 - 1),
)
def test_random_worlds(kind, states, branching, ends, epsilon, alpha, max_steps, seed):
    mdp = fastq.random_mdp(states, 4, branching, seed=seed % 1000, ends=ends)
    agent = kind(alpha=alpha, epsilon=epsilon, gamma=0.9)
    options = {"episodes": 5, "seed": seed, "max_steps": max_steps}
    assert_equal_to_single_runs(mdp, [agent], runs=40, step=7, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "actions"),
    [(QLearning, 1), (DoubleQLearning, 32), (QLearning, 64)],
)
def test_numbers_of_actions(kind, actions, in_lanes):
    mdp = fastq.random_mdp(5, actions, 1, seed=1, ends=0.2)
    options = {"episodes": 6, "seed": 0, "max_steps": 50}
    assert_equal_to_single_runs(mdp, [kind(epsilon=0.3)], runs=16, step=3, **options)
    assert len(in_lanes) == 1


def test_runs_of_a_batch_need_not_learn_alike():
    """Lanes that end early take the next run, while others go on."""
    mdp = fastq.windy_gridworld()
    agents = [QLearning(alpha=alpha) for alpha in (1e-9, 0.1, 1.0)]
    options = {"episodes": 20, "seed": 4, "max_steps": 10_000}
    batch = assert_equal_to_single_runs(mdp, agents, runs=20, step=6, **options)
    steps = batch.lengths.sum(axis=1).reshape(3, 20).mean(axis=1)
    assert steps.max() > 2 * steps.min()


@pytest.mark.slow
def test_a_run_that_diverges_does_so_alone():
    mdp = fastq.FiniteMDP.from_arrays(
        [[[(1.0, 1, 1e306, False)], *[[(1.0, 0, 0.0, True)]] * 3], [[(1.0, 0, 1e306, False)]] * 4]
    )
    agents = [
        QLearning(alpha=1.0, initial_value=1.79e308),
        QLearning(alpha=1e-3, epsilon=1.0, gamma=0.0),
    ]
    batch = fastq.train_batch(mdp, agents, runs=16, episodes=5, seed=0, max_steps=20)
    assert batch.diverged[:16].any()
    assert not batch.diverged[16:].any()
    alone = fastq.train_batch(mdp, agents[1], runs=16, episodes=5, seed=0, max_steps=20)
    assert batch.q[16:].tobytes() == alone.q.tobytes()


VISITS = fastq.Visits(power=0.7)
GENERAL = [
    {"ties": "random"},
    {"ties": "random", "alpha": 0.5, "epsilon": fastq.Linear(start=1.0, end=0.0, episodes=3)},
    {"ties": "random", "epsilon": 0.0, "gamma": 0.0},
    {"ties": "random", "epsilon": 1.0, "initial_value": 1.5},
    {"temperature": 0.5},
    {"temperature": 1e-3, "alpha": VISITS},
    {"alpha": VISITS, "epsilon": VISITS},
    {"alpha": fastq.Visits(power=1.0), "ties": "random", "epsilon": VISITS},
    {"epsilon": fastq.Visits(power=1.0)},
    {"ties": "first"},
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, "cliff") for kind in KINDS),
        (Sarsa, "windy stochastic"),
        (DoubleQLearning, "normal rewards"),
    ],
)
def test_what_is_seldom_asked_for_is_as_in_single_runs(kind, name, in_lanes):
    """All at once, by agents side by side in one batch."""
    mdp, _ = world(name)
    agents = [kind(**options) for options in GENERAL]
    options = {"episodes": 7, "seed": 5, "max_steps": 300}
    batch = assert_equal_to_single_runs(mdp, agents, runs=9, **options)
    (variant,) = in_lanes
    assert variant.general
    found = {batch.q[index : index + 9].tobytes() for index in range(0, len(batch.q), 9)}
    assert len(found) == len(agents)  # a negative control: each of them matters


@pytest.mark.slow
@pytest.mark.parametrize("options", GENERAL, ids=str)
def test_each_alone_is_as_in_single_runs(options, in_lanes):
    """A tick looks for no more than is asked for."""
    for name in ("cliff", "normal rewards"):
        mdp, _ = world(name)
        settings = {"episodes": 7, "seed": 6, "max_steps": 100}
        assert_equal_to_single_runs(mdp, [QLearning(**options)], runs=20, step=3, **settings)
    assert in_lanes[-1].general


@pytest.mark.slow
def test_softmax_draws_that_are_near_to_a_threshold_are_drawn_exactly(monkeypatch):
    """Where all are said to be unsure, nothing changes; so the exact draw is the same law."""
    mdp, _ = world("cliff")
    agents = [QLearning(temperature=0.3), QLearning(ties="random")]
    options = {"episodes": 5, "seed": 1, "runs": 8, "max_steps": 50}
    expected = fastq.train_batch(mdp, agents, **options)
    monkeypatch.setattr(turned, "_MARGIN", 2.0)  # of all weights: each sum is near
    names = build.names_of(QLearning, train.variant_for(mdp, agents, 16))
    kernel = specialised(lockstep.learn_lanes, "learn_unsure", "", names, lockstep.POINTS)
    monkeypatch.setattr(train, "kernel_for", lambda *args: kernel)
    assert_same(fastq.train_batch(mdp, agents, **options), expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("agents", "in_place"),
    [
        ([QLearning(epsilon=0.3), QLearning(initial_value=-0.0, alpha=0.2)], True),
        ([Sarsa(initial_value=0.5), Sarsa(ties="random"), Sarsa(temperature=0.5)], True),
        ([QLearning(alpha=VISITS, epsilon=VISITS), QLearning(ties="random")], False),
        ([DoubleQLearning(), DoubleQLearning(ties="random")], False),
    ],
    ids=["q_learning", "sarsa", "visits", "two tables"],
)
def test_tables_beyond_the_caches(agents, in_place, in_lanes, monkeypatch):
    """They lie one after another, most where they are returned; a lane without a run has its own.

    Rows are asked for ahead of time, which changes no result.
    """
    monkeypatch.setattr(lanes, "CACHED_BYTES", 0)
    laid_out, lay_out = [], train.lay_out_lanes
    monkeypatch.setattr(
        train, "lay_out_lanes", lambda *all_: laid_out.append(lay_out(*all_)) or laid_out[-1]
    )
    options = {"episodes": 5, "seed": 0, "max_steps": 200}
    for mdp in (fastq.windy_gridworld(), fastq.random_mdp(300, 4, 1, seed=0, ends=0.01)):
        assert_equal_to_single_runs(mdp, agents, runs=19, step=4, **options)
    assert [variant.large for variant in in_lanes] == [True, True]
    assert [one.in_place for one in laid_out] == [in_place, in_place]


@pytest.mark.slow
def test_large_tables_that_are_not_returned(monkeypatch):
    """As a sweep trains: only one table comes back."""
    monkeypatch.setattr(lanes, "CACHED_BYTES", 0)
    mdp, runs = fastq.windy_gridworld(), np.arange(40)
    settings = train.Settings(4, 0, 100, "common")
    arguments = mdp, [QLearning()], np.zeros(40, dtype=np.int64), runs, settings
    all_, one = (train.train_pairs(*arguments, keep_q=keep) for keep in (True, False))
    assert np.array_equal(all_.returns, one.returns)
    assert one.q.shape == (1, 70, 4)
    assert any(np.array_equal(one.q[0], table) for table in all_.q)


def test_dyna_q_is_left_to_the_plain_loop(in_lanes):
    fastq.train_batch(fastq.windy_gridworld(), fastq.DynaQ(), runs=40, episodes=1, seed=0)
    assert not in_lanes


@pytest.mark.parametrize(
    ("kind", "mdp"),
    [
        (QLearning, fastq.random_mdp(5, 65, 1, seed=0)),
        (DoubleQLearning, fastq.random_mdp(5, 33, 1, seed=0)),
    ],
    ids=["many actions", "many actions in two tables"],
)
def test_worlds_that_lanes_do_not_fit(kind, mdp, in_lanes):
    fastq.train_batch(mdp, kind(), runs=16, episodes=1, seed=0, max_steps=5)
    assert not in_lanes


def test_tables_of_all_lanes_have_a_bound(in_lanes, monkeypatch):
    monkeypatch.setattr(lanes, "MOST_BYTES", 8 * 70 * 4 * 8 - 1)
    fastq.train_batch(fastq.windy_gridworld(), QLearning(), runs=16, episodes=1, seed=0)
    assert not in_lanes


@pytest.mark.slow
def test_lockstep_is_quicker(monkeypatch):
    """It is twice as quick on a free core, and slower where the compiler makes no vectors of it.

    A core that others share leaves less of the lead: 1.17 was seen.
    """
    mdp, found = fastq.windy_gridworld(), {True: [], False: []}
    for seed in range(12):
        for in_lanes, speeds in found.items():
            with monkeypatch.context() as patch:
                if not in_lanes:
                    patch.setattr(build, "fits_lanes", lambda *_, **__: False)
                started = time.process_time()
                batch = fastq.train_batch(mdp, QLearning(), runs=64, episodes=100, seed=seed)
                speeds.append(batch.lengths.sum() / (time.process_time() - started))
    assert max(found[True]) > max(found[False])  # whatever slows one down is noise


@inlined
def elsewhere(lanes, at, action):
    """Give the first column, whatever the action is."""
    return action & np.uint64(0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [{"ahead": sarsa.ahead}, {"learning_column": elsewhere}],
    ids=["ahead", "column"],
)
def test_a_wrong_rule_is_found(wrong, monkeypatch):
    """Sarsa's rule in Q-learning's kernel; a greedy action found with another column changed."""
    mdp, options = fastq.windy_gridworld(), {"episodes": 20, "seed": 0}
    right = fastq.train_batch(mdp, QLearning(), runs=16, **options)
    names = build.names_of(QLearning, train.variant_for(mdp, [QLearning()], 16)) | wrong
    points = lockstep.POINTS
    kernel = specialised(lockstep.learn_lanes, "learn_wrongly", "".join(wrong), names, points)
    monkeypatch.setattr(train, "kernel_for", lambda *args: kernel)
    assert fastq.train_batch(mdp, QLearning(), runs=16, **options).q.tobytes() != right.q.tobytes()
