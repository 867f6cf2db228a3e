"""Learning curves with their bands."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fastq.base.errors import InputError
from fastq.plot.columns import (
    ESTIMATE,
    check_columns,
    check_table,
    configurations,
    time_column,
    time_label,
)
from fastq.plot.figures import add_legend, new_axes
from fastq.plot.limits import frame
from fastq.plot.style import BAND, Look, Shown, look, metric_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_DENSE = 20_000


def learning_curves(
    curves: pd.DataFrame,
    ax: "Axes | None" = None,
    *,
    runs: pd.DataFrame | None = None,
    metric: str | None = None,
    estimator: str | None = None,
    interval: str | None = None,
    level: float | None = None,
    window: int | None = None,
) -> "Axes":
    """Draw the estimate of each configuration against episodes or time steps, with its band.

    The axis holds all estimates; where a few bounds of the band lie far off, they are cut, and the
    label of the axis says that the band reaches beyond.

    Parameters
    ----------
    curves : DataFrame
        From `Results.curves`, or some of its rows: hyperparameters, episode or step, estimate,
        lower, upper, runs.
    ax : Axes, optional
    runs : DataFrame, optional
        Single runs, to be drawn in thin lines below the curve of their configuration: the same
        hyperparameters, the same episode or step, run, value.
    metric, estimator, interval, level, window : optional
        What the table shows, for the labels: as `Results.curves` takes them. By default what it
        noted in ``curves.attrs``, which pandas drops where tables are merged; what nobody says is
        not named.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where columns are missing, there are no rows, or none of the runs has a curve.
    """
    check_table(curves, "curves")
    time = time_column(curves)
    check_columns(curves, ESTIMATE)
    said = {"metric": metric, "estimator": estimator, "interval": interval}
    shown = Shown.of(curves, **said, level=level, window=window)
    if runs is not None:
        runs = _of_curves(runs, curves, time)
    ax = ax or new_axes()
    lines = []
    for index, (label, curve) in enumerate(configurations(curves, (time, *ESTIMATE))):
        if runs is not None:
            _draw_runs(ax, runs[runs["curve"] == index], curve, time, look(index))
        lines.append(draw_curve(ax, curve, time, look(index), label))
    ax.set_xlabel(time_label(time, shown.window))
    frame(ax, curves, metric_label(shown.metric), runs=() if runs is None else runs["value"])
    add_legend(ax, lines, shown.band(curves))
    return ax


def draw_curve(ax: "Axes", curve: pd.DataFrame, time: str, how: Look, label: str) -> "Line2D":
    """Draw one curve and its band; give the line."""
    marker = "o" if len(curve) == 1 else None
    (line,) = ax.plot(curve[time], curve["estimate"], **how._asdict(), marker=marker, label=label)
    ax.fill_between(
        curve[time], curve["lower"], curve["upper"], color=how.color, alpha=BAND, linewidth=0
    )
    return line


def _of_curves(runs: pd.DataFrame, curves: pd.DataFrame, time: str) -> pd.DataFrame:
    """Take the runs that have a curve, with its index among the curves; in order."""
    names = [name for name in curves.columns if name not in (time, *ESTIMATE)]
    check_columns(runs, [*names, time, "run", "value"])
    if not names:
        return runs.assign(curve=0).sort_values(["run", time])
    points = curves[names].drop_duplicates()
    found = runs.merge(points.assign(curve=np.arange(len(points))), on=names)
    if found.empty:
        raise InputError("runs: none has a curve; must be of the same configurations")
    return found.sort_values(["curve", "run", time])


def _draw_runs(ax: "Axes", runs: pd.DataFrame, curve: pd.DataFrame, time: str, how: Look) -> None:
    """Draw the runs of one configuration, all lines at once, with a white bed for its curve."""
    from matplotlib.collections import LineCollection

    points = runs[[time, "value"]].to_numpy(dtype=np.float64)
    ends = np.flatnonzero(np.diff(runs["run"].to_numpy())) + 1
    alpha = max(0.05, min(0.5, 4 / (len(ends) + 1)))
    lines = LineCollection(
        np.split(points, ends), colors=how.color, linewidths=0.5, alpha=alpha, zorder=0.8
    )
    lines.set_rasterized(len(points) > _DENSE)  # or a file of lines would have megabytes
    ax.add_collection(lines)
    bed = [curve[[time, "estimate"]].to_numpy(dtype=np.float64)]
    ax.add_collection(LineCollection(bed, colors="white", linewidths=3, zorder=0.9))
