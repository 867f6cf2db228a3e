"""Schedules: their values in the kernels, how they are written, and what is refused."""

import numpy as np
import pytest

import fastq
from fastq.agents.reference import scheduled_value
from fastq.agents.schedules import as_schedule

ONE_STEP = fastq.FiniteMDP.from_arrays([[[(1.0, 0, 1.0, True)]] * 4])
"""Each action ends the episode and pays 1: an episode moves its q by alpha * (1 - q).

There are as many as in most worlds of the tests, whose kernels are compiled. A greedy agent that
begins with less than it gets takes the first alone.
"""


def alphas(schedule, episodes):
    """Find the step sizes that the kernel takes, by learning them."""
    return [1 - _last(schedule, n + 1) / _last(schedule, n) for n in range(episodes)]


def _last(schedule, episodes):
    """Give 1 - q after so many episodes, the product of all 1 - alpha."""
    if episodes == 0:
        return 1.0
    agent = fastq.QLearning(alpha=schedule, epsilon=0.0)
    return 1 - fastq.train(ONE_STEP, agent, episodes=episodes, seed=0).q[0, 0]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (fastq.Linear(start=0.5, end=0.1, episodes=4), [0.5, 0.4, 0.3, 0.2, 0.1, 0.1]),
        (fastq.Linear(start=0.1, end=0.3, episodes=2), [0.1, 0.2, 0.3, 0.3]),
        (fastq.Exponential(start=0.8, rate=0.5, end=0.001), [0.8, 0.4, 0.2, 0.1]),
        (fastq.Exponential(start=0.8, rate=0.5, end=0.3), [0.8, 0.4, 0.3, 0.3]),
        (0.25, [0.25, 0.25, 0.25]),
    ],
)
def test_values_by_episode(schedule, expected):
    assert alphas(schedule, len(expected)) == pytest.approx(expected)
    assert [scheduled_value(schedule, e, 1) for e in range(len(expected))] == pytest.approx(
        expected
    )


def test_values_by_visits():
    """With alpha = 1 / n the estimate is the mean of what was seen; after one, it stays."""
    agent = fastq.QLearning(alpha=fastq.Visits(power=1.0), epsilon=0.0, initial_value=-5.0)
    assert fastq.train(ONE_STEP, agent, episodes=10, seed=0).q.tolist() == [[1.0, -5.0, -5.0, -5.0]]
    noisy = fastq.FiniteMDP.from_arrays([[[(0.5, 0, 0.0, True), (0.5, 0, 1.0, True)]] * 4])
    found = fastq.train(noisy, agent, episodes=1000, seed=0)
    assert found.q[0, 0] == pytest.approx(found.returns.mean())
    assert [scheduled_value(fastq.Visits(power=0.5), 0, n) for n in (1, 4, 9)] == pytest.approx(
        [1, 1 / 2, 1 / 3]
    )


def test_epsilon_by_visits_counts_draws_in_the_state():
    """The n-th draw explores with probability 1 / n, and takes another action in 3 of 4 such cases.

    So 3 / 4 of 1 + 1 / 2 + ... + 1 / N, which is ln(N) + 0.58, of N draws are not greedy.
    """
    mdp = fastq.FiniteMDP.from_arrays([[[(1.0, 0, 1.0, True)], *[[(1.0, 0, 0.0, True)]] * 3]])
    agent = fastq.QLearning(epsilon=fastq.Visits(power=1.0))
    runs = fastq.train_batch(mdp, agent, episodes=1000, seed=0, runs=400)
    explored = (runs.returns == 0).sum(axis=1).mean()
    assert explored == pytest.approx(0.75 * (np.log(1000) + 0.58), abs=0.24)  # over two errors


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"kind": "linear", "start": 1.0, "end": 0.1, "episodes": 50}, "linear(1.0, 0.1, 50)"),
        (
            {"kind": "exponential", "start": 1.0, "rate": 0.9, "end": 0.0},
            "exponential(1.0, 0.9, 0.0)",
        ),
        ({"kind": "visits", "power": 0.8}, "1/n^0.8"),
    ],
)
def test_a_table_makes_a_schedule_and_back(table, text):
    schedule = as_schedule(table)
    assert schedule.model_dump() == table
    assert str(schedule) == text
    agent = fastq.QLearning(epsilon=table)
    assert agent.epsilon == schedule
    assert agent.model_dump()["epsilon"] == table


BAD = [
    ({"kind": "cubic"}, "alpha.kind = 'cubic': must be one of linear, exponential, visits"),
    ({}, "alpha.kind = None: must be one of linear, exponential, visits"),
    ({"kind": "visits"}, r"alpha.power is missing: must be a number in \(0, 10\]"),
    ({"kind": "visits", "power": 0.0}, r"alpha.power = 0.0: must be a number in \(0, 10\]"),
    ({"kind": "visits", "power": float("nan")}, "alpha.power = nan: must be a number in"),
    ({"kind": "visits", "power": 1.0, "end": 1.0}, "alpha.end = 1.0: no such field; allowed are"),
    (
        {"kind": "linear", "start": 1.5, "end": 0.1, "episodes": 3},
        r"alpha.start = 1.5: must be a number in \[0, 1\]",
    ),
    (
        {"kind": "linear", "start": 1.0, "end": 0.0, "episodes": 3},
        r"alpha.end = 0: a schedule of step sizes must stay in \(0, 1\]",
    ),
    (
        {"kind": "linear", "start": 0.0, "end": 1.0, "episodes": 3},
        r"alpha.start = 0: a schedule of step sizes must stay in \(0, 1\]",
    ),
    (
        {"kind": "linear", "start": 1.0, "end": 0.1, "episodes": 0},
        "alpha.episodes = 0: must be an integer from 1",
    ),
    (
        {"kind": "exponential", "start": 1.0, "rate": 1.5},
        r"alpha.rate = 1.5: must be a number in \(0, 1\]",
    ),
    (
        {"kind": "exponential", "start": 1.0, "rate": 0.5},
        r"alpha.end = 0: a schedule of step sizes must stay in \(0, 1\]",
    ),
    (float("nan"), r"alpha = nan: must be a number in \(0, 1\], or a schedule"),
    (0.0, r"alpha = 0.0: must be a number in \(0, 1\], or a schedule"),
    ("0.5", r"alpha = '0.5': must be a number in \(0, 1\], or a schedule"),
    (True, r"alpha = True: must be a number in \(0, 1\], or a schedule"),
]


@pytest.mark.parametrize(("alpha", "message"), BAD)
def test_bad_schedules(alpha, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.QLearning(alpha=alpha)
    assert "\n" not in str(caught.value)


def test_epsilon_may_come_to_zero():
    assert fastq.QLearning(epsilon=fastq.Linear(start=1.0, end=0.0, episodes=3)).epsilon.end == 0
    with pytest.raises(fastq.InputError, match=r"epsilon = 1.5: must be a number in \[0, 1\], or"):
        fastq.QLearning(epsilon=1.5)
