"""Which configurations could be the best.

A configuration is behind where another leads by more than chance explains, and by more than
failures could explain that the leader has not shown: see `best_set`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fastq.base.errors import InputError
from fastq.base.validation import check_arguments
from fastq.statistics.bands import t_statistics
from fastq.statistics.estimators import Floats, check_level, read_numbers, read_samples, scaled
from fastq.statistics.failures import visible_rate
from fastq.statistics.resampling import drawn

Bools = NDArray[np.bool_]

_ROUNDING = 1e-13
"""What differs by less, relatively, is equal."""
_AT_ONCE = 0.01
"""Share of the allowed error with which `best_set` drops what is far behind without resampling."""


class BestSet(NamedTuple):
    """Which of C configurations could be the best; arrays of shape (C,)."""

    wins: Floats
    """In what share of resamples each came out best: how far the choice is luck."""
    plausible: Bools
    """Whether the runs leave it open that it is the best."""


def best_set(samples: Any, level: float = 0.95, *, resamples: int = 2000, seed: int = 0) -> BestSet:
    """Find the configurations that could be the best: those of the greatest mean.

    A configuration is dropped where some other leads

    - by more than chance explains: its largest t statistic against all others lies beyond the
      `level` quantile of that largest one among resamples of the runs, all configurations together;
    - and still does so if it also fails in the share of runs that these runs may not show
      (`visible_rate`), as badly as any configuration that could be the best did in any run.

    Parameters
    ----------
    samples : array, shape (runs, C)
        Greater is better. NaN where a configuration lacks a run: it is then compared over the runs
        that it has, with those that have them all. Infinite where a run failed: its configuration
        has no mean and is dropped, unless all configurations have such runs.
    level : float
        Confidence, in (0, 1).
    resamples : int
        How many resamples of the runs are drawn.
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
    The best one is dropped with probability ``1 - level`` at most, however many there are, if the
    runs show what matters: failures too rare for them, of which no configuration shows any, are
    not seen by any such rule. Thirty runs miss a failure in 5 % of runs 21 times of 100, sixty runs
    5 times. `anytime_best_set` needs bounds, and no such condition.

    Sources: Hsu (1996), Multiple Comparisons, chapter 4, with the bootstrap-t in place of normal
    theory; Hanley & Lippman-Hand (1983) for what has not shown. The best of 20 configurations,
    three of which were nearly as good, stayed in the set 99.6 to 100.0 % of the time, whatever the
    runs were like: more often than it says, since all 20 are compared, and few matter.
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
    table = np.ldexp(table, -scaled(np.where(has, table, 0.0).ravel())[1])
    if not has.any(axis=0).all():
        raise InputError("samples: each configuration must have at least one run")
    read_samples(np.where(has, table, 0.0))
    counts = {n: drawn(n, resamples, seed) for n in {len(table), *has.sum(axis=0).tolist()}}
    leaders = np.ones(table.shape[1], dtype=np.bool_)
    for unseen in (False, True):
        found = leaders.copy()
        for index in np.flatnonzero(~leaders if unseen else leaders).tolist():
            leads, beside = _leads(table, has, index)
            margin = _margin(leads, leaders[beside], level) if unseen else 0.0
            found[index] = not _is_behind(leads, margin, level, counts[len(leads)])
        leaders = found
    return BestSet(_wins(table, has, counts[len(table)]), leaders)


def _among_finite(table: Floats, failed: Bools, level: float, resamples: int, seed: int) -> BestSet:
    """Find the best of the configurations in which no run failed; where there is none, all are."""
    count = len(failed)
    if failed.all():
        return BestSet(np.full(count, 1 / count), np.ones(count, dtype=np.bool_))
    wins, plausible = np.zeros(count), np.zeros(count, dtype=np.bool_)
    found = best_set(table[:, ~failed], level, resamples=resamples, seed=seed)
    wins[~failed], plausible[~failed] = found
    return BestSet(wins, plausible)


def _leads(table: Floats, has: Bools, index: int) -> tuple[Floats, Bools]:
    """Say in each run that a configuration has how far others lead, and which those are."""
    rows = has[:, index]
    beside = np.asarray(has[rows].all(axis=0))
    leads = table[rows][:, beside] - table[rows, index][:, None]
    leads[np.abs(leads) <= _ROUNDING * np.abs(table[rows, index]).max()] = 0.0
    return leads, beside


def _margin(leads: Floats, leaders: Bools, level: float) -> float:
    """Give what failures that did not show may take from a mean lead.

    As bad as the worst run of those that could be the best, in the share of runs that is not seen.
    """
    worst = (leads.mean(axis=0) - leads).max(axis=0)
    return visible_rate(len(leads), level) * float(worst[leaders].max(initial=0.0))


def _is_behind(leads: Floats, margin: float, level: float, counts: NDArray[np.int64]) -> bool:
    """Say whether some lead is beyond chance, and beyond a margin."""
    runs = len(leads)
    mean = leads.mean(axis=0) - margin
    if runs == 1 or mean.max() <= 0:
        return False
    spread = leads.std(axis=0, ddof=1) / np.sqrt(runs)
    never = np.where(mean > 0, np.inf, 0.0)
    largest = np.divide(mean, spread, out=never, where=spread > 0).max()
    if largest > special.stdtrit(runs - 1, 1 - _AT_ONCE * (1 - level) / len(mean)):
        return True
    return bool(largest > np.quantile(t_statistics(leads, counts).max(axis=1), level))


def _wins(table: Floats, has: Bools, counts: NDArray[np.int64]) -> Floats:
    """Say how often each configuration has the greatest mean of a resample; equal ones share."""
    often = counts @ has
    means = np.full(often.shape, -np.inf)
    np.divide(counts @ np.where(has, table, 0.0), often, out=means, where=often > 0)
    best = means == means.max(axis=1, keepdims=True)
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0))
