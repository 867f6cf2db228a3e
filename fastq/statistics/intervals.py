"""Intervals for what is estimated from runs, each entry of a sample by itself.

Student's t knows the mean alone; the bootstraps serve any estimator. An interval always holds its
estimate: one that does not of itself is widened until it does. None of them sees failures that have
not shown: see `failures`, and `anytime` for intervals that hold for them too. For a curve that is
to lie within its band everywhere at once, see `simultaneous_band`; for where single runs lie,
`tolerance_interval`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from fastq.base.errors import InputError
from fastq.base.validation import check_arguments, choose
from fastq.statistics.bands import simultaneous_band
from fastq.statistics.estimators import (
    Estimate,
    Floats,
    around,
    check_level,
    estimate_of,
    read_samples,
    scaled,
    unknown,
)
from fastq.statistics.resampling import drawn, left_out, resampled
from fastq.statistics.tolerance import tolerance_interval


def t_interval(samples: Any, level: float = 0.95) -> Estimate:
    """Mean over runs, with Student's t interval.

    Parameters
    ----------
    samples : array, shape (runs, ...)
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    Estimate
        Bounds are NaN where there is one run: it says nothing of the spread.

    Raises
    ------
    InputError
        For a level outside (0, 1), or samples that are no finite numbers.

    Notes
    -----
    Source: Student (1908). Exact for normal samples; close for others, as runs grow in number: of
    10, 30 and 100 lognormal runs, a 95 % interval covered the mean 84.0, 87.6 and 91.5 % of the
    time; of normal ones that in 5 % of runs fail, at a cost of 20 standard deviations, 52.0, 78.3
    and 91.5 %; in 2 % of runs, 83.6, 69.7 and 86.5 %. So it does not hold for failures that are
    too rare for the runs: see `visible_rate` for which these are, and `doubtful`.
    """
    samples, exponent = scaled(read_samples(samples))
    mean = samples.mean(axis=0)
    deviation = samples.std(axis=0, ddof=1) if len(samples) > 1 else mean
    found = t_interval_of(len(samples), mean, deviation, level)
    return Estimate(*(np.ldexp(value, exponent) for value in found))


def t_interval_of(runs: int, mean: Floats, deviation: Floats, level: float = 0.95) -> Estimate:
    """Mean over runs, with Student's t interval, from what is known of the samples.

    Parameters
    ----------
    runs : int
        How many samples there were.
    mean, deviation : arrays of the same shape
        Their means, and standard deviations (with ``ddof=1``).
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    Estimate
        Bounds are NaN where there is one run.

    Raises
    ------
    InputError
        For a level outside (0, 1).
    """
    check_level(level)
    if runs == 1:
        return unknown(mean)
    half = special.stdtrit(runs - 1, (1 + level) / 2) * (deviation / np.sqrt(runs))
    return Estimate(mean, mean - half, mean + half)


def bootstrap_interval(
    samples: Any,
    level: float = 0.95,
    *,
    estimator: str = "mean",
    resamples: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Estimate over runs, with the percentile bootstrap interval.

    All entries of a sample share the resampled runs, so that a band keeps a run's episodes
    together.

    Parameters
    ----------
    samples : array, shape (runs, ...)
    level : float
        Confidence, in (0, 1).
    estimator : str
        As for `estimate`.
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
    Source: Efron & Tibshirani (1993), chapter 13; equals `scipy.stats.bootstrap` with the same
    resamples, but where that does not hold the estimate: it is then widened to it. Too narrow for
    few runs: of 10, 30 and 100 normal ones, a 95 % interval covered the mean 90.3, 93.3 and 94.3 %
    of the time; of lognormal ones, 80.5, 86.8 and 91.6 %.
    """
    return _bootstrap(samples, level, estimator, resamples, seed, _plain_tails)


def bca_interval(
    samples: Any,
    level: float = 0.95,
    *,
    estimator: str = "mean",
    resamples: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Estimate over runs, with the bias-corrected and accelerated bootstrap interval.

    It follows skewed samples better than `bootstrap_interval` does, and needs as many runs.

    Parameters
    ----------
    samples, level, estimator, resamples, seed
        As for `bootstrap_interval`.

    Returns
    -------
    Estimate
        Bounds are NaN where there is one run.

    Raises
    ------
    InputError
        As `bootstrap_interval` does.

    Notes
    -----
    Source: Efron (1987), Better Bootstrap Confidence Intervals, Journal of the American Statistical
    Association 82; equals `scipy.stats.bootstrap` with the same resamples, but where that does not
    hold the estimate (of skewed runs, at a low level): it is then widened to it. Too narrow for few
    runs: of 10, 30 and 100 normal ones, a 95 % interval covered the mean 90.1, 93.1 and 94.4 % of
    the time; of lognormal ones, 82.5, 88.4 and 92.0 %.
    """
    return _bootstrap(samples, level, estimator, resamples, seed, _corrected_tails)


_ROUNDING = 1e-12
_Tails = Callable[[Floats, Floats, Floats, str, float], Floats]


def _bootstrap(
    samples: Any, level: float, estimator: str, resamples: int, seed: int, tails: _Tails
) -> Estimate:
    """Estimate, and cut tails off the estimates from resamples."""
    check_level(level)
    check_arguments(resamples=resamples, seed=seed)
    samples = read_samples(samples)
    middle = estimate_of(samples, estimator)
    if len(samples) == 1:
        return unknown(middle)
    flat = samples.reshape(len(samples), -1)
    bounds = np.empty((2, flat.shape[1]))
    for some, found in resampled(flat, estimator, drawn(len(samples), resamples, seed)):
        found.sort(axis=1)
        shares = tails(found, flat[:, some], middle.reshape(-1)[some], estimator, level)
        bounds[:, some] = _at(found, shares)
    # Where all runs are equal, rounding may make of their means what they are not.
    bounds = np.where(np.ptp(flat, axis=0) > 0, bounds, middle.reshape(1, -1))
    return around(middle, *bounds.reshape(2, *middle.shape))


def _plain_tails(
    found: Floats, _samples: Floats, _middle: Floats, _estimator: str, level: float
) -> Floats:
    """Leave as much at both ends."""
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    return np.repeat(tails[:, None], len(found), axis=1)


def _corrected_tails(
    found: Floats, samples: Floats, middle: Floats, estimator: str, level: float
) -> Floats:
    """Shift the tails by the bias of the resamples, and by how the spread follows the value."""
    count, apart = found.shape[1], found - middle[:, None]
    near = _ROUNDING * np.abs(samples).max(axis=0)[:, None]  # and so equal, which counts half
    below = ((apart < -near).sum(axis=1) + (apart <= near).sum(axis=1)) / (2 * count)
    bias = special.ndtri(np.clip(below, 0.5 / count, 1 - 0.5 / count))
    without = left_out(samples, estimator)
    pull = without.mean(axis=0) - without
    pull /= np.maximum(np.abs(pull).max(axis=0), np.finfo(float).tiny)
    skew = (pull**3).sum(axis=0) / (6 * np.maximum((pull**2).sum(axis=0), 1) ** 1.5)
    ends = bias + special.ndtri([(1 - level) / 2, (1 + level) / 2])[:, None]
    return np.asarray(special.ndtr(bias + ends / (1 - skew * ends)))


def _at(ordered: Floats, shares: Floats) -> Floats:
    """Interpolate quantiles of each row, as `numpy.quantile` does, shape (2, rows)."""
    index = shares * (ordered.shape[1] - 1)
    left = np.floor(index).astype(np.int64)
    right = np.minimum(left + 1, ordered.shape[1] - 1)
    row = np.arange(len(ordered))
    return np.asarray(
        ordered[row, left] + (index - left) * (ordered[row, right] - ordered[row, left])
    )


INTERVALS = ("t", "bootstrap", "bca", "simultaneous", "tolerance")
_OF_MEANS = ("t", "simultaneous")


def check_interval(kind: str, estimator: str = "mean") -> None:
    """Raise `InputError` for an interval that is none, or not one of the estimator."""
    choose("interval", kind, INTERVALS)
    if kind in _OF_MEANS and estimator != "mean":
        raise InputError(
            f"interval = {kind!r}: is for the mean, not for {estimator!r}; must be bootstrap, bca "
            "or tolerance"
        )


def interval(
    samples: Any,
    kind: str = "t",
    level: float = 0.95,
    *,
    estimator: str = "mean",
    seed: int = 0,
) -> Estimate:
    """Estimate over runs, with the interval that a word names.

    Parameters
    ----------
    samples : array, shape (runs, ...)
    kind : {"t", "bootstrap", "bca", "simultaneous", "tolerance"}
        For `t_interval`, `bootstrap_interval`, `bca_interval`, `simultaneous_band` or
        `tolerance_interval`.
    level, estimator, seed
        As for these.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        As these do, and where the interval is not one of the estimator.
    """
    check_interval(kind, estimator)
    if kind == "t":
        return t_interval(samples, level)
    if kind == "simultaneous":
        return simultaneous_band(samples, level, seed=seed)
    if kind == "tolerance":
        return tolerance_interval(samples, level, estimator=estimator)
    bootstrap = bootstrap_interval if kind == "bootstrap" else bca_interval
    return bootstrap(samples, level, estimator=estimator, seed=seed)
