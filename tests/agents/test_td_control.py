"""Hyperparameters: what is allowed, and the keys of configurations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastq
from fastq.agents.registry import AGENTS


def test_defaults_are_the_tutorials():
    agent = fastq.QLearning()
    assert (agent.alpha, agent.gamma, agent.epsilon, agent.initial_value) == (0.6, 1.0, 0.1, 0.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"alpha": 0.0}, r"alpha = 0.0: must be a number in \(0, 1\]"),
        ({"alpha": 1.01}, r"alpha = 1.01: must be a number in \(0, 1\]"),
        ({"alpha": float("nan")}, r"alpha = nan: must be a number in \(0, 1\]"),
        ({"alpha": "0.5"}, r"alpha = '0.5': must be a number in \(0, 1\]"),
        ({"alpha": True}, r"alpha = True: must be a number in \(0, 1\]"),
        ({"gamma": -0.1}, r"gamma = -0.1: must be a number in \[0, 1\]"),
        ({"epsilon": 1.5}, r"epsilon = 1.5: must be a number in \[0, 1\]"),
        ({"initial_value": float("inf")}, r"initial_value = inf: must be a finite number"),
        ({"ties": "last"}, "ties = 'last': must be one of first, random"),
        ({"temperature": 0.0}, "temperature = 0.0: must be a number above 0, or nothing for"),
        ({"temperature": 1.0, "epsilon": 0.1}, "epsilon: a softmax policy has none; leave out it"),
        ({"temperature": 1.0, "ties": "first"}, "ties: a softmax policy has none; leave out it"),
        ({"lambda": 0.5}, r"lambda = 0.5: no such field; allowed are alpha, gamma, epsilon"),
    ],
)
def test_bad_hyperparameters(fields, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.QLearning(**fields)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("steps", [-1, 2.5, True, "5"])
def test_bad_planning_steps(steps):
    with pytest.raises(fastq.InputError, match=f"planning_steps = {steps!r}: must be an integer"):
        fastq.DynaQ(planning_steps=steps)


def test_every_agent_has_a_name_its_source_and_its_formula():
    for name, kind in AGENTS.items():
        assert kind.name == name
        assert "Source:" in kind.__doc__
        assert "Q" in kind.__doc__
        assert kind.model_fields.keys() >= fastq.QLearning.model_fields.keys()


def test_integers_and_numpy_scalars_are_numbers():
    assert fastq.QLearning(alpha=1, gamma=np.float32(0.5)) == fastq.QLearning(alpha=1.0, gamma=0.5)


def test_keys_tell_agents_and_schedules_apart():
    schedules = [0.5, fastq.Visits(power=0.5), fastq.Linear(start=0.5, end=0.1, episodes=9)]
    agents = [kind(alpha=alpha) for kind in AGENTS.values() for alpha in schedules]
    agents += [fastq.QLearning(ties="random"), fastq.QLearning(temperature=1.0)]
    assert len({agent.key("x") for agent in agents}) == len(agents)


def test_agents_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        fastq.QLearning().alpha = 0.5


def test_the_key_is_the_same_everywhere():
    """Pinned: a changed key would orphan every result on disk."""
    assert fastq.QLearning().key("0123456789abcdef") == "91ad0bdf9d1839d7"


@given(st.floats(0.001, 1), st.floats(0, 1))
def test_keys_tell_configurations_apart(alpha, epsilon):
    plain, other = fastq.QLearning(), fastq.QLearning(alpha=alpha, epsilon=epsilon)
    assert (plain.key("x") == other.key("x")) == (plain == other)
    assert plain.key("x") != plain.key("y")


def test_double_q_learning_has_ties_with_a_softmax_policy_too():
    """Its target takes the best action of a table, whatever the policy is."""
    agent = fastq.DoubleQLearning(temperature=1.0, ties="random")
    assert agent.key("") != fastq.DoubleQLearning(temperature=1.0).key("")
    with pytest.raises(fastq.InputError, match="epsilon: a softmax policy has none"):
        fastq.DoubleQLearning(temperature=1.0, epsilon=0.1)
    assert {name: kind.version for name, kind in AGENTS.items() if kind.version != 1} == {
        "double_q_learning": 2
    }
