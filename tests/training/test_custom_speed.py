"""Custom algorithms in use: short to write, as good as fastq's own, and nearly as quick."""

import functools
import inspect
import re
import runpy
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fastq
from tests.training.test_parity import OwnDoubleQ

EXAMPLE = Path(__file__).parents[2] / "experiments" / "custom_algorithm.py"


class OwnQ(fastq.Algorithm):
    alpha: fastq.StepSize = 0.6
    gamma: fastq.Fraction = 1.0
    epsilon: fastq.Fraction = 0.1

    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, agent.epsilon)

    def update(q, step, agent):
        target = step.reward
        if not step.terminated:
            target += agent.gamma * fastq.rules.greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])


def test_q_learning_takes_at_most_20_lines():
    assert len(inspect.getsource(OwnQ).strip().splitlines()) <= 20


@functools.cache
def batches(epsilon=0.1, episodes=300):
    """Train Q-learning, custom and fastq's, on the Windy Gridworld."""
    mdp, options = fastq.windy_gridworld(), {"episodes": episodes, "seed": 3, "runs": 40}
    return [
        fastq.train_batch(mdp, kind(alpha=0.5, epsilon=epsilon), **options)
        for kind in (OwnQ, fastq.QLearning)
    ]


def test_it_finds_the_optimum():
    """The shortest path has 15 steps."""
    mdp, run = fastq.windy_gridworld(), batches()[0]
    for q in run.q[:5]:
        state, steps = 30, 0
        while state != 37 and steps < 99:
            state, steps = mdp.next_state[state, q[state].argmax(), 0], steps + 1
        assert steps == 15


def test_it_learns_as_fastqs_own_does():
    """It draws its actions otherwise, so the runs differ, but not in their distribution."""
    own, built_in = (batch.returns[:, 200:].mean(axis=1) for batch in batches())
    assert not np.array_equal(own, built_in)
    error = np.sqrt(own.var(ddof=1) / len(own) + built_in.var(ddof=1) / len(built_in))
    assert abs(own.mean() - built_in.mean()) < 4 * error


def test_without_chance_it_is_the_same_to_the_last_bit():
    own, built_in = batches(epsilon=0.0, episodes=30)
    assert own.q.tobytes() == built_in.q.tobytes()
    assert np.array_equal(own.lengths, built_in.lengths)


def test_it_is_at_least_half_as_quick_as_fastqs_own_run_by_run():
    mdp = fastq.windy_gridworld()
    batches()  # compiled
    speeds = {OwnQ: [], fastq.QLearning: []}
    for run in range(40):
        for kind, found in speeds.items():
            start = time.perf_counter()
            training = fastq.train(mdp, kind(alpha=0.5), episodes=1000, seed=0, run=run)
            found.append(training.lengths.sum() / (time.perf_counter() - start))
    own, built_in = map(max, speeds.values())  # whatever slows one down is noise
    assert own > 0.4 * built_in


def test_a_batch_of_both_and_a_sweep_of_both(tmp_path):
    mdp, agents = fastq.windy_gridworld(), [OwnQ(), fastq.QLearning(), OwnQ(alpha=0.2)]
    options = {"episodes": 5, "seed": 1, "max_steps": 60}
    batch = fastq.train_batch(mdp, agents, runs=2, **options)
    for i in range(6):
        single = fastq.train(mdp, agents[i // 2], run=i % 2, **options)
        assert batch.q[i].tobytes() == single.q.tobytes()
        assert np.array_equal(batch.lengths[i], single.lengths)
    grid = {"alpha": [0.6], "epsilon": [0.1]}
    sweep = fastq.Sweep(env=mdp, agent=[OwnQ, "q_learning"], grid=grid, runs=2, **options)
    table = fastq.run(sweep, out=tmp_path / "both", progress=False).episodes()
    assert table["agent"].unique().tolist() == ["own_q", "q_learning"]
    assert table["length"].tolist() == batch.lengths[:4].ravel().tolist()


def test_further_tables_are_cleared_for_each_run():
    mdp, options = fastq.windy_gridworld(), {"episodes": 20, "seed": 1, "max_steps": 60}
    batch = fastq.train_batch(mdp, OwnDoubleQ(), runs=3, **options)
    single = fastq.train(mdp, OwnDoubleQ(), run=2, **options)
    assert batch.q[2].tobytes() == single.q.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("keep", [False, True])
def test_the_example(keep, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["custom_algorithm.py", *["--out", "kept"] * keep])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    report, *table = capsys.readouterr().out.splitlines()
    assert report.startswith("Parity(agent=WeightedDoubleQ(")
    rows = [re.findall(r"\d+\.\d", row)[-3:] for row in table[2:]]
    left = np.array(rows, dtype=float)[:, 0].reshape(3, 3)
    q_learning, double, weighted = left
    assert (q_learning > weighted + 2).all()
    assert (weighted >= double - 0.5).all()
    assert (double > 5).all()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"] * keep
