"""Runs of a sweep that are trained in memory, and not kept: fresh ones, or the same again.

A run is a pure function of its configuration, seed and number, so it can be had again at any time.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fastq.base.memory import check_memory
from fastq.base.validation import check_arguments
from fastq.results.policy_value import of_policies
from fastq.results.recorded import Recorded
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


def fresh_runs(recorded: Recorded, metric: Metric, count: int | None) -> Callable[[int], Floats]:
    """Train runs that have numbers beyond those of the study.

    Parameters
    ----------
    recorded : Recorded
    metric : Metric
    count : int, optional
        How many; by default as many as the study has.

    Returns
    -------
    callable
        From the index of a configuration to the metric of its fresh runs, shape (count,).

    Raises
    ------
    InputError
        Where they are too many.
    """
    runs = recorded.study.runs
    count = runs if count is None else count
    check_arguments(confirm_runs=count)
    check_arguments(run=runs + count - 1)
    check_memory(f"confirm_runs = {count:,}", 24 * count)
    numbers = np.arange(runs, runs + count)
    return lambda index: metric_of_runs(
        recorded.sweep, recorded.configuration(index), metric, numbers
    )
