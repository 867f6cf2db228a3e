"""Resamples: runs drawn with replacement, as the bootstrap needs them.

All entries of a sample share the draws, so that a resample keeps what belongs to a run together. A
resample is stored as counts: how often each run was drawn. So a mean is a product of matrices, and
any other estimator takes one pass over the ordered runs. The draws are those of
`scipy.stats.bootstrap` for ``rng = numpy.random.default_rng(seed)``.
"""

from collections.abc import Iterator

import joblib
import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import compiled
from fastq.statistics.estimators import Floats, weights_of

_BYTES = 2**26
"""Of the estimates that are held at a time."""


def drawn(runs: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Resample runs; give how often each was drawn, shape (resamples, runs)."""
    picked = np.random.default_rng(seed).integers(0, runs, size=(resamples, runs))
    cells = picked + runs * np.arange(resamples)[:, None]
    return np.bincount(cells.ravel(), minlength=runs * resamples).reshape(resamples, runs)


def resampled(
    samples: Floats, estimator: str, counts: NDArray[np.int64]
) -> Iterator[tuple[slice, Floats]]:
    """Estimate from each resample, some columns at a time.

    Parameters
    ----------
    samples : array, shape (runs, columns)
    estimator : str
    counts : array, shape (resamples, runs)
        From `drawn`.

    Yields
    ------
    slice, array of shape (columns, resamples)
        Which columns, and their estimates.
    """
    runs, columns = samples.shape
    weights = weights_of(estimator, runs)
    size = max(1, _BYTES // (8 * len(counts)))
    for start in range(0, columns, size):
        some = slice(start, min(start + size, columns))
        if estimator == "mean":
            yield some, samples[:, some].T @ (counts.T / runs)
            continue
        order = np.argsort(samples[:, some], axis=0, kind="stable")
        ordered = np.take_along_axis(samples[:, some], order, axis=0)
        out = np.empty((order.shape[1], len(counts)))
        below = np.append(0.0, weights.cumsum())
        with joblib.parallel_config(backend="threading"):
            workers = joblib.effective_n_jobs(-1)
            joblib.Parallel(n_jobs=workers)(
                joblib.delayed(_fill)(ordered.T[own].copy(), order.T[own].copy(), counts, below, to)
                for own, to in _shares(out, workers)
            )
        yield some, out


def _shares(out: Floats, workers: int) -> Iterator[tuple[slice, Floats]]:
    """Share rows among workers."""
    ends = np.linspace(0, len(out), workers + 1).astype(np.int64).tolist()
    for own in map(slice, ends[:-1], ends[1:]):
        yield own, out[own]


@compiled
def _fill(
    ordered: Floats,
    order: NDArray[np.int64],
    counts: NDArray[np.int64],
    below: Floats,
    out: Floats,
) -> None:
    """Weigh the ordered runs of each column, each as often as it was drawn.

    A run that was drawn c times stands at c indices in a row; `below[k]` is the weight of the
    first k indices.
    """
    columns, runs = ordered.shape
    for column in range(columns):
        for resample in range(len(counts)):
            index, total = 0, 0.0
            for i in range(runs):
                times = counts[resample, order[column, i]]
                total += ordered[column, i] * (below[index + times] - below[index])
                index += times
            out[column, resample] = total


def left_out(samples: Floats, estimator: str) -> Floats:
    """Estimate with one run left out at a time, shape (runs, columns), in no order.

    Of the ordered runs that are left, those below the one left out keep their index, and those
    above it move down by one.
    """
    ordered = np.sort(samples, axis=0)
    weights = weights_of(estimator, len(samples) - 1)[:, None]
    none = np.zeros((1, samples.shape[1]))
    below = np.concatenate([none, (weights * ordered[:-1]).cumsum(axis=0)])
    above = np.concatenate([none, (weights * ordered[1:]).cumsum(axis=0)])
    return np.asarray(below + above[-1] - above)
