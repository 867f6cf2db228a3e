"""What an algorithm's module declares is found, is true, and stands in the documentation."""

import inspect
import pkgutil
import re
from pathlib import Path

import numba
import numpy as np
import pytest

import fastq
from fastq.agents.reference import EpisodeStats, Policy, make_q_table
from fastq.agents.registry import AGENTS
from fastq.agents.td_control import TDAgent
from fastq.base.captured import plain_function
from fastq.base.jit import inlined
from fastq.training import kernels, train
from fastq.training.kernels import build, custom, lockstep, loop, q_learning
from fastq.training.kernels.facts import Draws, KernelFacts
from fastq.training.kernels.policy import renew_greedy
from fastq.training.kernels.scalars import first_greedy
from fastq.training.kernels.scratch import clear as clear_tables

ROOT = Path(fastq.__file__).parents[1]
WORLD = fastq.windy_gridworld()
FLAGS = {"ON_POLICY", "STOCHASTIC", "GENERAL", "CAREFUL", "LARGE"}
PLAIN = build.KernelVariant(False, stochastic=False, general=False)


def test_every_agent_has_a_kernel_and_a_reference_of_its_name():
    modules = {module.name for module in pkgutil.iter_modules(kernels.__path__)}
    assert {name: facts.agent for name, facts in build.built_in().items()} == AGENTS
    for name in AGENTS:
        assert name in modules
        assert callable(getattr(fastq.reference, name))


class Custom(fastq.Algorithm):
    """It takes a uniform for each update, and the next action."""

    on_policy = True
    update_draws = True

    def act(q, state, u, agent):
        return int(u * q.shape[1])

    def update(q, step, agent):
        q[step.state, step.action] += step.u


@pytest.fixture
def drawn(monkeypatch):
    """Count the uniforms that a call draws for actions and updates."""
    found, stream_states = [], train._stream_states

    def noted(*arguments):
        states = stream_states(*arguments)
        found.append((states[0], states[0][:, 3].copy()))
        return states

    monkeypatch.setattr(train, "_stream_states", noted)

    def count():
        ((states, before),) = found
        return int((states[:, 3] - before).sum())  # SFC64 counts its draws in its last word

    return count


@pytest.mark.parametrize("ties", ["first", "random"])
@pytest.mark.parametrize("kind", AGENTS.values(), ids=AGENTS)
def test_an_update_draws_as_many_uniforms_as_declared(kind, ties, drawn):
    agent, draws = kind(ties=ties), build.facts_of(kind).draws
    run = fastq.train(WORLD, agent, episodes=40, seed=1, max_steps=60)
    assert 0 < run.truncated.sum() < 40
    each = draws.update + draws.planning_step * getattr(agent, "planning_steps", 0)
    tied = draws.random_ties * (run.lengths.sum() - (~run.truncated).sum())
    assert drawn() == for_actions(run, kind) + each * run.lengths.sum() + tied * (ties == "random")


def test_a_custom_algorithm_draws_as_many_uniforms_as_declared(drawn):
    facts = build.facts_of(Custom)
    assert (facts.on_policy, facts.draws, facts.rows) == (True, Draws(update=1), False)
    run = fastq.train(WORLD, Custom(), episodes=20, seed=1, max_steps=60)
    assert drawn() == for_actions(run, Custom) + run.lengths.sum()


def for_actions(run, kind):
    """Count the uniforms for actions: on-policy, a truncated episode has drawn one in vain."""
    in_vain = run.truncated.sum() if build.facts_of(kind).on_policy else 0
    return run.lengths.sum() + in_vain


def reached(template):
    """List the global names that a template and all functions that it calls look up."""
    found, waiting, seen = set(), [template], set()
    while waiting:
        plain = plain_function(waiting.pop())
        if plain in seen:
            continue
        seen.add(plain)
        names = [name for name in plain.__code__.co_names if name in plain.__globals__]
        found.update(names)
        values = [plain.__globals__[name] for name in names]
        waiting += [value for value in values if hasattr(value, "py_func")]
    return found


@pytest.mark.parametrize("template", [loop.learn_batch, lockstep.learn_lanes])
def test_a_template_uses_its_binding_points_and_declares_each_flag(template):
    points = set(inspect.getmodule(template).POINTS)
    rules = [rule for facts in build.built_in().values() for rule in facts.names.values()]
    assert points <= reached(template).union(*map(reached, rules))
    assert reached(template) & FLAGS <= points


def test_custom_rules_have_binding_points_that_are_used():
    used = reached(custom.act) | reached(custom.update)
    assert set(custom.POINTS) <= used


@pytest.mark.parametrize("names", ["names", "lane_names"])
def test_a_misspelt_name_of_a_rule_is_an_error(names, monkeypatch):
    """Else Q-learning's rule, which stands in the template, would run in its place."""
    right = build.facts_of(fastq.Sarsa)
    wrong = right._replace(**{names: {"updte": q_learning.ahead, "ahed": 1}})
    monkeypatch.setattr(build, "facts_of", lambda _: wrong)
    variant = PLAIN._replace(in_lanes=names == "lane_names")
    told = {
        "names": r"updte: learn_batch lets only act, update, .* be bound; did you mean update\?",
        "lane_names": r"updte: learn_lanes lets only ahead, greatest, .* be bound",
    }
    with pytest.raises(fastq.InputError, match=told[names]):
        build._kernel_of.__wrapped__(fastq.Sarsa, variant, None)
    monkeypatch.setattr(build, "facts_of", lambda _: right)
    assert build._kernel_of.__wrapped__(fastq.Sarsa, variant, None)


@pytest.mark.parametrize("template", [loop.learn_batch, lockstep.learn_lanes])
def test_both_templates_take_the_same_arguments(template):
    names = [*inspect.signature(template).parameters]
    scratch = names[7]
    assert scratch in ("work", "lanes")
    assert tuple(names) == tuple(
        scratch if name == "scratch" else name for name in build.KernelArguments._fields
    )


def row_of(name, facts):
    """Write the facts of an algorithm as a row of the table in docs/kernels.md."""
    draws = [f"{facts.draws.update}"] if facts.draws.update else []
    if facts.draws.random_ties:
        draws.append(f"{facts.draws.random_ties} more with random ties")
    if facts.draws.planning_step:
        draws.append(f"{facts.draws.planning_step} for each planning step")
    lanes = "yes" if facts.in_lanes else "no"
    return (
        f"| `{name}` | {'yes' if facts.on_policy else 'no'} | {facts.further_tables} "
        f"| {', '.join(draws) or '0'} | {'yes' if facts.memory else 'no'} | {lanes} |"
    )


def test_the_table_of_the_documentation_says_what_the_modules_declare():
    page = (ROOT / "docs" / "kernels.md").read_text()
    rows = [row_of(name, build.facts_of(agent)) for name, agent in AGENTS.items()]
    assert re.findall(r"^\| `\w+` \|.*$", page, flags=re.M) == rows
    wrong = build.facts_of(fastq.Sarsa)._replace(on_policy=False)
    assert row_of("sarsa", wrong) not in rows


class Damped(TDAgent):
    """Q-learning whose step size falls with the updates of a run, as ``alpha / (1 + damping * n)``.

    An agent that fastq has not: all that is needed to add one stands below.
    """

    name = "damped"
    version = 1

    damping: fastq.Fraction = 0.1


@inlined
def update(q, step, agent, world, work, stream):
    best = first_greedy(q, step.next_state, world.actions)[1]
    target = step.reward if step.terminated else step.reward + agent.gamma * best
    pair = step.state + step.action
    q[pair] += agent.alpha / (1.0 + agent.damping * work.memory[0]) * (target - q[pair])
    work.memory[0] += 1.0
    renew_greedy(q, step.state, step.action, world, work)


@inlined
def clear(work, initial_value):
    clear_tables(work, initial_value)
    work.memory[0] = 0.0


def reference_of_damped(env, episodes, gamma, *, rng, alpha, epsilon, damping, **_):
    """Learn as `Damped` does, in plain Python."""
    table, stats = make_q_table(env, 0.0), EpisodeStats.of_none(episodes)
    policy, count = Policy(epsilon, "first", None), 0.0
    for episode in range(episodes):
        state, done = env.reset()[0], False
        while not done:
            action = policy.draw(state, table[state], episode, rng)
            seen, reward, terminated, truncated, _ = env.step(action)
            stats.record(episode, float(reward), terminated)
            target = float(reward) if terminated else reward + gamma * table[seen].max()
            size = alpha / (1.0 + damping * count)
            table[state][action] += size * (target - table[state][action])
            state, done, count = seen, terminated or truncated, count + 1.0
    return table, stats


@pytest.mark.slow
def test_an_agent_is_added_by_its_class_its_kernel_and_its_reference(monkeypatch, tmp_path):
    """No other module knows it. A run begins with a clear memory, also in a batch."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))  # it is no file of the package
    names = {"update": update, "clear": clear}
    facts = KernelFacts(Damped, names, memory=lambda _: np.empty(1))
    monkeypatch.setattr(build, "built_in", lambda: {"damped": facts})
    monkeypatch.setattr(fastq.reference, "damped", reference_of_damped, raising=False)
    agents = [Damped(damping=0.0), Damped()]
    for agent in agents:
        assert fastq.check_parity(agent, WORLD, episodes=20, max_steps=60)
    batch = fastq.train_batch(WORLD, agents, episodes=20, seed=0, runs=20, max_steps=60)
    for i in (0, 1, 19, 21):
        alone = fastq.train(WORLD, agents[i // 20], episodes=20, seed=0, run=i % 20, max_steps=60)
        assert batch.q[i].tobytes() == alone.q.tobytes()
    assert batch.q[0].tobytes() != batch.q[20].tobytes()
