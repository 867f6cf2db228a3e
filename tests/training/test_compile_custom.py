"""A custom algorithm's kernel: it says which run it was working on when a rule failed."""

import numpy as np
import pytest

import fastq
from fastq.training import failures
from fastq.training.train import Settings, train_pairs


class Fails(fastq.Algorithm):
    """It writes outside its table in the second episode, if it is told to."""

    fails: int = 0

    def act(q, state, u, agent):
        return 0

    def update(q, step, agent):
        q[step.state + 1000 * int(agent.fails * step.episode), 0] = 1.0


AGENTS = [fastq.QLearning(), Fails(), Fails(fails=1)]
SETTINGS = Settings(episodes=3, seed=0, max_steps=4, streams="common")


@pytest.mark.parametrize(("agent_of", "failing"), [([0, 1, 0, 1, 2, 2, 1], 4), ([2, 1], 0)])
def test_the_pair_that_was_being_trained_is_named(agent_of, failing):
    """By its index among all pairs of the call, also where other classes are trained too."""
    runs = np.arange(len(agent_of))
    with pytest.raises(failures.RuleError) as found:
        train_pairs(fastq.windy_gridworld(), AGENTS, agent_of, runs, SETTINGS)
    assert found.value.pair == failing
    assert found.value.reason == "IndexError: index is out of bounds"


def test_pairs_that_do_not_fail_are_trained():
    batch = train_pairs(fastq.windy_gridworld(), AGENTS, [0, 1, 1], [0, 1, 2], SETTINGS)
    assert batch.lengths.tolist() == [[4] * 3] * 3
