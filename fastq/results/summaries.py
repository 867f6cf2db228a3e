"""Summaries: a line for each configuration, and its performance profile."""

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
from fastq.study.metrics import Floats, Metric, find_metric

_THRESHOLDS = 200


def summary(recorded: Recorded, spec: EstimateSpec) -> Summary:
    """Make the table of `Results.summary`."""
    study = recorded.study
    metric = estimates.check_spec(study.record, spec)
    check_reached(recorded, metric)
    table = Summary(_lines(recorded, spec, metric))
    table.attrs.update(spec._asdict())
    return table


def endings(recorded: Recorded) -> Endings:
    """Count how the recorded runs of each configuration ended, whatever was recorded of them."""
    return Endings.of(_lines(recorded, EstimateSpec(), None))


def _lines(recorded: Recorded, spec: EstimateSpec, metric: Metric | None) -> pd.DataFrame:
    """Make a line for each configuration that has runs; without a metric, its estimate says 0."""
    record, episodes = recorded.study.record, recorded.study.episodes
    indices, lines = [], []
    for index, entries in recorded.by_configuration():
        if record.has_moments:
            values = None
        elif metric is None:
            values = np.zeros(len(entries.run))
        else:
            values = recorded.of_runs(metric, index, entries)
        indices.append(index)
        lines.append(estimates.line(record, entries, spec, episodes, values))
    points = pd.DataFrame(recorded.points(np.array(indices), 1))
    return pd.concat([points, pd.DataFrame(lines)], axis=1)


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
