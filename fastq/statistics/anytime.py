"""Intervals and choices for every distribution within bounds, however often one looks.

Let x be the samples moved from their bounds to [0, 1]. Whoever says that their mean is m takes
bets: a gambler who stakes a share c of his capital in each run on x > m comes to

    K(m) = mean over c of the product over runs of 1 + c * (x / m - 1).

If the mean of x is m or less, K is a nonnegative supermartingale that starts at 1. So it ever
reaches 1 / error with probability `error` at most, after however many runs (Ville's inequality).
Those m stay that the gambler's fortune does not refute. Nothing is asked of the distribution: runs
need only be independent of each other, and alike.

Sources: Waudby-Smith & Ramdas (2024), Estimating means of bounded random variables by betting,
Journal of the Royal Statistical Society B 86: the mixture over shares is its diversified Kelly bet.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import shorten
from fastq.statistics.estimators import Estimate, Floats, check_level, read_samples

_SHARES = 0.95 * 0.5 ** np.arange(14)
"""Of the capital that are staked, each by a gambler of his own."""
_HALVINGS = 40
_ROUNDING = 1e-9
"""By what share of their range samples may lie beyond their bounds."""


def anytime_interval(samples: Any, lowest: float, highest: float, level: float = 0.95) -> Estimate:
    """Mean over runs, with an interval for every distribution and at every look.

    Of all the intervals after 1, 2, 3, ... runs, all cover the mean at once with the confidence: so
    one may look after each run and stop when it pleases. The price is width: failures that have
    not shown are allowed for, down to the lowest value that is possible.

    Parameters
    ----------
    samples : array, shape (runs, ...)
    lowest, highest : float
        Bounds of what a run can come to.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        For an argument that is not allowed, or samples beyond their bounds.

    Notes
    -----
    Source: Waudby-Smith & Ramdas (2024). As `level` is reached for every distribution, it is
    exceeded for most.
    """
    check_level(level)
    runs = read_samples(samples)
    inside = _inside(runs, lowest, highest)
    above = _refuted_below(inside, (1 - level) / 2)
    below = 1 - _refuted_below(1 - inside, (1 - level) / 2)
    size = highest - lowest
    return Estimate(runs.mean(axis=0), lowest + size * above, lowest + size * below)


def anytime_best_set(
    samples: Any,
    lowest: float,
    highest: float,
    level: float = 0.95,
    *,
    configurations: int | None = None,
) -> NDArray[np.bool_]:
    """Find the configurations that could be the best, for every distribution and at every look.

    A configuration is dropped where bets that some other is better have come to ``(C - 1) / (1 -
    level)`` times the stake: the error is shared among the others (Bonferroni). Over all looks
    together, the best is dropped with probability ``1 - level`` at most.

    Parameters
    ----------
    samples : array, shape (runs, C)
        Greater is better.
    lowest, highest : float
        Bounds of what a run can come to.
    level : float
        Confidence, in (0, 1).
    configurations : int, optional
        How many there were at the first look, if some have been dropped since.

    Returns
    -------
    array of bool, shape (C,)

    Raises
    ------
    InputError
        For an argument that is not allowed, or samples beyond their bounds.

    Notes
    -----
    However clear a lead is, dropping takes more than ``log((C - 1) / (1 - level))`` times
    ``(highest - lowest) / lead`` runs: fewer could not rule out the rare failure that undoes it.

    Source: Waudby-Smith & Ramdas (2024).
    """
    check_level(level)
    table = read_samples(samples)
    if table.ndim != 2:
        raise InputError(f"samples have shape {table.shape}: must be (runs, configurations)")
    count = table.shape[1] if configurations is None else configurations
    if count < table.shape[1]:
        raise InputError(f"configurations = {count}: must be at least {table.shape[1]}, as here")
    inside = _inside(table, lowest, highest)
    needed = np.log(max(count - 1, 1) / (1 - level))
    fortunes = (
        _log_fortune((1 + inside - inside[:, [index]]) / 2, np.array(0.5)).max()
        for index in range(table.shape[1])
    )
    return np.array([fortune < needed for fortune in fortunes])


def _inside(samples: Floats, lowest: float, highest: float) -> Floats:
    """Move samples from their bounds to [0, 1].

    Raises
    ------
    InputError
        For bounds that are none, or samples beyond them.
    """
    if not (np.isfinite([lowest, highest]).all() and lowest <= highest):
        raise InputError(
            f"lowest, highest = {shorten((lowest, highest))}: must be finite, and in order"
        )
    size, slack = highest - lowest, _ROUNDING * max(abs(lowest), abs(highest))
    for value in (samples.min(), samples.max()):
        if not lowest - slack <= value <= highest + slack:
            raise InputError(f"samples hold {value:g}: must lie in [{lowest:g}, {highest:g}]")
    if size <= slack:
        return np.full_like(samples, 0.5)
    return np.asarray(np.clip((samples - lowest) / size, 0.0, 1.0))


def _refuted_below(inside: Floats, error: float) -> Floats:
    """Give the bound below which every mean is refuted, by halving; shape as of one sample."""
    low = np.zeros(inside.shape[1:])
    high = inside.mean(axis=0)  # which is never refuted
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        refuted = _log_fortune(inside, middle) >= -np.log(error)
        low, high = np.where(refuted, middle, low), np.where(refuted, high, middle)
    return low


def _log_fortune(inside: Floats, mean: Floats) -> Floats:
    """Give the logarithm of what betting on more than a mean comes to."""
    gains = inside / np.maximum(mean, np.finfo(float).tiny) - 1
    fortunes = np.array([np.log1p(share * gains).sum(axis=0) for share in _SHARES])
    return np.asarray(np.logaddexp.reduce(fortunes, axis=0) - np.log(len(_SHARES)))
