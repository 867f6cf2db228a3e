"""Comparisons: which of several is better, how surely, and how much.

Runs that share their random streams are pairs: what is luck for both drops out of their difference.
"""

from typing import Any

import numpy as np
from scipy import special, stats

from fastq.base.errors import InputError
from fastq.statistics.estimators import (
    Estimate,
    Floats,
    around,
    check_level,
    read_samples,
    unknown,
)
from fastq.statistics.intervals import interval


def paired_difference(
    first: Any, second: Any, kind: str = "t", level: float = 0.95, *, seed: int = 0
) -> Estimate:
    """Mean over runs of first minus second, with its interval.

    Parameters
    ----------
    first, second : arrays of the same shape (runs, ...)
        The same run of both drew from the same streams.
    kind, level, seed
        As for `interval`.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        For an argument that is not allowed, or shapes that differ.

    Notes
    -----
    It covers as often as the interval does of the differences: where one of the two fails rarely
    and the other does not, as often as `t_interval` says. Whether a few runs make the interval
    doubtful, say ``doubtful(first - second)``; what so many runs cannot show, `visible_rate`.
    """
    one, other = read_samples(first), read_samples(second)
    _check_pairs(one, other)
    return interval(one - other, kind, level, seed=seed)


def probability_of_improvement(
    first: Any, second: Any, level: float = 0.95, *, paired: bool = False
) -> Estimate:
    """Probability that a run of the first is better (greater) than a run of the second.

    Parameters
    ----------
    first, second : arrays, shapes (runs, ...) and (other runs, ...)
    level : float
        Confidence, in (0, 1).
    paired : bool
        If true, each run of the first is compared with the same run of the second alone; there must
        be as many. If false, each run of the first is compared with every run of the second.

    Returns
    -------
    Estimate
        Equal runs count half. Bounds are NaN where there is one run of either.

    Raises
    ------
    InputError
        For an argument that is not allowed, or shapes that do not fit.

    Notes
    -----
    The two are different numbers where runs share their random streams: if the first is better by a
    little in every run, the paired probability is 1, and the other is near a half.

    Paired, the estimate is the share of runs in which the first is better, and the interval is that
    of Clopper & Pearson (1934), Biometrika 26: it covers as often as it says, or more, where no
    runs are equal. With equal runs that is not proved, but it held in each case that was tried.

    Unpaired, the estimate is Mann and Whitney's U over the number of pairs (Agarwal et al., 2021).
    Its variance is that of DeLong et al. (1988), Biometrics 44, and the interval Wilson's for as
    many runs as have that variance, so that it has a width where one is always better. Of 10, 30
    and 100 normal runs, a 95 % interval covered the probability 97.5, 96.5 and 95.4 % of the time.
    """
    check_level(level)
    one, other = read_samples(first), read_samples(second)
    if paired:
        _check_pairs(one, other)
        return _share_of_wins(np.select([one > other, one < other], [1.0, 0.0], 0.5), level)
    if one.shape[1:] != other.shape[1:]:
        raise InputError(f"samples have shapes {one.shape} and {other.shape}: must be alike")
    of_first = _ranks(one, other)
    share = of_first.mean(axis=0)
    fewest = min(len(one), len(other))
    if fewest == 1:
        return unknown(share)
    variance = of_first.var(axis=0, ddof=1) / len(one)
    variance = variance + _ranks(other, one).var(axis=0, ddof=1) / len(other)
    spread = share * (1 - share)
    runs = np.where(variance > 0, spread / np.where(variance > 0, variance, 1.0), fewest)
    z = special.stdtrit(fewest - 1, (1 + level) / 2)
    middle = (share + z**2 / (2 * runs)) / (1 + z**2 / runs)
    half = z / (1 + z**2 / runs) * np.sqrt(spread / runs + z**2 / (4 * runs**2))
    return around(share, np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0))


def _share_of_wins(wins: Floats, level: float) -> Estimate:
    """Estimate a probability from wins (1), ties (1/2) and losses (0), shape (runs, ...)."""
    runs, won = len(wins), wins.sum(axis=0)
    if runs == 1:
        return unknown(won)
    lost, tail = runs - won, (1 - level) / 2
    lower = np.where(won > 0, special.betaincinv(np.maximum(won, 0.5), lost + 1, tail), 0.0)
    upper = np.where(lost > 0, special.betaincinv(won + 1, np.maximum(lost, 0.5), 1 - tail), 1.0)
    return around(won / runs, lower, upper)


def _ranks(one: Floats, other: Floats) -> Floats:
    """Say of each run of one what share of the other's it is better than."""
    flat, beside = one.reshape(len(one), -1), other.reshape(len(other), -1)
    shares = np.empty(flat.shape)
    for column in range(flat.shape[1]):
        ordered = np.sort(beside[:, column])
        below = np.searchsorted(ordered, flat[:, column], "left")
        shares[:, column] = below + np.searchsorted(ordered, flat[:, column], "right")
    return np.asarray(shares / (2 * len(other))).reshape(one.shape)


def performance_profile(samples: Any, thresholds: Any, level: float = 0.95) -> Estimate:
    """Share of runs above each threshold, with a band that holds the whole profile.

    Parameters
    ----------
    samples : array, shape (runs,)
    thresholds : array, shape (T,)
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    Estimate
        Arrays of shape (T,).

    Raises
    ------
    InputError
        For an argument that is not allowed.

    Notes
    -----
    Source: Agarwal et al. (2021). The band is Kolmogorov's, of exact width for any number of runs,
    so it covers as often as it says, or more where runs may be equal.
    """
    check_level(level)
    runs, cuts = read_samples(samples), read_samples(thresholds)
    if runs.ndim != 1 or cuts.ndim != 1:
        raise InputError(
            f"samples and thresholds have shapes {runs.shape} and {cuts.shape}: must be (runs,) "
            "and (thresholds,)"
        )
    share = 1 - np.searchsorted(np.sort(runs), cuts, "right") / len(runs)
    half = stats.kstwo.ppf(level, len(runs))
    return Estimate(share, np.maximum(share - half, 0.0), np.minimum(share + half, 1.0))


def _check_pairs(first: Floats, second: Floats) -> None:
    """Raise `InputError` unless each run has a partner."""
    if first.shape != second.shape:
        raise InputError(
            f"samples have shapes {first.shape} and {second.shape}: must be alike, for runs are "
            "paired"
        )
