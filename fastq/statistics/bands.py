"""A band that holds the whole curve of means, not each of its points by itself.

Of 500 points, each with a 95 % interval, 25 lie outside. Here all intervals are one factor wider:

    mean +- c * sd / sqrt(runs)

with c such that in 95 % of resamples no point lies outside. Each resample is measured by its own
standard deviations (the bootstrap-t), which follows skewed runs where a fixed one does not.

Sources: Hall (1988), Theoretical Comparison of Bootstrap Confidence Intervals, Annals of Statistics
16; Montiel Olea & Plagborg-Moller (2019), Simultaneous Confidence Bands, Journal of Applied
Econometrics 34.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.validation import check_arguments
from fastq.statistics.estimators import Estimate, Floats, check_level, read_samples, scaled, unknown
from fastq.statistics.resampling import drawn

_LEAST = 0.05
"""Of a resample's variance beside that of the samples: a resample may hold one run alone, again and
again, and one such among few runs would make the band infinite."""


def simultaneous_band(
    samples: Any, level: float = 0.95, *, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """Mean over runs, with a band that holds all means at once.

    Parameters
    ----------
    samples : array, shape (runs, ...)
    level : float
        Confidence, in (0, 1).
    resamples : int
        How many resamples of the runs are drawn.
    seed : int
        Of the resampling; nothing else is random.

    Returns
    -------
    Estimate
        Bounds are NaN where there is one run.

    Raises
    ------
    InputError
        For an argument that is not allowed, or samples that are no finite numbers.

    Notes
    -----
    Of curves of 100 points, a 95 % band held the whole curve of means 99.1, 96.3 and 94.8 % of the
    time with 10, 30 and 100 normal runs, and 79.1, 94.7 and 94.4 % with lognormal ones. Of ten runs
    of which three fail it held 65.8 %: at some points none fails, and nothing tells that one could.
    """
    check_level(level)
    check_arguments(resamples=resamples, seed=seed)
    samples, exponent = scaled(read_samples(samples))
    mean = samples.mean(axis=0)
    runs = len(samples)
    if runs == 1:
        return unknown(np.ldexp(mean, exponent))
    shifts = t_statistics(samples.reshape(runs, -1), drawn(runs, resamples, seed))
    factor = np.quantile(np.abs(shifts).max(axis=1, initial=0.0), level)
    half = factor * samples.std(axis=0, ddof=1) / np.sqrt(runs)
    return Estimate(*(np.ldexp(value, exponent) for value in (mean, mean - half, mean + half)))


def t_statistics(samples: Floats, counts: NDArray[np.int64]) -> Floats:
    """Give the t statistic of each resample's mean about the samples' own.

    Parameters
    ----------
    samples : array, shape (runs, columns)
    counts : array, shape (resamples, runs)

    Returns
    -------
    array, shape (resamples, columns)
        0 where all runs are equal.
    """
    runs = len(samples)
    apart, shares = samples - samples.mean(axis=0), counts / runs
    shift = shares @ apart
    squares = apart**2
    variance = np.maximum(shares @ squares - shift**2, _LEAST * squares.mean(axis=0))
    scale = np.divide(runs - 1, variance, out=np.zeros_like(variance), where=variance > 0)
    return np.asarray(shift * np.sqrt(scale))
