"""`train` and `train_batch`: batches equal single runs, and bad arguments are refused."""

import sys
from dataclasses import fields

import gymnasium
import numpy as np
import pytest

import fastq
from fastq.training.train import key_words
from tests.support.parity import assert_same

AGENTS = [fastq.QLearning(alpha=alpha, epsilon=0.1) for alpha in (0.2, 0.9)]


def one_of(batch, index):
    """Take a run out of a batch."""
    return fastq.Training(*(getattr(batch, field.name)[index] for field in fields(batch)))


@pytest.mark.parametrize("stochastic_wind", [False, True])
@pytest.mark.parametrize("streams", ["common", "independent"])
def test_a_batch_equals_single_runs(stochastic_wind, streams):
    mdp = fastq.windy_gridworld(stochastic_wind=stochastic_wind)
    options = {"episodes": 12, "seed": 4, "max_steps": 100, "streams": streams}
    batch = fastq.train_batch(mdp, AGENTS, runs=3, **options)
    assert batch.q.shape == (6, 70, 4)
    assert batch.returns.shape == batch.lengths.shape == batch.truncated.shape == (6, 12)
    for i in range(6):
        single = fastq.train(mdp, AGENTS[i // 3], run=i % 3, **options)
        assert_same(single, one_of(batch, i))


class Own(fastq.Algorithm):
    """Q-learning that always explores, to stand among the others."""

    alpha: fastq.StepSize = 0.3

    def act(q, state, u, agent):
        return int(u * q.shape[1])

    def update(q, step, agent):
        best = 0.0 if step.terminated else fastq.rules.greatest(q, step.next_state)
        pair = step.state, step.action
        q[pair] += agent.alpha * (step.reward + best - q[pair])


def test_a_batch_of_several_classes_equals_single_runs():
    mdp = fastq.windy_gridworld(stochastic_wind=True)
    agents = [
        fastq.Sarsa(),
        Own(),
        fastq.QLearning(alpha=fastq.Visits(power=0.6)),
        fastq.Sarsa(alpha=0.2),
        fastq.DoubleQLearning(temperature=2.0),
        Own(alpha=0.9),
        fastq.DynaQ(),
    ]
    options = {"episodes": 6, "seed": 9, "max_steps": 60}
    batch = fastq.train_batch(mdp, agents, runs=2, **options)
    for i in range(14):
        assert_same(fastq.train(mdp, agents[i // 2], run=i % 2, **options), one_of(batch, i))


def test_diverging_runs_are_marked_and_the_others_go_on():
    """From the greatest float, a reward leads beyond it; from 0 it does not."""
    outcome = (1.0, 0, 2.0**1000, False)
    mdp = fastq.FiniteMDP.from_arrays([[[outcome]] * 4], max_steps=2)
    agents = [fastq.QLearning(alpha=1.0, initial_value=value) for value in (sys.float_info.max, 0)]
    found = fastq.train_batch(mdp, agents, episodes=3, seed=0, runs=2)
    assert found.diverged.tolist() == [True, True, False, False]
    assert (~np.isfinite(found.q[:2])).any(axis=(1, 2)).all()
    assert np.isfinite(found.q[2:]).all()
    assert (found.lengths == 2).all()


def test_one_agent_needs_no_list():
    mdp = fastq.windy_gridworld()
    one = fastq.train_batch(mdp, AGENTS[0], episodes=5, seed=0, runs=2)
    assert_same(one, fastq.train_batch(mdp, AGENTS[:1], episodes=5, seed=0, runs=2))


def test_common_streams_are_those_of_the_run_alone():
    """With epsilon 1 every action is random, so the agents take the same first path."""
    mdp = fastq.windy_gridworld()
    agents = [fastq.QLearning(alpha=alpha, epsilon=1.0) for alpha in (0.1, 0.9)]
    common = fastq.train_batch(mdp, agents, episodes=3, seed=0, runs=1)
    apart = fastq.train_batch(mdp, agents, episodes=3, seed=0, runs=1, streams="independent")
    assert common.lengths[0].tolist() == common.lengths[1].tolist()
    assert apart.lengths[0].tolist() != apart.lengths[1].tolist()


def test_independent_streams_can_be_replayed_with_numpy():
    mdp = fastq.windy_gridworld()
    agent = fastq.QLearning(epsilon=1.0)
    options = {"episodes": 1, "max_steps": 10**6, "streams": "independent"}
    found = fastq.train(mdp, agent, seed=6, run=2, **options)
    rng = fastq.streams.generator(6, 2, key=key_words(agent.key(mdp.fingerprint)))
    state, steps = 30, 0
    while state != 37:
        state = mdp.next_state[state, rng.choice(4, p=[0.25] * 4), 0]
        steps += 1
    assert found.lengths.tolist() == [steps]


def test_truncation_is_not_termination():
    mdp = fastq.windy_gridworld()
    found = fastq.train(mdp, AGENTS[0], episodes=300, seed=0, max_steps=40)
    assert found.truncated.any()
    assert not found.truncated.all()
    assert (found.lengths[found.truncated] == 40).all()
    assert (found.lengths <= 40).all()


def test_the_time_limit_is_the_environments_own():
    mdp = fastq.FiniteMDP.from_gymnasium("FrozenLake-v1", max_episode_steps=7)
    found = fastq.train(mdp, AGENTS[0], episodes=200, seed=0)
    assert found.lengths.max() == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"episodes": 0}, "episodes = 0: must be an integer from 1 to"),
        ({"episodes": 2.5}, "episodes = 2.5: must be an integer"),
        ({"runs": 0}, "runs = 0: must be an integer from 1 to"),
        ({"seed": -1}, "seed = -1: must be an integer from 0 to"),
        ({"max_steps": 0}, "max_steps = 0: must be an integer from 1 to"),
        ({"streams": "odd"}, "streams = 'odd': must be one of common, independent"),
        ({"agents": []}, r"agents = \[\]: must be at least one agent"),
        ({"agents": ["q_learning"]}, "agents = 'q_learning': must be QLearning, Sarsa"),
    ],
)
def test_bad_arguments(changes, message):
    good = {"agents": AGENTS, "episodes": 2, "seed": 0, "runs": 1}
    with pytest.raises(fastq.InputError, match=message):
        fastq.train_batch(fastq.windy_gridworld(), **{**good, **changes})


def test_a_bad_run():
    with pytest.raises(fastq.InputError, match="run = -1: must be an integer from 0 to"):
        fastq.train(fastq.windy_gridworld(), AGENTS[0], episodes=1, seed=0, run=-1)


def test_an_id_and_an_environment_are_read(tmp_path):
    mdp = fastq.FiniteMDP.from_gymnasium("CliffWalking-v1")
    agent, options = fastq.QLearning(alpha=0.5), {"episodes": 2, "seed": 1, "max_steps": 50}
    expected = fastq.train(mdp, agent, **options)
    mdp.save(tmp_path / "cliff.npz")
    for env in ("CliffWalking-v1", gymnasium.make("CliffWalking-v1"), str(tmp_path / "cliff.npz")):
        np.testing.assert_array_equal(fastq.train(env, agent, **options).q, expected.q)
    batch = fastq.train_batch("CliffWalking-v1", agent, runs=2, **options)
    np.testing.assert_array_equal(batch.q[0], expected.q)
    found = fastq.check_parity(agent, "CliffWalking-v1", episodes=2, runs=1, max_steps=50)
    assert found.environment == "CliffWalking-v1"


AGENT, FEW, WINDY = fastq.QLearning(), {"episodes": 1, "seed": 0}, fastq.windy_gridworld()
MISTAKES = [
    (lambda: fastq.train("FrozenLak-v1", AGENT, **FEW), "mdp = 'FrozenLak-v1': .*FrozenLake"),
    (lambda: fastq.train(None, AGENT, **FEW), "mdp = None: must be a FiniteMDP, a gymnasium id"),
    (lambda: fastq.train(AGENT, WINDY, **FEW), r"mdp = QLearning\(.*: must be a FiniteMDP"),
    (lambda: fastq.check_parity(WINDY, AGENT), r"mdp = QLearning\(.*: must be a FiniteMDP"),
    (lambda: fastq.train("nowhere.npz", AGENT, **FEW), "mdp = 'nowhere.npz': no such file"),
    (lambda: fastq.train(WINDY, fastq.QLearning, **FEW), r"agent = QLearning: .* QLearning\(\)"),
    (
        lambda: fastq.train(WINDY, "sarsa", **FEW),
        "agent = 'sarsa': must be QLearning, Sarsa, .*rithm$",
    ),
    (lambda: fastq.train(WINDY, [AGENT], **FEW), r"agent = \[QLearning\(.*: must be QLearning"),
    (lambda: fastq.train_batch(WINDY, None, runs=1, **FEW), "agents = None: must be QLearning"),
    (
        lambda: fastq.train_batch(WINDY, ["sarsa"], runs=1, **FEW),
        "agents = 'sarsa': .* or a list of",
    ),
    (
        lambda: fastq.train_batch(WINDY, AGENT, runs=-1, **FEW),
        "runs = -1: must be an integer from 1",
    ),
    (
        lambda: fastq.train(WINDY, AGENT, episodes=[3], seed=0),
        r"episodes = \[3\]: must be an integer",
    ),
    (lambda: fastq.QLearning(0.5), r"QLearning\(0.5\): must name its fields, as QLearning\(alpha="),
    (lambda: fastq.QLearning(alhpa=0.5), "alhpa = 0.5: no such field; .*; did you mean alpha?"),
    (
        lambda: fastq.run({"env": "x"}, "out"),
        r"sweep = {'env': 'x'}: must be a Sweep; Sweep.from_toml",
    ),
    (lambda: fastq.run("sweep.toml", "out"), "sweep = 'sweep.toml': must be a Sweep"),
    (lambda: fastq.race("sweep.toml", "out"), "sweep = 'sweep.toml': must be a Sweep"),
    (lambda: fastq.Results(None), "None: must be the name of a directory, or a URL"),
    (
        lambda: fastq.train_batch(WINDY, AGENT, episodes=2**31 - 1, seed=0, runs=10**6),
        r"1,000,000 runs of 2,147,483,647 episodes, with .* takes [\d,]+ GB of memory; must be at",
    ),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_plausible_mistakes_are_told_in_one_line(call, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


class FailsAboveABound(fastq.Algorithm):
    """It chooses no action where the uniform is above a bound."""

    alpha: float = 0.5
    bound: float = 1.0

    def act(q, state, u, agent):
        return 7 if u > agent.bound else 0

    def update(q, step, agent):
        q[step.state, step.action] += agent.alpha * step.reward


def test_a_batch_names_the_run_that_fails():
    """Not the first run of the call, and not its index among all pairs, but its own number."""
    firsts = [fastq.streams.generator(3, run, fastq.streams.ACTIONS).random() for run in range(40)]
    above = next(run for run in range(1, 40) if firsts[run] > max(firsts[:run]))
    bound = max(firsts[:above])
    agents = [FailsAboveABound(), FailsAboveABound(bound=bound)]
    walk = fastq.random_walk()
    with pytest.raises(fastq.RunError, match=rf"bound={bound}.*run {above},"):
        fastq.train_batch(walk, agents, episodes=1, seed=3, runs=above + 1, max_steps=1)


def test_the_words_of_independent_streams():
    """A key's low half comes first, as NumPy's SeedSequence splits a large integer."""
    assert key_words("0123456789abcdef") == (0x89ABCDEF, 0x01234567)
    as_one = np.random.SeedSequence(3, spawn_key=(0x0123456789ABCDEF, 5, 0))
    apart = np.random.SeedSequence(3, spawn_key=(*key_words("0123456789abcdef"), 5, 0))
    assert np.array_equal(as_one.generate_state(4), apart.generate_state(4))


def test_a_call_leaves_nothing_behind_for_the_next_one():
    """What is laid out of an agent is used again: also of one whose values change."""
    mdp = fastq.windy_gridworld()
    falling = fastq.Linear(start=0.9, end=0.1, episodes=5)
    for agent in (fastq.QLearning(), fastq.QLearning(alpha=falling, epsilon=falling)):
        first, again = (fastq.train(mdp, agent, episodes=6, seed=3) for _ in range(2))
        batch = fastq.train_batch(mdp, [agent, agent], episodes=6, seed=3, runs=1)
        np.testing.assert_array_equal(first.q, again.q)
        np.testing.assert_array_equal(batch.q, np.stack([first.q, first.q]))
