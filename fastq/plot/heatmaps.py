"""Heatmaps over two hyperparameters."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from fastq.plot.style import METRICS, check_columns, new_axes, text_of, write_cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def heatmap(
    summary: pd.DataFrame,
    x: str,
    y: str | None = None,
    value: str = "estimate",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a column of a summary over two hyperparameters.

    Where the grid has more of them, a cell shows the greatest value over the others.

    Parameters
    ----------
    summary : DataFrame
        From `Results.summary`.
    x, y : str
        Hyperparameters; without `y` there is one row of cells.
    value : str
        The column to show.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where one of the columns is missing.
    """
    check_columns(summary, [name for name in (x, y, value) if name])
    ax = ax or new_axes()
    keys = [x] if y is None else [y, x]
    table = summary.assign(**{name: _in_order(summary[name]) for name in keys})
    best = table.groupby(keys, observed=True)[value].max()
    cells = (
        best.to_frame().T
        if y is None
        else best.reset_index().pivot_table(value, y, x, observed=True)
    )
    image = ax.imshow(cells.to_numpy(), cmap="cividis", aspect="auto", origin="lower")
    ax.set_xticks(range(cells.shape[1]), [text_of(value) for value in cells.columns])
    ax.set_yticks(range(cells.shape[0]), [text_of(value) for value in cells.index] if y else [""])
    ax.set_xlabel(x)
    ax.set_ylabel(y or "")
    write_cells(ax, cells.to_numpy())
    metric = METRICS.get(summary.attrs.get("metric", ""))
    label = f"mean {metric}" if value == "estimate" and metric else value
    others = summary.duplicated(keys).any()
    ax.figure.colorbar(image, ax=ax, label=label + (", best over the others" if others else ""))
    return ax


def _in_order(column: pd.Series) -> Any:
    """Let words stand in the order in which they come, and numbers in their own."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    return pd.Categorical(column, categories=column.unique(), ordered=True)
