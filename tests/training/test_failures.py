"""When a custom rule fails, one line says which, where and why."""

import math
import re
from pathlib import Path

import numba
import numpy as np
import pytest

import fastq
from fastq.training import failures

MDP = fastq.windy_gridworld()
HERE = Path(__file__)


class Base(fastq.Algorithm):
    alpha: fastq.StepSize = 0.5

    def act(q, state, u, agent):
        return int(u * q.shape[1])

    def update(q, step, agent):
        q[step.state, step.action] += agent.alpha * step.reward


def ping(x):
    return pong(x)


def pong(x):
    return ping(x)


def too_far(q, step):
    return q[step.state + 100, 0]  # line: 1


@numba.njit
def half(q, agent):
    return q + agent.nothing  # line: LacksInHelper


class Lacks(Base):
    def update(q, step, agent):
        x = 3
        q[0, 0] = x * agent.nothing  # line: Lacks


class LacksInHelper(Base):
    def update(q, step, agent):
        q[0, 0] = half(q[0, 0], agent)


class Unknown(Base):
    def update(q, step, agent):
        q[0, 0] = nowhere(step)  # line: Unknown  # noqa: F821


class Types(Base):
    def update(q, step, agent):
        q[0, 0] = "left"  # line: Types


class Field(Base):
    def update(q, step, agent):
        q[0, 0] = step.previous  # line: Field


class Near(Base):
    def update(q, step, agent):
        q[0, 0] = agent.alhpa  # line: Near


class Mutual(Base):
    def update(q, step, agent):
        q[0, 0] = ping(1.0)  # line: Mutual


class Context(Base):
    def update(q, step, agent):
        with step as q[0, 0]:
            pass


class Word(Base):
    def act(q, state, u, agent):
        return "left"


class Nothing(Base):
    def act(q, state, u, agent):
        pass


NOT_COMPILED = {
    Lacks: "agent has no nothing; its hyperparameters: alpha",
    LacksInHelper: "agent has no nothing; its hyperparameters: alpha",
    Unknown: "NameError: name 'nowhere' is not defined",
    Types: "No implementation of function Function(<built-in function setitem>) found for "
    "signature: setitem(array(float64, 2d, C), UniTuple(Literal[int](0) x 2), Literal[str](left))",
    Field: "step has no previous; it has state, action, reward, next_state, next_action, "
    "terminated, episode, u",
    Near: "agent has no alhpa; its hyperparameters: alpha; did you mean alpha?",
    Mutual: "ping calls itself: a compiled rule cannot",
    Context: "UnsupportedBytecodeError: The 'with ",
    Word: "act must return an action, a whole number; it returns Literal[str](left)",
    Nothing: "act must return an action, a whole number; it returns none",
}


def place(kind, mark=None):
    """Name a class and its line, found by the mark in this file."""
    word = f"# line: {kind.__name__ if mark is None else mark} "
    lines = HERE.read_text().splitlines()
    marked = [i for i, line in enumerate(lines, 1) if word in f"{line} "]
    return f"{kind.__name__} ({HERE.name}{f', line {marked[0]}' if marked else ''})"


def failure(error, agent, **options):
    """Train in vain; give the one line that is said."""
    settings = {"episodes": 5, "seed": 0, "max_steps": 50, **options}
    with pytest.raises(error) as found:
        fastq.train(MDP, agent, **settings)
    assert "\n" not in str(found.value)
    assert len(str(found.value)) < 500
    return str(found.value)


@pytest.mark.parametrize("kind", NOT_COMPILED, ids=lambda kind: kind.__name__)
def test_what_cannot_be_compiled(kind):
    said = failure(fastq.InputError, kind())
    assert said.startswith(f"{place(kind)} cannot be compiled: {NOT_COMPILED[kind]}")


class Faulty(Base):
    """Has one of several faults, and is compiled once."""

    fault: int = 0

    def update(q, step, agent):
        if agent.fault == 0 and step.episode == 3:
            q[step.state + 100, step.action] = 1.0  # line: 0
        elif agent.fault == 1:
            q[0, 0] = too_far(q, step)
        elif agent.fault == 2:
            q[0, 0] = 1 // (step.episode - 1)  # line: 2
        elif agent.fault == 3:  # NumPy's numbers can be divided by zero
            q[0, 0] = q[1, 1] / q[1, 2]  # line: 3
        elif agent.fault == 4 and step.episode == 2:
            raise ValueError("I do not\n like it")  # line: 4


class Acts(Base):
    """Gives what the hyperparameter says; its line is that of `act`."""

    action: float = 0.0

    def act(q, state, u, agent):  # line: Acts
        return agent.action


FAILS = [
    ("IndexError: index 130 is out of bounds for axis 0 with size 70", 3),
    ("IndexError: index 130 is out of bounds for axis 0 with size 70", 0),
    ("ZeroDivisionError: integer division or modulo by zero", 1),
    ("ZeroDivisionError: division by zero", 0),
    ("ValueError: I do not like it", 2),
]


@pytest.mark.parametrize("fault", range(len(FAILS)))
def test_what_fails_in_a_run(fault):
    agent, (error, episode) = Faulty(fault=fault), FAILS[fault]
    assert failure(fastq.RunError, agent) == (
        f"{place(Faulty, fault)}: {error}; {agent!r}, run 0, episode {episode}, after 1 step"
    )


@pytest.mark.parametrize("action", [-1.0, 4.0, 0.5, math.nan, math.inf, -math.inf, 1e30])
def test_an_action_that_is_none(action):
    with pytest.raises(fastq.RunError) as found:
        fastq.train(MDP, Acts(action=action), episodes=1, seed=0, max_steps=5)
    assert str(found.value) == (
        f"{place(Acts)}: act returned {action}: must be an action from 0 to 3; "
        f"Acts(alpha=0.5, action={action}), run 0, episode 0, after 0 steps"
    )


def test_whole_numbers_are_actions_even_as_floats():
    assert fastq.train(MDP, Acts(action=3.0), episodes=1, seed=0, max_steps=5).q.min() < 0


class Rare(Base):
    """Fails where a run's first uniform is below 0.1, in one episode of many."""

    chance: float = 0.1
    update_draws = True

    def update(q, step, agent):
        if step.u < agent.chance and step.episode == 1:
            q[70, 0] = 1.0  # line: Rare


@pytest.mark.parametrize("streams", ["common", "independent"])
def test_the_first_run_that_fails_is_named(streams):
    agents = [Rare(chance=0.0), fastq.QLearning(), Rare(chance=0.05)]
    options = {"episodes": 3, "seed": 2, "max_steps": 10, "streams": streams}
    with pytest.raises(fastq.RunError) as found:
        fastq.train_batch(MDP, agents, runs=20, **options)
    named = re.search(r"chance=0.05\), run (\d+), episode 1, after (\d+) step", str(found.value))
    assert str(found.value).startswith(f"{place(Rare)}: IndexError: index 70 is out of bounds")
    run = int(named[1])
    for before in range(run):
        fastq.train(MDP, agents[2], run=before, **options)
    with pytest.raises(fastq.RunError) as alone:
        fastq.train(MDP, agents[2], run=run, **options)
    assert str(alone.value) == str(found.value)


def test_a_sweep_keeps_the_other_runs(tmp_path):
    sweep = fastq.Sweep(
        env="fastq/WindyGridworld-v0",
        agent=Rare,
        grid={"chance": [0.0, 0.05]},
        episodes=2,
        runs=20,
        max_steps=10,
    )
    with pytest.raises(fastq.RunError) as found:
        fastq.run(sweep, out=tmp_path / "x", n_jobs=2, progress=False)
    failed = int(re.match(r"(\d+) of 40 runs failed", str(found.value))[1])
    assert 0 < failed < 20
    assert f"the first: {place(Rare)}: IndexError: index 70" in str(found.value)
    kept = fastq.Results(tmp_path / "x", sweep).episodes()
    assert len(kept) == 2 * (40 - failed)
    assert len(kept[kept["chance"] == 0.0]) == 40


@pytest.mark.parametrize("bound", ["_SECONDS", "_LARGEST"])
def test_where_doing_it_again_takes_too_long_what_is_known_is_said(bound, monkeypatch):
    monkeypatch.setattr(failures, bound, 0)
    said = failure(fastq.RunError, Faulty())
    assert said == "Faulty: IndexError: index is out of bounds; Faulty(alpha=0.5, fault=0), run 0"


def test_a_run_is_done_again_to_the_limit_of_the_call_and_without_warnings():
    late = MDP.max_steps + 2

    class Late(Base):
        def update(q, step, agent):
            q[0, 0] = np.sqrt(-1.0) * q[1, 0]
            q[1, 1] += 1.0
            if q[1, 1] == late:
                q[70, 0] = 1.0

        def act(q, state, u, agent):
            return 0

    said = failure(fastq.RunError, Late(), episodes=1, max_steps=MDP.max_steps + 9)
    assert said.endswith(f"run 0, episode 0, after {late} steps")
