"""Moments of many runs, merged so that they do not depend on how the work was cut.

A *block* is 2**k runs, the first of which is a multiple of 2**k; its moments are those of its
halves, merged. So any set of runs has one decomposition into the greatest blocks, and one result to
the last bit, whoever computed which of them. Two blocks are nested or disjoint, so runs that were
computed twice are found, and counted once.

Source: Chan, Golub & LeVeque (1979), "Updating formulae and a pairwise algorithm for computing
sample variances".
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Blocks(NamedTuple):
    """N blocks, sorted by configuration and first run."""

    configuration: NDArray[np.int64]
    """Shape (N,): the index of the configuration that the runs are of."""
    first: NDArray[np.int64]
    """Shape (N,): the first run."""
    runs: NDArray[np.int64]
    """Shape (N,): how many, a power of two."""


class Moments(NamedTuple):
    """Of N blocks, P numbers of each run: arrays of shape (N, P)."""

    mean: Floats
    squares: Floats
    """Sum of the squared deviations from the mean."""
    least: Floats
    greatest: Floats

    @classmethod
    def of_runs(cls, values: Floats) -> "Moments":
        """Give the moments of single runs."""
        return cls(values, np.zeros_like(values), values, values)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Moments":
        """Take some blocks."""
        return Moments(*(values[rows] for values in self))


def merged(left: Moments, right: Moments, runs: Floats, others: Floats) -> Moments:
    """Merge the moments of `runs` runs with those of `others` more, both of shape (N, 1)."""
    with np.errstate(all="ignore"):  # infinite values become NaN: nothing else can be said of them
        apart, share = right.mean - left.mean, others / (runs + others)
        return Moments(
            left.mean + apart * share,
            left.squares + right.squares + apart * apart * runs * share,
            np.minimum(left.least, right.least),
            np.maximum(left.greatest, right.greatest),
        )


def merge_halves(
    blocks: Blocks, moments: list[Moments], counts: list[NDArray[np.int64]]
) -> tuple[Blocks, list[Moments], list[NDArray[np.int64]]]:
    """Merge blocks to the greatest there are; counts, of shape (N, P), are added.

    Parameters
    ----------
    blocks : Blocks
        Sorted, none within another.
    moments, counts
        Any number of both.
    """
    while True:
        configuration, first, runs = blocks
        is_left = np.zeros(len(first), dtype=np.bool_)
        is_left[:-1] = (
            (configuration[:-1] == configuration[1:])
            & (runs[:-1] == runs[1:])
            & (first[:-1] + runs[:-1] == first[1:])
            & (first[:-1] % (2 * runs[:-1]) == 0)
        )
        left = np.flatnonzero(is_left)
        if not len(left):
            return blocks, moments, counts
        kept = np.ones(len(first), dtype=np.bool_)
        kept[left + 1] = False
        half = runs[left, None].astype(np.float64)
        moments = [_halved(one, left, kept, half) for one in moments]
        counts = [_added(one, left, kept) for one in counts]
        runs = runs.copy()
        runs[left] *= 2
        blocks = Blocks(configuration[kept], first[kept], runs[kept])


def _halved(
    moments: Moments, left: NDArray[np.int64], kept: NDArray[np.bool_], half: Floats
) -> Moments:
    """Merge each left half with its neighbour."""
    both = merged(moments.take(left), moments.take(left + 1), half, half)
    result = [values.copy() for values in moments]
    for values, new in zip(result, both, strict=True):
        values[left] = new
    return Moments(*result).take(kept)


def _added(
    counts: NDArray[np.int64], left: NDArray[np.int64], kept: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Add to each left half its neighbour."""
    counts = counts.copy()
    counts[left] += counts[left + 1]
    return counts[kept]


def outermost(blocks: Blocks) -> NDArray[np.int64]:
    """Sort blocks of any order, without those that lie within another: give their indices."""
    order = np.lexsort((-blocks.runs, blocks.first, blocks.configuration))
    configuration, first, runs = (values[order] for values in blocks)
    beyond = first + runs
    span = int(beyond.max(initial=0)) + 1
    reach = np.maximum.accumulate(configuration * span + beyond)
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = (configuration * span + beyond)[1:] > reach[:-1]
    return order[is_new]


def total(blocks: Blocks, moments: Moments) -> tuple[int, Moments]:
    """Merge the greatest blocks of one configuration, in order; give how many runs there are."""
    runs, result = int(blocks.runs[0]), moments.take(np.array([0]))
    for i in range(1, len(blocks.runs)):
        more = int(blocks.runs[i])
        sizes = np.array([[float(runs)]]), np.array([[float(more)]])
        result = merged(result, moments.take(np.array([i])), *sizes)
        runs += more
    return runs, result
