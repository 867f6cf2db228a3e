"""Which loop trains an agent, and what is said of it."""

import pytest

import fastq
from fastq.training.kernels import lanes
from fastq.training.loops import how_trained

WINDY = fastq.windy_gridworld()


@pytest.mark.parametrize("agent", [fastq.QLearning(ties="random"), fastq.DoubleQLearning()])
def test_most_agents_are_in_lock_step(agent):
    assert how_trained(WINDY, agent, 8) == "in lock-step"


@pytest.mark.parametrize(
    ("agent", "mdp", "runs", "reason"),
    [
        (fastq.DynaQ(), WINDY, 20, "dyna_q has no rule for lock-step"),
        (fastq.QLearning(), WINDY, 7, "there are fewer than 8 runs"),
        (
            fastq.Sarsa(),
            fastq.random_mdp(3, 65, 1, seed=0),
            20,
            "a state has 65 values, more than 64",
        ),
        (
            fastq.DoubleQLearning(),
            fastq.random_mdp(3, 33, 1, seed=0),
            8,
            "a state has 66 values, more th",
        ),
    ],
)
def test_why_an_agent_is_not_in_lock_step(agent, mdp, runs, reason):
    found = how_trained(mdp, agent, runs)
    assert found.startswith(f"one run after another, because: {reason}")


def test_tables_that_are_too_large_together(monkeypatch):
    monkeypatch.setattr(lanes, "MOST_BYTES", 2**14)
    reason = "tables side by side take 0.0 GB, more than 0"
    assert how_trained(WINDY, fastq.QLearning(), 9).endswith(f"because: {reason}")
