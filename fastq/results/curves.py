"""Curves: an estimate over runs at each episode or step, with its band."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fastq import statistics
from fastq.base.errors import InputError
from fastq.base.validation import check_arguments, choose, shorten
from fastq.results import estimates, per_run
from fastq.results.estimates import EstimateSpec
from fastq.results.recorded import Recorded
from fastq.results.run_tables import grid
from fastq.study.metrics import DEFINITIONS, find_metric
from fastq.study.record import METRICS, Entries
from fastq.study.study import Cell, describe

_CHECKPOINTS = 10
_STEPS = 200


def curves(
    recorded: Recorded, spec: EstimateSpec, window: int | None, against: str
) -> pd.DataFrame:
    """Make the table of `Results.curves`."""
    record, metric = recorded.study.record, spec.metric
    choose("against", against, ("episodes", "steps"))
    if against == "steps":
        estimates.check_spec(record, spec._replace(metric="return"))
        if window is not None:
            raise InputError(f"window = {window}: must be left out, against steps")
        pieces = [_by_steps(recorded, spec, *one) for one in recorded.by_configuration()]
    elif estimates.check_spec(record, spec).of_policies:
        pieces = [_by_policies(recorded, spec, window, *one) for one in recorded.by_configuration()]
    else:
        choose("metric", metric, [name for name, row in DEFINITIONS.items() if row.has_curve])
        estimates.curve_window(record, window)
        pieces = [_by_episodes(recorded, spec, window, *one) for one in recorded.by_configuration()]
    table = pd.concat(pieces, ignore_index=True)
    pooled = against == "episodes" and metric in METRICS
    table.attrs.update(spec._asdict(), window=(window or record.window) if pooled else 1)
    return table


def _by_episodes(
    recorded: Recorded, spec: EstimateSpec, window: int | None, index: int, entries: Entries
) -> pd.DataFrame:
    """Make a configuration's curve against episodes."""
    record, episodes = recorded.study.record, recorded.study.episodes
    runs, found = estimates.curve(record, entries, spec, episodes, window)
    points = estimates.curve_points(record, episodes, window)
    return _curve(recorded, index, {"episode": points}, found, runs)


def _by_policies(
    recorded: Recorded, spec: EstimateSpec, window: int | None, index: int, entries: Entries
) -> pd.DataFrame:
    """Make a configuration's curve of what was learned until an episode."""
    episodes = recorded.study.episodes
    size = max(1, episodes // _CHECKPOINTS) if window is None else window
    check_arguments(window=size)
    points = np.append(np.arange(size, episodes, size), episodes)
    values = recorded.of_checkpoints(find_metric(spec.metric), index, entries, points)
    return _curve(recorded, index, {"episode": points}, spec.of(values), len(values))


def _by_steps(recorded: Recorded, spec: EstimateSpec, index: int, entries: Entries) -> pd.DataFrame:
    """Make a configuration's curve against steps."""
    steps, values = per_run.against_steps(recorded.study.record, entries, spec.metric, _STEPS)
    return _curve(recorded, index, {"step": steps}, spec.of(values), len(values))


def _curve(
    recorded: Recorded, index: int, points: dict[str, Any], found: statistics.Estimate, runs: int
) -> pd.DataFrame:
    """Write out a curve of a configuration."""
    count = len(found.estimate)
    piece = recorded.points(np.array([index]), count) | points | found._asdict()
    return pd.DataFrame(piece | {"runs": np.full(count, runs)})


def differences(
    recorded: Recorded,
    first: Mapping[str, Cell],
    second: Mapping[str, Cell],
    spec: EstimateSpec,
    window: int | None,
) -> pd.DataFrame:
    """Make the table of `Results.differences`."""
    record, episodes = recorded.study.record, recorded.study.episodes
    for name, point in (("first", first), ("second", second)):
        if not isinstance(point, Mapping):
            raise InputError(f"{name} = {shorten(point)}: must be as {{'alpha': 0.5}}")
    choose("metric", spec.metric, METRICS)
    estimates.check_spec(record, spec)
    estimates.curve_window(record, window)
    if record.has_moments:
        raise InputError("differences: need each run, and moments were recorded")
    by_index = dict(recorded.by_configuration())
    one, other = (by_index[_index_of(recorded, point)] for point in (first, second))
    shared = np.intersect1d(one.run, other.run)
    if not len(shared):
        raise InputError("differences: the two configurations share no runs")
    values = [
        per_run.of_curve(record, entries, spec.metric, episodes, window)[
            np.isin(entries.run, shared)
        ]
        for entries in (one, other)
    ]
    with np.errstate(over="ignore", invalid="ignore"):
        found = spec.of(values[0] - values[1])
    points = estimates.curve_points(record, episodes, window)
    names = {"first": describe(first), "second": describe(second)}
    table = pd.DataFrame({**names, "episode": points, **found._asdict(), "runs": len(shared)})
    table.attrs.update(spec._asdict(), window=window or record.window)
    return table


def _index_of(recorded: Recorded, point: Mapping[str, Cell]) -> int:
    """Find the one configuration that is meant."""
    table = grid(recorded)
    for name in point:
        choose("hyperparameter", name, recorded.study.names)
    matches = np.logical_and.reduce([table[name] == value for name, value in point.items()])
    indices = np.flatnonzero(np.broadcast_to(matches, len(table)))
    if len(indices) != 1:
        raise InputError(
            f"{describe(point) or 'nothing'}: is {len(indices)} configurations; must be one"
        )
    return int(indices[0])
