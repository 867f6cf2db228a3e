"""What can be said of one configuration, from whichever way its runs were recorded.

What was not recorded cannot be had back: asking for it is an `InputError` that says what was.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq import statistics
from fastq.errors import InputError
from fastq.moments import Blocks, Moments, merge_halves, total
from fastq.records import METRICS, MOMENTS, Entries, Record, last_of, over_all, over_last
from fastq.statistics import Estimate
from fastq.validation import check_arguments, choose

Floats = NDArray[np.float64]


class Asked(NamedTuple):
    """What of the runs is asked for."""

    metric: str
    interval: str
    level: float


class Line(NamedTuple):
    """What a summary says of a configuration; see `Results.summary`."""

    runs: int
    estimate: float
    lower: float
    upper: float
    final: float
    length: float
    truncated: int
    truncated_runs: int
    diverged: int


def check_asked(record: Record, asked: Asked) -> None:
    """Raise `InputError` for what is not allowed, or was not recorded."""
    choose("metric", asked.metric, METRICS)
    choose("interval", asked.interval, statistics.INTERVALS)
    if record.has_moments and asked.interval != "t":
        raise InputError(
            f"interval = {asked.interval!r}: needs each run, and moments were recorded; must be t"
        )


def curve_points(record: Record, episodes: int, window: int | None) -> NDArray[np.int64]:
    """Give the episodes at which the points of a curve begin.

    Raises
    ------
    InputError
        Where no such curve can be drawn from what was recorded.
    """
    if record.kind == "summary":
        raise InputError(
            'curves: no episodes were recorded, for record = "summary"; must be '
            '"episodes", "moments" or {window = ...}'
        )
    size = record.window if window is None else window
    check_arguments(window=size)
    if record.has_moments and size != 1:
        raise InputError(f"window = {size}: must be 1, for moments of each episode were recorded")
    if size % record.window:
        raise InputError(
            f"window = {size}: must be a multiple of {record.window}, for windows of so many "
            "episodes were recorded"
        )
    return np.arange(0, episodes, size)


def curve(
    record: Record, entries: Entries, asked: Asked, episodes: int, window: int | None
) -> tuple[int, Estimate]:
    """Estimate the mean over runs at each point of a curve; say of how many runs."""
    if record.has_moments:
        runs, moments = _total(entries, asked.metric)
        return runs, _of_moments(runs, moments, slice(0, episodes), asked.level)
    values, size = entries.columns[asked.metric], (window or record.window) // record.window
    samples = _pooled(values, _sizes(record, episodes), size)
    return len(values), statistics.mean_interval(samples, asked.interval, asked.level)


def line(record: Record, entries: Entries, asked: Asked, episodes: int) -> Line:
    """Sum up a configuration."""
    return (_line_of_moments if record.has_moments else _line_of_runs)(
        record, entries, asked, episodes
    )


def _line_of_runs(record: Record, entries: Entries, asked: Asked, episodes: int) -> Line:
    """Sum up a configuration whose runs were recorded one by one."""
    columns, metric = entries.columns, asked.metric
    if record.kind == "summary":
        means, final, lengths = (columns[n] for n in (metric, f"{metric}_final", "length"))
    elif record.kind == "episodes":
        means, final = over_all(columns[metric]), over_last(columns[metric])
        lengths = over_all(columns["length"])
    else:
        sizes, last = _sizes(record, episodes), -(-last_of(episodes) // record.window)
        means, lengths = (_pooled(columns[n], sizes, len(sizes)) for n in (metric, "length"))
        final = _pooled(columns[metric][:, -last:], sizes[-last:], last)
    truncated = columns["truncated"]
    return Line(
        len(means),
        *_numbers(statistics.mean_interval(means, asked.interval, asked.level)),
        float(final.mean()),
        float(lengths.mean()),
        int(truncated.sum()),
        int((truncated > 0).any(axis=1).sum()),
        int(columns["diverged"][:, 0].sum()),
    )


def _line_of_moments(record: Record, entries: Entries, asked: Asked, episodes: int) -> Line:
    """Sum up a configuration of which moments were recorded."""
    truncated = entries.columns["truncated"]
    runs, moments = _total(entries, asked.metric)
    lengths = _total(entries, "length")[1]
    return Line(
        runs,
        *_numbers(_of_moments(runs, moments, slice(episodes, episodes + 1), asked.level)),
        float(moments.mean[0, episodes + 1]),
        float(lengths.mean[0, episodes]),
        int(truncated[:, :episodes].sum()),
        int(truncated[:, episodes].sum()),
        int(entries.columns["diverged"][:, 0].sum()),
    )


def moments(record: Record, entries: Entries, metric: str, episodes: int) -> tuple[int, Moments]:
    """Give the moments over runs of each episode, of shape (1, episodes); say of how many runs.

    Raises
    ------
    InputError
        Where neither episodes nor their moments were recorded.
    """
    choose("metric", metric, METRICS)
    if record.kind not in ("episodes", "moments"):
        raise InputError(
            f"moments: neither episodes nor their moments were recorded, for record = {record}"
        )
    if record.has_moments:
        runs, found = _total(entries, metric)
        return runs, Moments(*(values[:, :episodes] for values in found))
    values = entries.columns[metric].astype(np.float64)
    ones = np.ones_like(entries.run)
    blocks, (merged,), _ = merge_halves(
        Blocks(entries.configuration, entries.run, ones), [Moments.of_runs(values)], []
    )
    return total(blocks, merged)


def _total(entries: Entries, metric: str) -> tuple[int, Moments]:
    """Merge the blocks of a configuration."""
    columns = entries.columns
    blocks = Blocks(entries.configuration, entries.run, columns["runs"][:, 0])
    parts = (columns[f"{metric}_{name}"] for name in MOMENTS)
    halves, (merged,), _ = merge_halves(blocks, [Moments(*parts)], [])
    return total(halves, merged)


def _of_moments(runs: int, moments: Moments, points: slice, level: float) -> Estimate:
    """Estimate means from their moments."""
    squares = moments.squares[0, points]
    deviation = np.sqrt(squares / (runs - 1)) if runs > 1 else squares
    return statistics.t_interval_of(runs, moments.mean[0, points], deviation, level)


def _numbers(estimate: Estimate) -> tuple[float, float, float]:
    """Give the one estimate and its bounds as numbers."""
    low, middle, high = (float(value[0]) for value in estimate)
    return low, middle, high


def _sizes(record: Record, episodes: int) -> NDArray[np.int64]:
    """Give how many episodes make each point that was recorded; the last may be of fewer."""
    return np.diff(np.arange(0, episodes, record.window), append=episodes)


def _pooled(values: NDArray[Any], sizes: NDArray[np.int64], points: int) -> Floats:
    """Average so many neighbouring points at a time."""
    if points == 1:
        return values.astype(np.float64)
    starts = np.arange(0, len(sizes), points)
    sums = np.add.reduceat(values * sizes.astype(np.float64), starts, axis=1)
    means: Floats = sums / np.add.reduceat(sizes, starts)
    return means
