"""Runs of a sweep that are trained in memory, and not kept: again, or anew.

A run is a pure function of its configuration, seed and number, so it can be had again at any time.
"""

import numpy as np
from numpy.typing import NDArray

from fastq.results.policy_value import of_policies
from fastq.study.metrics import Floats, Metric, failed_as_infinite, of_learning
from fastq.study.runs import learned, settings_of
from fastq.study.sweep import Configuration, Sweep

_ROWS = 2**20
"""Bound on the episodes that are held at a time."""


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
