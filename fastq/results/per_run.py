"""What is known of each run of a configuration, from whichever way it was recorded.

What was not recorded cannot be had back: asking for it is an `InputError` that says what was.
"""

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import check_arguments, choose
from fastq.study.metrics import OF_STEPS, Floats, Metric, of_learning
from fastq.study.record import METRICS, Entries, Record, pooled, sizes_of


def of_runs(record: Record, entries: Entries, metric: Metric, episodes: int) -> Floats:
    """Give a metric of learning of each run, shape (N,).

    Raises
    ------
    InputError
        Where too little was recorded.
    """
    check_recorded(record, metric)
    columns = entries.columns
    if record.has_episodes:
        return of_learning(metric, columns["return"], columns["length"])
    name = metric.definition.column
    if metric.needs == "ends":
        return final(record, entries, name, episodes)[:, 0]
    assert record.kind.mean is not None
    return record.kind.mean(columns, name, episodes, record.window)[:, 0]


def check_recorded(record: Record, metric: Metric) -> None:
    """Raise `InputError` where too little is recorded for a metric of each run."""
    if record.has_moments:
        raise needs(str(metric), "each run", record)
    if metric.needs == "episodes" and not record.has_episodes:
        raise needs(str(metric), "each episode", record)


def at_episode(record: Record, entries: Entries, metric: str, episode: int) -> Floats:
    """Give the return or the length of one episode of each run, shape (N,).

    Raises
    ------
    InputError
        Where it is none, or episodes were not recorded.
    """
    choose("metric", metric, METRICS)
    if not record.has_episodes:
        raise needs(metric, "each episode", record)
    check_arguments(episode=episode)
    columns = entries.columns[metric]
    if episode >= columns.shape[1]:
        raise InputError(f"episode = {episode}: must be from 0 to {columns.shape[1] - 1}")
    return np.asarray(columns[:, episode], dtype=np.float64)


def of_curve(
    record: Record, entries: Entries, metric: str, episodes: int, window: int | None
) -> Floats:
    """Give each run's points of a curve against episodes, shape (N, points)."""
    size = (window or record.window) // record.window
    return pooled(entries.columns[metric], sizes_of(record.window, episodes), size)


def against_steps(
    record: Record, entries: Entries, metric: str, points: int
) -> tuple[NDArray[np.int64], Floats]:
    """Follow runs by their steps: as many as the shortest of them took.

    Parameters
    ----------
    record, entries
    metric : {"episodes", "return", "length"}
        Episodes completed by a step, or what the episode that it belongs to came to.
    points : int
        How many steps to look at, from 0 to the last at equal distances.

    Returns
    -------
    steps : array of int
    samples : array, shape (N, steps)

    Raises
    ------
    InputError
        For another metric, or where episodes were not recorded.
    """
    choose("metric", metric, (*OF_STEPS, *METRICS))
    if not record.has_episodes:
        raise InputError(f'against = "steps": needs each episode, for record = {record}')
    ends = entries.columns["length"].cumsum(axis=1, dtype=np.int64)
    steps = np.unique(np.linspace(0, ends[:, -1].min(), points).astype(np.int64))
    completed = np.array([np.searchsorted(run, steps, "right") for run in ends])
    if metric in OF_STEPS:
        return steps, completed.astype(np.float64)
    present = np.minimum(completed, ends.shape[1] - 1)
    values = entries.columns[metric].astype(np.float64)
    return steps, np.take_along_axis(values, present, axis=1)


@np.errstate(over="ignore", invalid="ignore")
def final(record: Record, entries: Entries, name: str, episodes: int) -> Floats:
    """Average the last tenth of each run, in whole windows where they were recorded."""
    read = record.kind.final
    assert read is not None
    return read(entries.columns, name, episodes, record.window)


def needs(metric: str, what: str, record: Record) -> InputError:
    """Say that more would have had to be recorded."""
    return InputError(f"metric = {metric!r}: needs {what}, for record = {record}")
