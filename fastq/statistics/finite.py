"""Estimates from runs of which some may have failed, so that their values are not finite.

A failed run is neither left out, which would flatter the others, nor averaged: where there is one,
the estimate is NaN, and so are its bounds. Values so great that their squares overflow are finite:
they are scaled by a power of two, which is exact, and scaled back.
"""

import numpy as np

from fastq.statistics.estimators import Estimate, Floats, scaled
from fastq.statistics.intervals import interval


def interval_where_finite(
    samples: Floats,
    kind: str = "t",
    level: float = 0.95,
    *,
    estimator: str = "mean",
    seed: int = 0,
) -> Estimate:
    """Estimate over runs as `interval` does, NaN where the value of a run is not finite.

    Parameters
    ----------
    samples : array, shape (runs, ...)
    kind, level, estimator, seed
        As for `interval`.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        As `interval` does.
    """
    known = np.isfinite(samples).all(axis=0)
    finite, exponent = scaled(samples if known.all() else np.where(known, samples, 0.0))
    found = interval(finite, kind, level, estimator=estimator, seed=seed)
    with np.errstate(over="ignore"):
        return Estimate(*(np.where(known, np.ldexp(values, exponent), np.nan) for values in found))


def mean_where_finite(values: Floats) -> float:
    """Give the mean of numbers, NaN where one is not finite."""
    if not np.isfinite(values).all():
        return float(np.nan)
    finite, exponent = scaled(values.ravel())
    return float(np.ldexp(finite.mean(), exponent))
