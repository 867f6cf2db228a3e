"""Comparisons: which of several is better, how surely, and how much.

Runs that share their random streams are pairs: what is luck for both drops out of their difference.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from fastq.errors import InputError
from fastq.statistics.bands import t_statistics
from fastq.statistics.estimators import (
    Estimate,
    Floats,
    check_level,
    read_numbers,
    read_samples,
    unknown,
)
from fastq.statistics.failures import scale_of
from fastq.statistics.intervals import interval
from fastq.statistics.resampling import drawn
from fastq.validation import check_arguments

Bools = NDArray[np.bool_]

_ROUNDING = 1e-13
"""What differs by less, relatively, is equal."""
_AT_ONCE = 0.01
"""Share of the allowed error with which `best_set` drops what is far behind without resampling."""


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
    """
    one, other = read_samples(first), read_samples(second)
    _check_pairs(one, other)
    return interval(one - other, kind, level, seed=seed)


def probability_of_improvement(
    first: Any, second: Any, level: float = 0.95, *, paired: bool = False
) -> Estimate:
    """Probability that a run of the first is better (greater) than one of the second.

    Parameters
    ----------
    first, second : arrays, shapes (runs, ...) and (other runs, ...)
    level : float
        Confidence, in (0, 1).
    paired : bool
        Whether the same run of both drew from the same streams; there must then be as many. It
        changes the interval only.

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
    The estimate is Mann and Whitney's U over the number of pairs. Its variance is that of DeLong et
    al. (1988), Biometrics 44, and the interval Wilson's for as many runs as have that variance, so
    that it has a width where one is always better. Of 10, 30 and 100 normal runs, a 95 % interval
    covered the probability 97.5, 96.5 and 95.4 % of the time. Source: Agarwal et al. (2021).
    """
    check_level(level)
    one, other = read_samples(first), read_samples(second)
    if paired:
        _check_pairs(one, other)
    if one.shape[1:] != other.shape[1:]:
        raise InputError(f"samples have shapes {one.shape} and {other.shape}: must be alike")
    of_first = _ranks(one, other)
    of_second = 1 - _ranks(other, one)
    share = of_first.mean(axis=0)
    fewest = min(len(one), len(other))
    if fewest == 1:
        return unknown(share)
    if paired:
        variance = (of_first + of_second).var(axis=0, ddof=1) / fewest
    else:
        variance = of_first.var(axis=0, ddof=1) / len(one)
        variance = variance + of_second.var(axis=0, ddof=1) / len(other)
    spread = share * (1 - share)
    runs = np.where(variance > 0, spread / np.where(variance > 0, variance, 1.0), fewest)
    z = special.stdtrit(fewest - 1, (1 + level) / 2)
    middle = (share + z**2 / (2 * runs)) / (1 + z**2 / runs)
    half = z / (1 + z**2 / runs) * np.sqrt(spread / runs + z**2 / (4 * runs**2))
    return Estimate(share, np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0))


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
    runs, places = read_samples(samples), read_samples(thresholds)
    if runs.ndim != 1 or places.ndim != 1:
        raise InputError(
            f"samples and thresholds have shapes {runs.shape} and {places.shape}: must be (runs,) "
            "and (thresholds,)"
        )
    share = 1 - np.searchsorted(np.sort(runs), places, "right") / len(runs)
    half = stats.kstwo.ppf(level, len(runs))
    return Estimate(share, np.maximum(share - half, 0.0), np.minimum(share + half, 1.0))


class BestSet(NamedTuple):
    """Which of C configurations could be the best; arrays of shape (C,)."""

    wins: Floats
    """In what share of resamples each came out best: how far the choice is luck."""
    plausible: Bools
    """Whether the runs leave it open that it is the best."""


def best_set(samples: Any, level: float = 0.95, *, resamples: int = 2000, seed: int = 0) -> BestSet:
    """Find the configurations that could be the best: those of the greatest mean.

    A configuration is dropped where some other is better by more than chance explains: its largest
    t statistic against all others lies beyond the `level` quantile of that largest one among
    resamples of the runs, all configurations together. So the best one is dropped with probability
    ``1 - level`` at most, however many there are.

    Parameters
    ----------
    samples : array, shape (runs, C)
        Greater is better. NaN where a configuration lacks a run: it is then compared over the runs
        that it has, with those that have them all. Infinite where a run failed: its configuration
        has no mean and is dropped, unless all configurations have such runs.
    level : float
        Confidence, in (0, 1).
    resamples : int
        How many times the runs are drawn anew.
    seed : int
        Of the resampling; nothing else is random.

    Returns
    -------
    BestSet

    Raises
    ------
    InputError
        For an argument that is not allowed.

    Notes
    -----
    Source: Hsu (1996), Multiple Comparisons, chapter 4, with the bootstrap-t in place of normal
    theory. The best of 20 configurations, three of which were nearly as good, stayed in the set
    97.9 to 99.9 % of the time, whatever the runs were like: more often than it says, since all 20
    are compared, and few matter.
    """
    check_level(level)
    check_arguments(resamples=resamples, seed=seed)
    table = read_numbers(samples)
    if table.ndim != 2 or not table.size:
        raise InputError(f"samples have shape {table.shape}: must be (runs, configurations)")
    failed = np.asarray(np.isinf(table).any(axis=0))
    if failed.any():
        return _among_finite(table, failed, level, resamples, seed)
    has = ~np.isnan(table)
    table = table / scale_of(np.where(has, table, 0.0).ravel())
    if not has.any(axis=0).all():
        raise InputError("samples: each configuration must have at least one run")
    read_samples(np.where(has, table, 0.0))
    counts = {n: drawn(n, resamples, seed) for n in {len(table), *has.sum(axis=0).tolist()}}
    plausible = [_could_be_best(table, has, i, level, counts) for i in range(table.shape[1])]
    return BestSet(_wins(table, has, counts[len(table)]), np.array(plausible))


def _among_finite(table: Floats, failed: Bools, level: float, resamples: int, seed: int) -> BestSet:
    """Find the best of the configurations in which no run failed; where there is none, all are."""
    count = len(failed)
    if failed.all():
        return BestSet(np.full(count, 1 / count), np.ones(count, dtype=np.bool_))
    wins, plausible = np.zeros(count), np.zeros(count, dtype=np.bool_)
    found = best_set(table[:, ~failed], level, resamples=resamples, seed=seed)
    wins[~failed], plausible[~failed] = found
    return BestSet(wins, plausible)


def _could_be_best(
    table: Floats, has: Bools, place: int, level: float, counts: dict[int, NDArray[np.int64]]
) -> bool:
    """Say whether a configuration is behind no other by more than chance."""
    rows = has[:, place]
    ahead = table[rows][:, has[rows].all(axis=0)] - table[rows, place][:, None]
    ahead[np.abs(ahead) <= _ROUNDING * np.abs(table[rows, place]).max()] = 0.0
    runs = len(ahead)
    mean = ahead.mean(axis=0)
    if runs == 1 or mean.max() <= 0:
        return True
    spread = ahead.std(axis=0, ddof=1) / np.sqrt(runs)
    never = np.where(mean > 0, np.inf, 0.0)
    largest = np.divide(mean, spread, out=never, where=spread > 0).max()
    if largest > special.stdtrit(runs - 1, 1 - _AT_ONCE * (1 - level) / len(mean)):
        return False
    return bool(largest <= np.quantile(t_statistics(ahead, counts[runs]).max(axis=1), level))


def _wins(table: Floats, has: Bools, counts: NDArray[np.int64]) -> Floats:
    """Say how often each configuration has the greatest mean of a resample; equal ones share."""
    often = counts @ has
    means = np.full(often.shape, -np.inf)
    np.divide(counts @ np.where(has, table, 0.0), often, out=means, where=often > 0)
    best = means == means.max(axis=1, keepdims=True)
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0))


def _check_pairs(first: Floats, second: Floats) -> None:
    """Raise `InputError` unless each run has a partner."""
    if first.shape != second.shape:
        raise InputError(
            f"samples have shapes {first.shape} and {second.shape}: must be alike, for runs are "
            "paired"
        )
