"""Where single runs lie: an interval that holds a share of all runs there could be.

Between the r-th and the s-th of n ordered runs lies a share of all runs that is distributed as
Beta(s - r, n - s + r + 1), whatever the runs are like. So the interval holds the share p with
confidence P(Beta > p): the pair of runs is as near to each other as that allows. The trap is to
take the (1 - p) / 2 quantiles of the runs: those hold p in half of all cases.

Source: Wilks (1941), Determination of Sample Sizes for Setting Tolerance Limits, Annals of
Mathematical Statistics 12; Patterson et al. (2024), Empirical Design in Reinforcement Learning.
"""

from typing import Any

import numpy as np
from scipy import special

from fastq.base.errors import InputError
from fastq.statistics.estimators import (
    Estimate,
    around,
    check_inside,
    check_level,
    estimate_of,
    read_samples,
)

_MOST = 10**7


def tolerance_interval(
    samples: Any, level: float = 0.95, *, content: float = 0.9, estimator: str = "median"
) -> Estimate:
    """Estimate over runs, with an interval that holds a share of all runs.

    Parameters
    ----------
    samples : array, shape (runs, ...)
    level : float
        Confidence that so many are held, in (0, 1).
    content : float
        The share of all runs to hold, in (0, 1).
    estimator : str
        Of the middle; see `estimate`.

    Returns
    -------
    Estimate
        Bounds are runs of the samples. Where the estimate lies beyond one, as the mean of few runs
        that are far off, it is the bound.

    Raises
    ------
    InputError
        For an argument that is not allowed, samples that are no finite numbers, or too few runs:
        for 90 % of all runs at 95 % confidence, fewer than 46.

    Notes
    -----
    A 95 % interval from 100 runs held 90 % of all runs 97.7 to 97.8 % of the time, whatever
    they were like: more than it says, since the bounds are runs, and there is none between two of
    them.
    """
    check_level(level)
    check_inside("content", content)
    samples = read_samples(samples)
    runs = len(samples)
    spans = np.arange(1, runs)
    enough = spans[special.betaincc(spans, runs - spans + 1, content) >= level]
    if not len(enough):
        needed = tolerance_runs(level, content)
        raise InputError(
            f"tolerance interval: runs = {runs}: must be at least {needed} to hold "
            f"{content:.4g} of all runs at confidence {level:.4g}"
        )
    low = (runs - 1 - enough[0]) // 2
    ordered = np.sort(samples, axis=0)
    return around(estimate_of(samples, estimator), ordered[low], ordered[low + enough[0]])


def tolerance_runs(level: float = 0.95, content: float = 0.9) -> int:
    """Say how many runs it takes until the least and the greatest hold a share of all runs.

    Parameters
    ----------
    level, content : float
        As for `tolerance_interval`.

    Returns
    -------
    int
        46 for the defaults.

    Raises
    ------
    InputError
        For an argument that is not allowed, or a share that over ten million runs would be for.
    """
    check_level(level)
    check_inside("content", content)
    few, many = 1, 2  # too few, and enough or more
    while special.betaincc(many - 1, 2, content) < level:
        few, many = many, 2 * many
        if many > _MOST:
            raise InputError(f"content = {content}: must be one that {_MOST:,} runs suffice for")
    while many - few > 1:
        middle = (few + many) // 2
        enough = special.betaincc(middle - 1, 2, content) >= level
        few, many = (few, middle) if enough else (middle, many)
    return many
