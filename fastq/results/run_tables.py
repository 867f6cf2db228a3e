"""Tables of what a study recorded, row by row: episodes, runs, and moments over runs.

Rows are sorted by configuration, in the grid's order, then run, then episode.
"""

import numpy as np
import pandas as pd

from fastq.base.errors import InputError
from fastq.base.memory import check_memory
from fastq.results import estimates, per_run
from fastq.results.recorded import Recorded
from fastq.study.metrics import Floats, Metric, failed_as_infinite, find_metric
from fastq.study.record import METRICS

_FEW, _SHARE = 2**27, 1000
"""More runs than both, and more than so many times those that are recorded, make no array."""


def episodes(recorded: Recorded) -> pd.DataFrame:
    """Make the table of `Results.episodes`."""
    study = recorded.study
    if not study.record.has_episodes:
        raise InputError(f"episodes: were not recorded, for record = {study.record}")
    entries = recorded.entries
    table = recorded.points(entries.configuration, study.episodes)
    table["run"] = np.repeat(entries.run, study.episodes)
    table["episode"] = np.tile(np.arange(study.episodes), len(entries.run))
    for name in (*METRICS, "truncated"):
        table[name] = entries.columns[name].ravel()
    return pd.DataFrame(table)


def runs(recorded: Recorded, metric: str, episode: int | None) -> pd.DataFrame:
    """Make the table of `Results.runs`."""
    found = find_metric(metric)
    pieces = []
    for index, entries in recorded.by_configuration():
        values = (
            recorded.of_runs(found, index, entries)
            if episode is None
            else per_run.at_episode(recorded.study.record, entries, metric, episode)
        )
        piece = recorded.points(np.array([index]), len(values))
        pieces.append(pd.DataFrame({**piece, "run": entries.run, "value": values}))
    table = pd.concat(pieces, ignore_index=True)
    table.attrs.update(metric=metric, episode=episode)
    return table


def moments(recorded: Recorded, metric: str) -> pd.DataFrame:
    """Make the table of `Results.moments`."""
    record, count = recorded.study.record, recorded.study.episodes
    pieces = []
    for index, entries in recorded.by_configuration():
        runs, found = estimates.moments(record, entries, metric, count)
        piece = recorded.points(np.array([index]), count)
        piece |= {"episode": np.arange(count), "runs": np.full(count, runs)}
        variance = found.squares[0] / (runs - 1) if runs > 1 else np.full(count, np.nan)
        piece |= {"mean": found.mean[0], "variance": variance}
        piece |= {"minimum": found.least[0], "maximum": found.greatest[0]}
        pieces.append(pd.DataFrame(piece))
    return pd.concat(pieces, ignore_index=True)


def values(recorded: Recorded, metric: Metric) -> Floats:
    """Lay out a metric of each run, shape (runs, configurations), as `Results.values` does."""
    study = recorded.study
    count, total = study.num_configurations, study.total
    check_memory(f"values: {study.runs:,} runs x {count:,} configurations", 8 * total)
    if total > max(_FEW, _SHARE * len(recorded.entries.run)):
        few = f"{len(recorded.entries.run):,} of {total:,} runs are recorded"
        raise InputError(f"{recorded.store}: {few}; too few to be laid out as an array of all")
    matrix = np.full((study.runs, count), np.nan)
    for index, entries in recorded.by_configuration():
        matrix[entries.run, index] = failed_as_infinite(recorded.of_runs(metric, index, entries))
    return matrix


def values_of_all(recorded: Recorded, metric: Metric) -> Floats:
    """Lay out a metric of each run; raise `InputError` where a configuration has none."""
    check_reached(recorded, metric)
    matrix = values(recorded, metric)
    without = int(np.isnan(matrix).all(axis=0).sum())
    if without:
        raise InputError(
            f"{recorded.store}: {without} of {matrix.shape[1]} configurations have no runs yet; "
            "must have some each: run the sweep first"
        )
    return matrix


def check_reached(recorded: Recorded, metric: Metric) -> None:
    """Raise `InputError` where a metric waits for a return that no run has."""
    if metric.number is None or metric.definition.takes != "return":
        return
    per_run.check_recorded(recorded.study.record, metric)
    greatest = float(recorded.entries.columns["return"].max())
    if greatest < metric.number:
        raise InputError(
            f"metric = '{metric}': no run has an episode that returns {metric.number:g} or "
            f"more; must be at most {greatest:g}, the greatest return"
        )


def grid(recorded: Recorded) -> pd.DataFrame:
    """Give the grid's hyperparameters, a row for each configuration."""
    return pd.DataFrame(recorded.points(np.arange(recorded.study.num_configurations), 1))
