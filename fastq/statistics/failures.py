"""What so many runs can say of rare failures.

A failure that comes in a share p of all runs shows in none of n with probability (1 - p)**n. So n
runs show it with confidence `level` from

    p = 1 - (1 - level)**(1 / n)

on: about 3 / n at 95 %, the rule of three. Of failures that are rarer, they may say nothing.

Those that show make samples skewed. Student's t interval takes the mean to be normal, which needs
more runs the greater the skewness g: by Cochran's rule, more than 25 * g**2.

Sources: Hanley & Lippman-Hand (1983), If nothing goes wrong, is everything all right?, Journal of
the American Medical Association 249. Cochran (1977), Sampling Techniques, section 2.15.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.validation import check_arguments
from fastq.statistics.estimators import Floats, check_level, read_numbers, read_samples

_ROUNDING = 1e-12
"""Runs that differ by less, relatively, are equal."""
_COCHRAN = 25
_NORMAL = 2.5
"""Standard errors of the skewness that normal samples seldom reach."""


def visible_rate(runs: int, level: float = 0.95) -> float:
    """Say which failures so many runs show: the least share of runs that they come in.

    Parameters
    ----------
    runs : int
        At least 1.
    level : float
        Confidence, in (0, 1), that at least one of the runs fails.

    Returns
    -------
    float
        A share of all runs, in (0, 1): 0.0487 for 60 runs, 0.0950 for 30, 0.259 for 10.

    Raises
    ------
    InputError
        For an argument that is not allowed.

    Notes
    -----
    Source: Hanley & Lippman-Hand (1983).
    """
    check_level(level)
    check_arguments(runs=runs)
    return float(1 - (1 - level) ** (1 / runs))


def doubtful(samples: Any) -> NDArray[np.bool_]:
    """Say where a few runs far from the others make an interval of the mean doubtful.

    That is where there are fewer than 25 times the squared skewness of the samples in runs, and
    the skewness is beyond 2.5 of the standard errors that it has in normal samples. An interval
    then covers less often than it says, at times far less.

    Parameters
    ----------
    samples : array, shape (runs, ...)

    Returns
    -------
    array of bool, shape ``samples.shape[1:]``
        False where there are fewer than three runs, which say nothing of this, and where a run is
        not finite, for then there is no interval. False too where
        failures are so rare that none shows: see `visible_rate`.

    Raises
    ------
    InputError
        For samples that are no numbers.

    Notes
    -----
    Source: Cochran (1977). Of normal samples of 10, 30 and 100 runs, 1.7, 1.1 and 0.0 % are called
    doubtful; where a failure in 5 % of runs shows at all, nearly all of them.
    """
    samples = read_numbers(samples)
    known = np.isfinite(samples).all(axis=0)  # elsewhere there is no interval to doubt
    samples = read_samples(np.where(known, samples, 0.0))
    runs = len(samples)
    if runs < 3:
        return np.zeros(samples.shape[1:], dtype=np.bool_)
    expected = np.sqrt(6 * (runs - 2) / ((runs + 1) * (runs + 3)))
    limit = max(np.sqrt(runs / _COCHRAN), _NORMAL * expected)
    return np.asarray(np.abs(_skewness(samples)) > limit)


def describe_doubt(count: int, total: int) -> str:
    """Say in one line that so many of the intervals are `doubtful`."""
    return (
        f"{count} of {total} intervals {'is' if count == 1 else 'are'} doubtful, and may be far "
        "too narrow: a few runs are far from the others"
    )


def describe_unseen(runs: int, level: float) -> str:
    """Say in one line which failures so many runs may not show, as `visible_rate` does."""
    rate = visible_rate(runs, level)
    return f"failures in less than {100 * rate:.2g} % of runs may show in none of {runs:,}"


def _skewness(samples: Floats) -> Floats:
    """Give the third moment about the mean over the 1.5th power of the second; 0 for equal runs."""
    apart = samples - samples.mean(axis=0)
    size = np.abs(apart).max(axis=0)
    equal = size <= _ROUNDING * np.abs(samples).max(axis=0)
    apart = apart / np.where(equal, 1.0, size)
    second = np.where(equal, 1.0, (apart**2).mean(axis=0))
    return np.asarray(np.where(equal, 0.0, (apart**3).mean(axis=0) / second**1.5))
