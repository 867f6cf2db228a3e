"""Heatmaps over two hyperparameters."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fastq.plot.cells import draw_cells, name_cells, write_cells
from fastq.plot.columns import check_columns, check_table, text_of
from fastq.plot.figures import figure_of, legend_below, new_axes, small
from fastq.plot.style import Shown, less_is_better, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def heatmap(
    summary: pd.DataFrame,
    x: str,
    y: str | None = None,
    value: str = "estimate",
    ax: "Axes | None" = None,
    *,
    metric: str | None = None,
    estimator: str | None = None,
) -> "Axes":
    """Draw a column of a summary over two hyperparameters.

    Where the grid has more of them, a cell shows the greatest value over the others; of estimates
    of a metric of which less is better, as of regret, the least. Where the summary has a column
    ``plausible``, a dot marks the cells in which any configuration could be the best, given the
    noise.

    Parameters
    ----------
    summary : DataFrame
        From `Results.summary`.
    x, y : str
        Hyperparameters; without `y` there is one row of cells.
    value : str
        The column to show.
    ax : Axes, optional
    metric, estimator : optional
        What the table shows, for the labels, and whether the best estimate is the least: as
        `Results.summary` takes them. By default what it noted in ``summary.attrs``, which pandas
        drops where tables are merged; what nobody says is not named.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where one of the columns is missing.
    """
    check_table(summary, "summary")
    check_columns(summary, [name for name in (x, y, value) if name])
    ax = ax or new_axes()
    keys = [x] if y is None else [y, x]
    table = summary.assign(**{name: _in_order(summary[name]) for name in keys})
    shown = Shown.of(summary, metric=metric, estimator=estimator)
    is_best = value == "estimate" and shown.metric is not None
    least = is_best and less_is_better(shown.metric)
    cells = _cells(table, keys, value, "min" if least else "max")
    label = shown.estimate if is_best else plain(value)
    if summary.duplicated(keys).any():
        label += f", {'best' if is_best else 'greatest'} over the others"
    numbers = cells.to_numpy(dtype=np.float64)
    image = draw_cells(ax, numbers, label, aspect="auto", origin="lower")
    write_cells(ax, image)
    name_cells(ax, ax.xaxis, [text_of(value) for value in cells.columns])
    name_cells(ax, ax.yaxis, [text_of(value) for value in cells.index] if y else [""])
    ax.set_xlabel(plain(x))
    ax.set_ylabel(plain(y or ""))
    if "plausible" in summary:
        _mark(ax, _cells(table, keys, "plausible", "max").to_numpy() == 1)
    return ax


def _cells(table: pd.DataFrame, keys: list[str], value: str, how: str) -> pd.DataFrame:
    """Take the best over the other hyperparameters; rows upwards, columns across."""
    best = table.groupby(keys, observed=True)[value].agg(how)
    return best.to_frame().T if len(keys) == 1 else best.unstack()  # noqa: PD010


def _in_order(column: pd.Series) -> Any:
    """Let words stand in the order in which they come, and numbers in their own."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    return pd.Categorical(column, categories=column.unique(), ordered=True)


def _mark(ax: "Axes", marked: "np.ndarray[Any, Any]") -> None:
    """Put a dot into the upper left corner of cells, and say below what it means."""
    from matplotlib.transforms import ScaledTranslation

    rows, columns = np.nonzero(marked)
    size = small(ax)
    inches = figure_of(ax).dpi_scale_trans
    marks = ax.scatter(
        columns - 0.5,
        rows + 0.5,
        s=size * 5,
        c="white",
        edgecolors="black",
        linewidths=0.9,
        transform=ax.transData + ScaledTranslation(5 / 72, -5 / 72, inches),
        label="marked: could be the best",
    )
    legend_below(ax, [marks], handletextpad=0)
