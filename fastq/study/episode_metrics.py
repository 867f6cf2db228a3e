"""What one number says of the episodes of a run: functions of arrays.

Each takes the returns and the lengths of N runs, both of shape (N, episodes), and the number that
was asked for. It gives an array of shape (N,). What they mean stands in `fastq.metrics`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.study.record import last_of

Floats = NDArray[np.float64]
Lengths = NDArray[Any]


def mean_return(returns: Floats, _lengths: Lengths, _number: float | None) -> Floats:
    """Give the mean return of all episodes."""
    return np.asarray(returns.mean(axis=1, dtype=np.float64))


def mean_length(_returns: Floats, lengths: Lengths, _number: float | None) -> Floats:
    """Give the mean length of all episodes."""
    return np.asarray(lengths.mean(axis=1, dtype=np.float64))


def last_return(returns: Floats, _lengths: Lengths, number: float | None) -> Floats:
    """Give the mean return of the last episodes: of so many, or of a tenth."""
    last = last_of(returns.shape[1]) if number is None else int(number)
    return np.asarray(returns[:, -last:].mean(axis=1))


def return_over_steps(returns: Floats, lengths: Lengths, _number: float | None) -> Floats:
    """Give the mean over steps of the return of their episodes."""
    return np.asarray((returns * lengths).sum(axis=1) / lengths.sum(axis=1))


def reward_per_step(returns: Floats, lengths: Lengths, _number: float | None) -> Floats:
    """Give the sum of all rewards over the number of steps."""
    return np.asarray(returns.sum(axis=1) / lengths.sum(axis=1))


def episodes_to(returns: Floats, _lengths: Lengths, number: float | None) -> Floats:
    """Give the number of episodes until one returns so much."""
    return np.asarray(_needed(returns, number), dtype=np.float64)


def steps_to(returns: Floats, lengths: Lengths, number: float | None) -> Floats:
    """Give the number of steps until the end of the first episode that returns so much."""
    steps = lengths.cumsum(axis=1, dtype=np.float64)
    last = _needed(returns, number)[:, None] - 1
    return np.asarray(np.take_along_axis(steps, last, axis=1)[:, 0])


def _needed(returns: Floats, threshold: float | None) -> NDArray[np.int64]:
    """Count episodes up to the first that returns so much; all of them where none does."""
    assert threshold is not None
    reached = returns >= threshold
    first = np.asarray(reached.argmax(axis=1) + 1)
    return np.where(reached.any(axis=1), first, returns.shape[1])
