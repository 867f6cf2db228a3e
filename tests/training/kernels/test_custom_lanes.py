"""Custom algorithms in lock-step: equal to single runs, and where they cannot be, or fail."""

import math

import numpy as np
import pytest

import fastq
from fastq.training import train
from fastq.training.kernels import custom_lanes, lane_rules, lanes
from fastq.training.loops import how_trained
from tests.support.parity import world
from tests.training.kernels.test_lockstep import assert_equal_to_single_runs

WINDY = fastq.windy_gridworld()
SCALE = 0.5
BONUS = np.array([0.0, 1e-3, 1 / 3])
PRIZES = np.array([[0, 1, 2, 3], [3, 2, 1, 0]])


def gain(agent, reward):
    return SCALE * agent.alpha if reward < 0.0 else agent.alpha


class Learner(fastq.Algorithm):
    """Q-learning, with what its variants share."""

    alpha: fastq.ScheduledStepSize = fastq.Linear(start=0.9, end=0.2, episodes=5)
    gamma: fastq.Fraction = 0.97
    epsilon: fastq.Fraction = 0.2
    initial_value: float = -0.25

    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, agent.epsilon)

    def update(q, step, agent):
        target = step.reward
        if not step.terminated:
            target += agent.gamma * fastq.rules.greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])


class Branches(Learner):
    """Branches in branches, early returns, a helper, a loop, integers, chained comparisons."""

    def act(q, state, u, agent):
        if u < agent.epsilon / 2:
            return 0
        if u < agent.epsilon:
            return int(u / agent.epsilon * q.shape[1])
        best, value = 0, q[state, 0]
        for action in range(1, q.shape[1]):
            if q[state, action] > value:
                best, value = action, q[state, action]
        return best

    def update(q, step, agent):
        error = step.reward - q[step.state][step.action] + BONUS[step.episode % 3 - 3]
        error += PRIZES[step.state % 2, step.action]
        if step.terminated:
            q[step.state, step.action] += gain(agent, step.reward) * error
            return
        if -1.0 <= step.reward <= 0.0 and (step.episode % 2 == 0 or step.action != 1):
            error += agent.gamma * max(q[step.next_state, 0], q[step.next_state, 1])
        elif step.next_state // 3 == step.state // 3:
            error += agent.gamma * min(q[step.next_state, 2], abs(q[step.next_state, -1]))
        else:
            error += agent.gamma * fastq.rules.where(step.next_state > 30, 0.5, -0.5)
        q[step.state, step.action] += gain(agent, step.reward) * error


class Counts(Learner):
    """Tables that count, next actions, draws of its own, powers, functions of the library."""

    tables = 2
    on_policy = True
    update_draws = True

    def act(q, state, u, agent):
        best, total = fastq.rules.greatest(q, state), 0.0
        for action in range(q.shape[1]):
            total += math.exp(q[state, action] - best)
        left = u * total
        for action in range(q.shape[1]):
            left -= math.exp(q[state, action] - best)
            if left < 0.0:
                return action
        return q.shape[1] - 1

    def update(q, step, agent, tables):
        pair = step.state, step.action
        i = 0 if step.u < 0.5 else 1
        tables[i][pair] += 1.0
        target = step.reward + step.u
        if not step.terminated:
            target += agent.gamma * q[step.next_state, step.next_action]
        q[pair] += (target - q[pair]) / fastq.rules.power(
            tables[0][pair] + tables[1, step.state, step.action], 0.8
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Learner, Counts])
def test_large_tables(kind, monkeypatch):
    monkeypatch.setattr(lanes, "CACHED_BYTES", 0)
    options = {"episodes": 6, "seed": 2, "max_steps": 60}
    assert_equal_to_single_runs(WINDY, [kind()], runs=11, step=2, **options)
    assert how(kind()) == "in lock-step"


def how(agent, mdp=WINDY, runs=20):
    return how_trained(mdp, agent, runs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Branches, "windy"),
        (Branches, "normal rewards"),
        (Counts, "frozen lake"),
        (Counts, "normal rewards"),
    ],
)
def test_a_batch_equals_its_runs_alone(kind, name):
    mdp, _ = world(name)
    agents = [kind(), kind(gamma=0.9, epsilon=0.0), kind(gamma=0.5, initial_value=1.0)]
    options = {"episodes": 9, "seed": 5, "max_steps": 60}
    batch = assert_equal_to_single_runs(mdp, agents, runs=13, step=3, **options)
    assert how(agents[0], mdp) == "in lock-step"
    assert len({batch.q[i : i + 13].tobytes() for i in (0, 13, 26)}) == 3


@pytest.mark.slow
def test_parity_is_of_batches_too(monkeypatch):
    found = fastq.check_parity(Branches(), WINDY, episodes=20, max_steps=60)
    assert found.batches == "in lock-step"
    real = train.train_batch

    def wrong(*arguments, **options):
        batch = real(*arguments, **options)
        batch.q[1, 3, 2] += 1e-9
        return batch

    monkeypatch.setattr("fastq.training.parity.train_batch", wrong)
    with pytest.raises(
        fastq.RunError, match=r"run 1: q of state 3, action 2: .* in a batch, .* in "
    ):
        fastq.check_parity(Branches(), WINDY, episodes=20, max_steps=60)


class Loops(Learner):
    def update(q, step, agent):
        left = 3
        while left > 0:
            left -= 1
            q[step.state, step.action] += 0.1 * (step.reward - q[step.state, step.action])


class Rows(Learner):
    def update(q, step, agent):
        q[step.state, step.action] += q[step.next_state].max() + step.reward


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Loops, r"while left > 0:, which has no form without branches \(test_custom_lanes.py, l"),
        (Rows, r"q\[step.next_state\].max\(\), which has no form without branches \(test_"),
    ],
)
def test_what_has_no_form_for_lanes_is_trained_by_the_plain_loop(kind, reason):
    options = {"episodes": 5, "seed": 1, "max_steps": 40}
    assert_equal_to_single_runs(WINDY, [kind()], runs=9, step=4, **options)
    with pytest.raises(AssertionError, match=reason):
        assert how(kind()) == "in lock-step"
    assert fastq.check_parity(kind(), WINDY, episodes=3, max_steps=40).batches == how(kind())


class Divides(Learner):
    """It fails where a sum of steps comes to a number."""

    tables = 1

    def update(q, step, agent, tables):
        tables[0][0, 0] += 1.0
        target = step.reward / (tables[0][0, 0] + step.state - 60.0)
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])


class Reaches(Learner):
    tables = 1

    def update(q, step, agent, tables):
        tables[0][0, 0] += 1.0
        q[step.state + (40 if step.state > 31 and tables[0][0, 0] > 25.0 else 0), 0] += step.reward


class Acts(Learner):
    def act(q, state, u, agent):
        return int(u * 4.02)

    def update(q, step, agent):
        q[step.state, step.action] += step.reward


class Halves(Acts):
    def act(q, state, u, agent):
        return 0.5 if u > 0.99 else 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Divides, "ZeroDivisionError"),
        (Reaches, "IndexError"),
        (Acts, "act returned 4: must be an action from 0 to 3"),
        (Halves, "act returned 0.5: must be an action"),
    ],
)
def test_a_fault_in_a_lane_is_told_as_that_of_the_run_alone(kind, reason):
    """The first run that fails is named, with its step; a run before it is whole."""
    options = {"episodes": 3, "seed": 7, "max_steps": 70}
    alone = []
    for run in range(16):
        try:
            alone.append(fastq.train(WINDY, kind(), run=run, **options))
        except fastq.RunError as error:
            alone.append(str(error))
    assert any(isinstance(one, str) for one in alone)
    with pytest.raises(fastq.RunError, match=reason) as found:
        fastq.train_batch(WINDY, kind(), runs=16, **options)
    assert str(found.value) == next(one for one in alone if isinstance(one, str))
    assert how(kind()) == "in lock-step"


class Nan(Learner):
    """A NaN is no error: the runs go on, in the plain loop."""

    def update(q, step, agent):
        q[step.state, step.action] = (step.reward + 1e308) * 10.0
        if step.state % 5 == 0:
            q[step.state, step.action] -= q[step.state, step.action]


@pytest.mark.slow
def test_values_that_are_not_finite_are_as_in_single_runs():
    options = {"episodes": 4, "seed": 3, "max_steps": 30}
    batch = assert_equal_to_single_runs(WINDY, [Nan()], runs=10, step=3, **options)
    assert np.isnan(batch.q).any()
    assert batch.diverged.all()


@pytest.mark.slow
def test_a_wrong_operation_is_found(monkeypatch):
    """A negative control: were a mask the wrong way round, a batch would differ."""
    options = {"episodes": 5, "seed": 0, "runs": 8, "max_steps": 40}
    right = fastq.train_batch(WINDY, Branches(), **options)
    monkeypatch.setitem(custom_lanes._OPERATIONS, "invert", lane_rules.truth)

    class WrongBranches(Branches):
        """The same, compiled anew."""

    assert not np.array_equal(fastq.train_batch(WINDY, WrongBranches(), **options).q, right.q)
