"""What can be said of one configuration, from whichever way its runs were recorded."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq import statistics
from fastq.base.errors import InputError
from fastq.base.validation import check_arguments, choose
from fastq.results import per_run
from fastq.results.policy_value import check_solvable, gamma_of
from fastq.statistics import Estimate
from fastq.study.metrics import Floats, Metric, check_episodes, find_metric
from fastq.study.moments import Blocks, Moments, merge_halves, total
from fastq.study.record import KINDS, METRICS, MOMENTS, Entries, Record
from fastq.study.sweep import Sweep


class EstimateSpec(NamedTuple):
    """What is asked of the runs."""

    metric: str = "return"
    interval: str = "t"
    level: float = 0.95
    estimator: str = "mean"
    seed: int = 0
    """Of resampling."""

    def of(self, values: Floats) -> Estimate:
        """Estimate from values, whose first axis is that of the runs.

        Both are NaN where the value of a run is not finite; see `statistics.finite`.
        """
        return statistics.interval_where_finite(
            values, self.interval, self.level, estimator=self.estimator, seed=self.seed
        )


class Line(NamedTuple):
    """What a summary says of a configuration; see `Results.summary`."""

    estimate: float
    lower: float
    upper: float
    runs: int
    final: float
    length: float
    truncated: int
    diverged: int
    truncated_runs: int


class Ended(NamedTuple):
    """How the runs of a configuration ended."""

    runs: int
    truncated: int
    """Episodes."""
    truncated_runs: int
    diverged: int
    """Runs."""


def check_spec(record: Record, spec: EstimateSpec) -> Metric:
    """Raise `InputError` for what is not allowed, or was not recorded."""
    metric = find_metric(spec.metric)
    statistics.check_interval(spec.interval, spec.estimator)
    check_arguments(seed=spec.seed)
    if record.has_moments:
        for field, known in (("interval", "t"), ("estimator", "mean")):
            if getattr(spec, field) != known:
                raise InputError(
                    f"{field} = {getattr(spec, field)!r}: needs each run, and moments were "
                    f"recorded; must be {known}"
                )
        if metric.needs != "means":
            raise per_run.needs(spec.metric, "each run", record)
    return metric


def check_metric(sweep: Sweep, word: str) -> Metric:
    """Raise `InputError` where the runs of a sweep will not have a metric; before any work.

    Parameters
    ----------
    sweep : Sweep
    word : str
        See `fastq.metrics`.
    """
    metric = check_spec(sweep.recording, EstimateSpec(word))
    if not sweep.recording.has_moments:
        per_run.check_recorded(sweep.recording, metric)
    check_episodes(metric, sweep.episodes)
    check_solvable(metric, sweep.mdp, (gamma_of(one.agent) for one in sweep.configurations))
    return metric


def curve_points(record: Record, episodes: int, window: int | None) -> NDArray[np.int64]:
    """Give the episodes at which the points of a curve begin; raise as `curve_window` does."""
    return np.arange(0, episodes, curve_window(record, window))


def curve_window(record: Record, window: int | None) -> int:
    """Give how many episodes make a point of a curve.

    Raises
    ------
    InputError
        Where no such curve can be drawn from what was recorded.
    """
    if not record.kind.has_curves:
        *some, last = (kind.spelled() for kind in KINDS.values() if kind.has_curves)
        raise InputError(
            f"curves: no episodes were recorded, for record = {record}; must be "
            f"{', '.join(some)} or {last}"
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
    return size


def curve(
    record: Record, entries: Entries, spec: EstimateSpec, episodes: int, window: int | None
) -> tuple[int, Estimate]:
    """Estimate at each point of a curve against episodes; say of how many runs."""
    if record.has_moments:
        runs, moments = _total(entries, spec.metric)
        return runs, _of_moments(runs, moments, slice(0, episodes), spec.level)
    values = per_run.of_curve(record, entries, spec.metric, episodes, window)
    return len(values), spec.of(values)


def line(
    record: Record, entries: Entries, spec: EstimateSpec, episodes: int, values: Floats | None
) -> Line:
    """Sum up a configuration; `values` are the metric of each run, but for moments."""
    if values is None:
        return _line_of_moments(record, entries, spec, episodes)
    name = find_metric(spec.metric).definition.column
    final = per_run.final(record, entries, name, episodes)
    lengths = per_run.of_runs(record, entries, Metric("length"), episodes)
    return Line(
        *_numbers(spec.of(values[:, None])),
        final=statistics.mean_where_finite(final),
        length=float(lengths.mean()),
        **ended(record, entries, episodes)._asdict(),
    )


def _line_of_moments(record: Record, entries: Entries, spec: EstimateSpec, episodes: int) -> Line:
    """Sum up a configuration of which moments were recorded."""
    runs, moments = _total(entries, spec.metric)
    lengths = _total(entries, "length")[1]
    return Line(
        *_numbers(_of_moments(runs, moments, slice(episodes, episodes + 1), spec.level)),
        final=statistics.mean_where_finite(moments.mean[:, episodes + 1]),
        length=float(lengths.mean[0, episodes]),
        **ended(record, entries, episodes)._asdict(),
    )


def ended(record: Record, entries: Entries, episodes: int) -> Ended:
    """Count how the runs of a configuration ended, whatever was recorded of them."""
    truncated, diverged = (entries.columns[name] for name in ("truncated", "diverged"))
    if record.has_moments:
        runs = int(entries.columns["runs"][:, 0].sum())
        cut, cut_runs = truncated[:, :episodes].sum(), truncated[:, episodes].sum()
    else:
        runs, cut, cut_runs = len(entries.run), truncated.sum(), (truncated > 0).any(axis=1).sum()
    return Ended(runs, int(cut), int(cut_runs), int(diverged[:, 0].sum()))


def moments(record: Record, entries: Entries, metric: str, episodes: int) -> tuple[int, Moments]:
    """Give the moments over runs of each episode, of shape (1, episodes); say of how many runs.

    Raises
    ------
    InputError
        Where neither episodes nor their moments were recorded.
    """
    choose("metric", metric, METRICS)
    if not record.kind.each_episode:
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


@np.errstate(over="ignore", invalid="ignore")
def _of_moments(runs: int, moments: Moments, points: slice, level: float) -> Estimate:
    """Estimate means from their moments."""
    mean, squares = moments.mean[0, points], moments.squares[0, points]
    deviation = np.sqrt(squares / (runs - 1)) if runs > 1 else squares
    found = statistics.t_interval_of(runs, mean, deviation, level)
    return Estimate(*(np.where(np.isfinite(numbers), numbers, np.nan) for numbers in found))


def _numbers(estimate: Estimate) -> tuple[float, float, float]:
    """Give the one estimate and its bounds as numbers."""
    low, middle, high = (float(value[0]) for value in estimate)
    return low, middle, high
