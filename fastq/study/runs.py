"""The runs of a sweep, trained in memory: chunks write them, and readers train them again."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import Agent
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study.record import Learned
from fastq.study.sweep import Sweep
from fastq.training.train import Settings, train_pairs


def settings_of(sweep: Sweep) -> Settings:
    """Give what all runs of a sweep have in common."""
    return Settings(sweep.episodes, sweep.seed, sweep.time_limit, sweep.streams)


def learned(
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    agent_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    settings: Settings,
) -> Learned:
    """Train pairs of an agent and a run; keep what they tell besides their tables."""
    done = train_pairs(mdp, agents, agent_of, run_of, settings, keep_q=False)
    return Learned(done.returns, done.lengths, done.truncated, done.diverged)
