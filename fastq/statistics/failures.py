"""Estimates from runs of which some may have failed, so that their values are not finite.

A failed run is neither left out, which would flatter the others, nor averaged: where there is one,
the estimate is NaN, and so are its bounds. Values so great that their squares overflow are finite;
they are divided by a power of two, which is exact, and multiplied again.
"""

import numpy as np

from fastq.statistics.estimators import Estimate, Floats
from fastq.statistics.intervals import interval

_GREAT = 1e140


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
    finite = samples if known.all() else np.where(known, samples, 0.0)
    scale = scale_of(finite)
    found = interval(finite / scale, kind, level, estimator=estimator, seed=seed)
    with np.errstate(over="ignore"):
        return Estimate(*(np.where(known, numbers * scale, np.nan) for numbers in found))


def mean_where_finite(values: Floats) -> float:
    """Give the mean of numbers, NaN where one is not finite."""
    if not np.isfinite(values).all():
        return float(np.nan)
    scale = scale_of(values.ravel())
    return float((values / scale).mean() * scale)


def scale_of(samples: Floats) -> Floats:
    """Give powers of two to divide by: 1 but where squares of values, the first axis, overflow."""
    greatest = np.abs(samples).max(axis=0)
    exponent = np.where(greatest < _GREAT, 1, np.frexp(greatest)[1])
    return np.asarray(np.ldexp(1.0, exponent - 1))
