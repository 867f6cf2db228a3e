"""The parity contract: each kernel equals the plain-Python reference, bit for bit.

The reference steps the real gymnasium environment, its generator set to the run's environment
stream.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.agents.registry import AGENTS
from fastq.training.parity import reference_run
from tests.support.parity import KING, WORLDS, assert_parity, assert_same, same_bits, world

KINDS = list(AGENTS.values())
unit = st.floats(0, 1)

SCHEDULES = {
    "constant": {"alpha": 0.5, "epsilon": 0.1},
    "linear": {
        "alpha": fastq.Linear(start=1.0, end=0.1, episodes=3),
        "epsilon": fastq.Linear(start=0.0, end=1.0, episodes=2),
    },
    "exponential": {
        "alpha": fastq.Exponential(start=0.9, rate=0.7, end=0.3),
        "epsilon": fastq.Exponential(start=1.0, rate=0.5),
    },
    "visits": {"alpha": fastq.Visits(power=0.7), "epsilon": fastq.Visits(power=0.5)},
    "mixed": {"alpha": fastq.Visits(power=1.0), "epsilon": 0.0},
}


@pytest.mark.parametrize("ties", ["first", "random"])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", [name for name in WORLDS if name != "taxi"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_agent_on_every_world(kind, name, schedule, ties):
    agent = kind(gamma=0.97, initial_value=0.5, ties=ties, **SCHEDULES[schedule])
    found = assert_parity(name, agent, seed=len(schedule), run=3)
    assert (found.q != 0.5).sum() >= 2


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["constant", "linear", "exponential"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_agent_on_taxi(kind, schedule):
    """Its six actions have kernels of their own, which take seconds to compile."""
    agent = kind(gamma=0.97, initial_value=0.5, **SCHEDULES[schedule])
    found = assert_parity("taxi", agent, seed=len(schedule), run=3)
    assert (found.q != 0.5).sum() >= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["taxi", KING])
def test_more_actions_and_all_that_is_seldom_asked_for(name):
    random_ties = [{"ties": "random", **schedule} for schedule in SCHEDULES.values()]
    for options in (*random_ties, {"temperature": 0.5}):
        agent = fastq.QLearning(gamma=0.97, initial_value=0.5, **options)
        assert assert_parity(name, agent, run=3).lengths.sum() > 60


@pytest.mark.parametrize("temperature", [0.01, 0.5, 1e6])
@pytest.mark.parametrize("name", ["windy", "random", "normal rewards", "cliff"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_softmax(kind, name, temperature):
    assert_parity(name, kind(alpha=0.3, gamma=0.9, temperature=temperature), episodes=6)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    alpha=st.floats(0, 1, exclude_min=True),
    gamma=unit,
    epsilon=unit,
    initial_value=st.floats(-20, 20),
    ties=st.sampled_from(["first", "random"]),
    seed=st.integers(0, 2**63 - 1),
    run=st.integers(0, 2**31 - 1),
    max_steps=st.integers(1, 120),
)
def test_any_hyperparameters(kind, seed, run, max_steps, **hyperparameters):
    for name in ("windy", "random"):
        agent = kind(**hyperparameters)
        assert_parity(name, agent, episodes=3, seed=seed, run=run, max_steps=max_steps)


@pytest.mark.slow
def test_36_runs_of_100_episodes():
    agent = fastq.QLearning(alpha=0.6, gamma=1.0, epsilon=0.1)
    mdp, env = world("windy")
    batch = fastq.train_batch(mdp, agent, episodes=100, seed=2024, runs=36)
    for run in range(36):
        expected = reference_run(agent, env, episodes=100, seed=2024, run=run, max_steps=10_000)
        assert same_bits(batch.q[run], expected.q)
        assert same_bits(batch.returns[run], expected.returns)
        assert np.array_equal(batch.lengths[run], expected.lengths)


@pytest.mark.slow
@pytest.mark.parametrize(
    "mdp",
    [
        fastq.random_mdp(2, 4, 2, seed=1, sd=1.0),
        fastq.random_mdp(5, 20, 1, seed=2, ends=0.1, sd=0.1),
        fastq.random_mdp(4, 256, 4, seed=3, ends=0.2, sd=0.5),
        fastq.random_mdp(20_000, 4, 3, seed=4),
    ],
    ids=["2 states", "20 actions", "256 actions", "20,000 states"],
)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_small_and_large_tables(kind, mdp):
    for ties in ("first", "random"):
        agent = kind(alpha=0.5, gamma=0.9, epsilon=0.3, initial_value=5.0, ties=ties)
        options = {"episodes": 3, "seed": 7, "run": 1, "max_steps": 80}
        found = fastq.train(mdp, agent, **options)
        assert_same(found, reference_run(agent, mdp.to_gymnasium(), **options))
        assert found.lengths.sum() > 10


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_truncation_keeps_the_bootstrap(kind):
    """A run that is always cut short still learns through the cut."""
    found = assert_parity("windy", kind(alpha=1.0, epsilon=0.5), episodes=50, max_steps=3)
    assert found.truncated.all()
    assert found.q.min() < -1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_termination_cuts_the_bootstrap(kind):
    """However great the values of the state that is entered, they do not count."""
    left, right = [(1.0, 1, -1.0, True)], [(1.0, 0, 100.0, True)]
    mdp = fastq.FiniteMDP.from_arrays([[left] * 4, [right] * 4], start=[0.5, 0.5])
    agent = kind(alpha=1.0, epsilon=1.0)
    options = {"episodes": 60, "seed": 0}
    found = fastq.train(mdp, agent, **options)
    assert_same(found, reference_run(agent, mdp.to_gymnasium(), **options))
    assert found.q.tolist() == [[-1.0] * 4, [100.0] * 4]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_negative_controls(kind):
    """Parity is no accident: another run, another rule for ties or another limit differ."""
    mdp, env = world("windy")
    found = fastq.train(mdp, kind(), episodes=5, seed=0, max_steps=50)
    for agent, changes in [
        (kind(), {"run": 1}),
        (kind(ties="random"), {}),
        (kind(), {"max_steps": 49}),
        (kind(gamma=1 - 2**-53), {}),
    ]:
        options = {"episodes": 5, "seed": 0, "max_steps": 50, **changes}
        assert not same_bits(found.q, reference_run(agent, env, **options).q)
