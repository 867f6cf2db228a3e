"""The plain loop: what is drawn when, what the rules are told, and that all runs uncompiled."""

import gymnasium
import numba
import numpy as np
import pytest

import fastq
from fastq import rules, streams
from fastq.agents.reference import custom
from fastq.agents.reference.custom import NoActionError, learn

LOG = []


def rng():
    return streams.generator(1, 2)


def uniforms(count):
    return rng().random(count).tolist()


class Corridor(gymnasium.Env):
    """Four states in a row, from the left; the third step ends, the time limit may come first."""

    observation_space = gymnasium.spaces.Discrete(4)
    action_space = gymnasium.spaces.Discrete(3)

    def __init__(self, limit):
        self.limit = limit

    def reset(self, **_):
        self.state = 0
        return np.int64(0), {}

    def step(self, action):
        assert type(action) is int
        self.state += 1
        ended = self.state == 3
        return self.state, np.float32(-0.5), np.bool_(ended), self.state == self.limit, {}


class Recorder(fastq.Algorithm):
    """What it is told; no compiler would take it."""

    alpha: fastq.ScheduledStepSize = fastq.Linear(start=1.0, end=0.5, episodes=1)
    epsilon: fastq.ScheduledFraction = fastq.Exponential(start=0.8, rate=0.5)
    planning: int = 3

    def act(q, state, u, agent):
        LOG.append(("act", state, u))
        return len(LOG) % 3

    def update(q, step, agent):
        LOG.append(("update", step, agent))


class OnPolicy(Recorder):
    on_policy = True


class Both(OnPolicy):
    update_draws = True
    tables = 2

    def update(q, step, agent, tables):
        tables += 1
        LOG.append(("update", step, tables.copy()))


def recorded(agent, limit=9, episodes=1):
    """Run an agent through the corridor; give the run, and what its rules were told."""
    LOG.clear()
    return (*learn(Corridor(limit), agent, episodes, rng()), list(LOG))


def told(log):
    """Write a log without the steps' contents."""
    return [entry if entry[0] == "act" else "update" for entry in log]


def test_off_policy_each_action_is_drawn_at_the_top_of_its_step():
    u = uniforms(3)
    _, stats, log = recorded(Recorder())
    assert told(log) == [
        ("act", 0, u[0]), "update", ("act", 1, u[1]), "update", ("act", 2, u[2]), "update",
    ]  # fmt: skip
    steps = [entry[1] for entry in log if entry[0] == "update"]
    assert [tuple(step) for step in steps] == [
        (0, 1, -0.5, 1, 0, False, 0, 0.0),
        (1, 0, -0.5, 2, 0, False, 0, 0.0),
        (2, 2, -0.5, 3, 0, True, 0, 0.0),
    ]
    kinds = (int, int, float, int, int, bool, int, float)
    assert all(type(value) is kind for value, kind in zip(steps[0], kinds, strict=True))
    assert stats.episode_lengths.tolist() == [3]
    assert stats.episode_rewards.tolist() == [-1.5]
    assert stats.episode_truncated.tolist() == [False]


def test_on_policy_the_next_action_is_drawn_before_the_update_unless_the_step_terminated():
    u = uniforms(3)
    *_, log = recorded(OnPolicy())
    assert told(log) == [
        ("act", 0, u[0]), ("act", 1, u[1]), "update", ("act", 2, u[2]), "update", "update",
    ]  # fmt: skip
    steps = [entry[1] for entry in log if entry[0] == "update"]
    assert [step.next_action for step in steps[:2]] == [steps[1].action, steps[2].action]


def test_on_policy_a_time_limit_cuts_the_episode_after_the_next_draw():
    u = uniforms(4)
    _, stats, log = recorded(OnPolicy(), limit=1, episodes=2)
    assert told(log) == [
        ("act", 0, u[0]), ("act", 1, u[1]), "update", ("act", 0, u[2]), ("act", 1, u[3]), "update",
    ]  # fmt: skip
    assert stats.episode_truncated.all()


def test_the_uniform_of_the_update_is_drawn_last():
    u = uniforms(6)
    *_, log = recorded(Both())
    assert told(log) == [
        ("act", 0, u[0]), ("act", 1, u[1]), "update", ("act", 2, u[3]), "update", "update",
    ]  # fmt: skip
    updates = [entry[1:] for entry in log if entry[0] == "update"]
    assert [step.u for step, _ in updates] == [u[2], u[4], u[5]]
    for count, (_, tables) in enumerate(updates):
        assert np.array_equal(tables, np.full((2, 4, 3), 1.0 + count))  # zero at first


def test_hyperparameters_are_numbers_of_the_episode():
    *_, log = recorded(Recorder(), episodes=3)
    agents = [entry[2] for entry in log if entry[0] == "update"][::3]
    assert [(a.alpha, a.epsilon, a.planning) for a in agents] == [
        (1.0, 0.8, 3.0), (0.5, 0.4, 3.0), (0.5, 0.2, 3.0),
    ]  # fmt: skip
    assert all(type(value) is float for value in vars(agents[0]).values())


def test_tables_start_at_the_initial_value():
    class Hopeful(Recorder):
        initial_value: float = 2.5

    assert (recorded(Hopeful())[0] == np.full((4, 3), 2.5)).all()
    assert (recorded(Recorder())[0] == np.zeros((4, 3))).all()


@pytest.mark.parametrize("action", [-1, 3, 1.5, np.nan, np.inf, 1e30])
def test_what_is_no_action(action):
    class Bad(Recorder):
        def act(q, state, u, agent):
            return action

    with pytest.raises(NoActionError, match=r"act returned .*: must be an action from 0 to 2"):
        recorded(Bad())


@pytest.mark.parametrize("action", [2, 2.0, np.int64(2), np.float64(2), np.uint8(2)])
def test_whole_numbers_are_actions(action):
    class Good(Recorder):
        def act(q, state, u, agent):
            return action

    assert recorded(Good())[2][0][1].action == 2


def inner(x):
    LOG.append("inner")
    return x


compiled_inner = numba.njit(inner)


def middle(x, *, by=2.0):
    return by * compiled_inner(x)


compiled_middle = numba.njit(middle)


def test_helpers_run_uncompiled_wherever_they_are_found():
    def local(x):
        return compiled_middle(x) + rules.greedy(np.array([[0.0, x]]), 0)

    compiled_local = numba.njit(local)

    def rule(x):
        return compiled_local(x) + fastq.rules.greatest(np.array([[x]]), 0)

    LOG.clear()
    assert custom.uncompiled(rule)(2.0) == 4.0 + 1 + 2.0
    assert LOG == ["inner"]
    assert compiled_local.signatures == compiled_middle.signatures == []


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n > 0 and even(n - 1)


def test_helpers_that_call_each_other():
    assert custom.uncompiled(even)(10) is True
    assert custom.uncompiled(odd)(10) is False


def test_the_functions_themselves_stay_as_they_are():
    LOG.clear()
    copy = custom.uncompiled(middle)
    assert copy.__globals__ is not middle.__globals__
    assert middle.__globals__["compiled_inner"] is compiled_inner
    assert copy(1.0) == 2.0


def test_what_a_step_and_an_agent_lack_is_told_with_what_they_have():
    class NoStep(Recorder):
        def update(q, step, agent):
            q[0, 0] = step.done

    class NoAgent(Recorder):
        def update(q, step, agent):
            q[0, 0] = agent.alfa

    for kind, message in (
        (NoStep, "step has no done; it has state, action, reward, next_state, next_action, termin"),
        (NoAgent, "agent has no alfa; its hyperparameters: initial_value, "),
    ):
        with pytest.raises(AttributeError, match=message):
            custom.learn(Corridor(3), kind(), 1, np.random.default_rng(0))
