"""Summaries: a line for each configuration, and its performance profile."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from fastq import statistics
from fastq.base.errors import InputError
from fastq.results import estimates
from fastq.results.estimates import EstimateSpec
from fastq.results.printed import Summary
from fastq.results.recorded import Recorded
from fastq.results.run_tables import check_reached
from fastq.results.sentences import Endings
from fastq.study.metrics import Floats, find_metric

_THRESHOLDS = 200


def summary(recorded: Recorded, spec: EstimateSpec) -> Summary:
    """Make the table of `Results.summary`."""
    study = recorded.study
    metric = estimates.check_spec(study.record, spec)
    check_reached(recorded, metric)
    record, episodes = study.record, study.episodes
    indices, lines = [], []
    for index, entries in recorded.by_configuration():
        values = None if record.has_moments else recorded.of_runs(metric, index, entries)
        indices.append(index)
        lines.append(estimates.line(record, entries, spec, episodes, values))
    table = Summary(_with_points(recorded, indices, lines))
    table.attrs.update(spec._asdict())
    return table


def endings(recorded: Recorded) -> Endings:
    """Count how the recorded runs of each configuration ended."""
    record, episodes = recorded.study.record, recorded.study.episodes
    by_index = dict(recorded.by_configuration())
    counts = [estimates.ended(record, entries, episodes) for entries in by_index.values()]
    return Endings.of(_with_points(recorded, [*by_index], counts))


def _with_points(
    recorded: Recorded, indices: Sequence[int], rows: Sequence[NamedTuple]
) -> pd.DataFrame:
    """Make a table of rows, with the hyperparameters of the configurations that they are about."""
    points = pd.DataFrame(recorded.points(np.array(indices), 1))
    return pd.concat([points, pd.DataFrame(rows)], axis=1)


def profile(values: Floats, points: pd.DataFrame, metric: str, level: float) -> pd.DataFrame:
    """Make the table of `Results.profile`.

    Parameters
    ----------
    values : array, shape (runs, C)
        The metric of each run; NaN where a configuration lacks it.
    points : DataFrame
        C rows of hyperparameters.
    metric, level
        As for `Results.profile`.
    """
    thresholds, sign = _thresholds(values, metric), find_metric(metric).sign
    worst = (sign * thresholds).min()
    pieces = []
    for index, column in enumerate(values.T):
        samples = column[~np.isnan(column)]
        if not len(samples):
            continue
        known = np.where(np.isfinite(samples), sign * samples, worst)
        found = statistics.performance_profile(known, sign * thresholds, level)
        rows = points.iloc[np.full(len(thresholds), index)].reset_index(drop=True)
        pieces.append(rows.assign(threshold=thresholds, **found._asdict(), runs=len(samples)))
    table = pd.concat(pieces, ignore_index=True)
    table.attrs.update(metric=metric, level=level)
    return table


def _thresholds(values: Floats, metric: str) -> Floats:
    """Choose thresholds at even quantiles of all runs; raise `InputError` where none is finite."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise InputError(f"metric = {metric!r}: is finite in no run; must be in some")
    with np.errstate(over="ignore", invalid="ignore"):
        cuts = np.quantile(finite, np.linspace(0, 1, _THRESHOLDS))
    return np.unique(cuts[np.isfinite(cuts)])
