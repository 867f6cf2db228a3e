"""Runs of a sweep that are trained in memory, and not kept: again, or anew.

A run is a pure function of its configuration, seed and number, so it can be had again at any time.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastq.agents import Agent
from fastq.mdp import FiniteMDP
from fastq.metrics import Floats, Metric, failed_as_infinite, of_learning
from fastq.policies import of_policies
from fastq.records import Learned
from fastq.sweep import Configuration, Sweep
from fastq.training import Settings, train_pairs

_ROWS = 2**20
"""Bound on the episodes that are held at a time."""


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


def metric_of_runs(
    sweep: Sweep, configuration: Configuration, metric: Metric, runs: NDArray[np.int64]
) -> Floats:
    """Train runs of a configuration, and give a metric of each.

    Parameters
    ----------
    sweep : Sweep
    configuration : Configuration
        One of the sweep's.
    metric : Metric
    runs : array, shape (N,)

    Returns
    -------
    array, shape (N,)
        Infinite where it is not finite.

    Raises
    ------
    InputError
        Where the metric asks for what the sweep's runs have not.
    """
    settings, agent = settings_of(sweep), configuration.agent
    if metric.of_policies:
        return of_policies(metric, sweep.mdp, agent, runs, settings, np.array([sweep.episodes]))[
            :, 0
        ]
    values, size = [], max(1, _ROWS // sweep.episodes)
    for start in range(0, len(runs), size):
        some = runs[start : start + size]
        found = learned(sweep.mdp, [agent], np.zeros_like(some), some, settings)
        values.append(of_learning(metric, found.returns, found.lengths))
    return failed_as_infinite(np.concatenate(values))
