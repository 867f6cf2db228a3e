"""`check_parity`: custom rules compiled equal the plain ones, and what differs is found."""

import dataclasses
import math

import gymnasium
import numba
import numpy as np
import pytest

import fastq
from fastq import reference
from fastq.training import parity
from fastq.training.parity import check_parity, reference_run
from fastq.training.train import Training, key_words
from tests.support.parity import assert_same

WINDY = "fastq/WindyGridworld-v0"
SCALE = 0.25
BONUS = np.array([0.0, 1e-3, 1 / 3])


@numba.njit
def towards(value, target, share):
    return value + share * (target - value)


def best_of(q, state):
    return fastq.rules.greatest(q, state)


def bootstrap(q, step, gamma):
    return 0.0 if step.terminated else gamma * best_of(q, step.next_state)


class Own(fastq.Algorithm):
    """Q-learning, by helpers plain and compiled, with schedules and a start of its own."""

    alpha: fastq.ScheduledStepSize = fastq.Exponential(start=0.9, rate=0.8, end=0.2)
    gamma: fastq.Fraction = 0.97
    epsilon: fastq.ScheduledFraction = fastq.Linear(start=1.0, end=0.1, episodes=7)
    initial_value: float = -0.25

    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, agent.epsilon)

    def update(q, step, agent):
        pair = step.state, step.action
        target = step.reward + bootstrap(q, step, agent.gamma) + BONUS[step.episode % 3]
        q[pair] = towards(q[pair], target, agent.alpha)


class OwnSarsa(Own):
    on_policy = True

    def update(q, step, agent):
        target = step.reward
        if not step.terminated:
            target += agent.gamma * q[step.next_state, step.next_action]
        q[step.state, step.action] += SCALE * agent.alpha * (target - q[step.state, step.action])


class OwnDoubleQ(Own):
    tables = 2
    update_draws = True

    def update(q, step, agent, tables):
        i = 0 if step.u < 0.5 else 1
        target = step.reward
        if not step.terminated:
            best = fastq.rules.greedy(tables[i], step.next_state)
            target += agent.gamma * tables[1 - i][step.next_state, best]
        pair = step.state, step.action
        tables[i][pair] += agent.alpha * (target - tables[i][pair])
        q[pair] = (tables[0][pair] + tables[1][pair]) / 2


class OwnSoftmax(OwnSarsa):
    """All that there is at once: a policy of its own, next actions, tables that count, draws."""

    tables = 1
    update_draws = True
    heat: float = 0.5

    def act(q, state, u, agent):
        best, total = fastq.rules.greatest(q, state), 0.0
        for action in range(q.shape[1]):
            total += math.exp((q[state, action] - best) / agent.heat)
        left = u * total
        for action in range(q.shape[1]):
            left -= math.exp((q[state, action] - best) / agent.heat)
            if left < 0.0:
                return action
        return q.shape[1] - 1

    def update(q, step, agent, tables):
        pair = step.state, step.action
        tables[0][pair] += 1.0
        target = step.reward + SCALE * step.u
        if not step.terminated:
            target += agent.gamma * q[step.next_state, step.next_action]
        q[pair] += (target - q[pair]) / fastq.rules.power(tables[0][pair], 0.8)


def enclosed():
    share, plus = 0.3, np.array([0.5, -0.5])

    class Enclosed(Own):
        """With numbers and an array from the function around it, and memory allocated."""

        def update(q, step, agent):
            row = np.zeros(2) + plus
            target = step.reward + row[step.action % 2] + q[step.next_state].max()
            q[step.state, step.action] += share * (target - q[step.state, step.action])

    return Enclosed


WORLDS = {
    "windy": fastq.windy_gridworld(),
    "windy, real": WINDY,
    "lake": "FrozenLake-v1",
    "normal rewards": fastq.maximization_bias(4),  # as many actions, so that it compiles once
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "worlds"),
    [(Own, 4), (OwnSarsa, 3), (OwnDoubleQ, 3), (OwnSoftmax, 4), (enclosed(), 2)],
)
def test_own_rules_on_every_world(kind, worlds):
    for world in list(WORLDS.values())[:worlds]:
        found = check_parity(kind(), world, episodes=12, seed=4, runs=2, max_steps=60)
        assert found.steps > 24


def test_fastqs_own_agents():
    assert check_parity(fastq.QLearning(ties="random"), WORLDS["lake"], episodes=5)


def test_the_report():
    found = check_parity(Own(alpha=0.5), WORLDS["lake"], episodes=7, runs=3)
    agent, environment, runs, episodes, steps, batches = found
    assert (agent, environment, runs, episodes) == (Own(alpha=0.5), "FrozenLake-v1", 3, 7)
    assert batches == "in lock-step"
    batch = fastq.train_batch(
        fastq.FiniteMDP.from_gymnasium("FrozenLake-v1"), agent, episodes=7, seed=0, runs=3
    )
    assert steps == batch.lengths.sum()
    assert found


def test_an_environment_that_is_made_already():
    env = gymnasium.make("FrozenLake-v1", is_slippery=False, max_episode_steps=9)
    assert check_parity(Own(), env, episodes=4, runs=1).steps <= 36


@pytest.mark.parametrize("limit", [3, 200])
def test_a_limit_in_place_of_the_mdps_own(limit):
    mdp = dataclasses.replace(WORLDS["windy"], max_steps=50)
    assert check_parity(Own(), mdp, episodes=3, runs=1, max_steps=limit).steps <= 3 * limit
    env = mdp.to_gymnasium()
    assert reference_run(Own(), env, episodes=1, seed=0, max_steps=limit).lengths.max() <= limit
    assert env.max_steps == 50


def test_independent_streams():
    mdp, agent = WORLDS["normal rewards"], Own()
    options = {"episodes": 9, "seed": 2, "run": 1}
    apart = fastq.train(mdp, agent, **options, streams="independent")
    words = key_words(agent.key(mdp.fingerprint))
    assert_same(apart, reference_run(agent, mdp.to_gymnasium(), **options, key=words))


class Differs(Own):
    """Where it is loud, Python raises an error."""

    loud: bool = False

    def update(q, step, agent):
        if agent.loud:
            q[step.state, step.action] = math.log(step.reward)  # of a negative number
        x = step.state + 1
        for _ in range(64):
            x *= 2
        q[step.state, step.action] = x  # Python's integers never overflow


def test_rules_that_mean_something_else_when_compiled():
    fault = r"Differs\(.*\) on fastq/WindyGridworld-v0, run 0: q of state 0, action \d: "
    with pytest.raises(fastq.RunError, match=fault + r"0.0 in the kernel, 1.8\d*e\+19 in the ref"):
        check_parity(Differs(), WORLDS["windy"], max_steps=60)
    fault = r"run 0: Differs \(test_parity.py, line \d+\): ValueError: .*, but not when compiled$"
    with pytest.raises(fastq.RunError, match=fault):
        check_parity(Differs(loud=True), WORLDS["windy"], max_steps=60)


def changed(field, index, value):
    """Make a reference that errs by a little in one number of run 1."""

    def wrong(agent, env, *, run, **options):
        found = reference_run(agent, env, run=run, **options)
        if run == 1:
            getattr(found, field)[index] = value(getattr(found, field)[index])
        return found

    return wrong


@pytest.mark.parametrize(
    ("field", "index", "value", "message"),
    [
        ("lengths", 3, lambda x: x + 1, r"lengths of episode 3: \d+ in the kernel, \d+ in the ref"),
        ("truncated", 2, np.logical_not, "truncated of episode 2: (True|False) in the kernel, "),
        ("returns", 0, lambda x: np.nextafter(x, 0), r"returns of episode 0: -\d+.0 in the kernel"),
        ("q", (2, 1), lambda x: np.nextafter(x, 9), r"q of state 2, action 1: -\d.\d+ in the ker"),
        ("q", (37, 0), lambda x: -x, r"q of state 37, action 0: 0.0 in the kernel, -0.0 in the re"),
        ("q", (2, 1), lambda x: np.nan, "q of state 2, action 1: .* nan in the reference"),
        ("diverged", (), np.logical_not, "diverged: False in the kernel, True in the reference"),
    ],
)
def test_the_least_difference_is_found(field, index, value, message, monkeypatch):
    monkeypatch.setattr(parity, "reference_run", changed(field, index, value))
    agent = fastq.QLearning(alpha=0.3)
    assert check_parity(agent, WORLDS["windy"], episodes=4, runs=1, max_steps=80)
    with pytest.raises(fastq.RunError, match=rf"^QLearning\(.*\) on .*, run 1: {message}") as found:
        check_parity(agent, WORLDS["windy"], episodes=4, runs=2, max_steps=80)
    assert "\n" not in str(found.value)


def test_another_reference_is_found(monkeypatch):
    monkeypatch.setattr(reference, "q_learning", reference.expected_sarsa)
    with pytest.raises(fastq.RunError, match="in the reference"):
        check_parity(fastq.QLearning(), WINDY, episodes=5, max_steps=60)


class Doubles(Own):
    def update(q, step, agent):
        q[step.state, step.action] = 1e300 * (q[step.state, step.action] + 1.0)
        q[0, 0] = q[step.state, step.action] - q[step.state, step.action]


def test_runs_that_diverge_in_both_are_equal():
    found = fastq.train(WORLDS["windy"], Doubles(), episodes=5, seed=0, max_steps=60)
    assert found.diverged
    assert np.isnan(found.q[0, 0])
    assert check_parity(Doubles(), WORLDS["windy"], episodes=5, max_steps=60)


def test_training_has_the_fields_of_the_reference():
    found = reference_run(Own(), WORLDS["windy"].to_gymnasium(), episodes=2, seed=0, max_steps=9)
    kernel = fastq.train(WORLDS["windy"], Own(), episodes=2, seed=0, max_steps=9)
    for field in dataclasses.fields(Training):
        left, right = getattr(found, field.name), getattr(kernel, field.name)
        assert (left.dtype, left.shape) == (right.dtype, right.shape)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": 0}, "runs = 0: must be an integer from 1"),
        ({"episodes": 0}, "episodes = 0: must be an integer from 1"),
        ({"seed": -1}, "seed = -1: must be"),
        ({"max_steps": 0}, "max_steps = 0: must be an integer from 1"),
        ({"mdp": "Nothing-v0"}, "mdp = 'Nothing-v0': must be registered"),
        ({"mdp": 3}, "mdp = 3: must be a FiniteMDP, a gymnasium id"),
        ({"agent": "q_learning"}, "agent = 'q_learning': must be QLearning"),
    ],
)
def test_bad_arguments(changes, message):
    good = {"agent": Own(), "mdp": WORLDS["windy"], "episodes": 1, "runs": 1, "max_steps": 3}
    with pytest.raises(fastq.InputError, match=message):
        check_parity(**{**good, **changes})
