"""Differences between configurations: at one point as a forest plot, over time as curves."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fastq.plot.columns import ESTIMATE, TIMES, check_columns, check_table, time_column, time_label
from fastq.plot.curves import draw_curve
from fastq.plot.figures import add_legend, new_axes, new_rows
from fastq.plot.limits import frame
from fastq.plot.style import PALETTE, Shown, entry, look, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAIR = ("first", "second")
_WIDE = 40


def differences(
    table: pd.DataFrame,
    ax: "Axes | None" = None,
    *,
    metric: str | None = None,
    estimator: str | None = None,
    interval: str | None = None,
    level: float | None = None,
    window: int | None = None,
) -> "Axes":
    """Draw differences between pairs of configurations, with their intervals and a line at 0.

    Without a column of time there is a row for each pair, with a filled mark where the interval
    excludes 0 and a hollow one elsewhere; with one there is a curve for each pair.

    Parameters
    ----------
    table : DataFrame
        first, second (names of configurations), estimate, lower, upper, runs; for curves also
        episode or step.
    ax : Axes, optional
    metric, estimator, interval, level, window : optional
        What the table shows, for the labels: as `Results.curves` takes them. By default what it
        noted in ``table.attrs``, which pandas drops where tables are merged; what nobody says is
        not named.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where columns are missing, or there are no rows.
    """
    check_table(table, "differences")
    check_columns(table, (*_PAIR, *ESTIMATE))
    of_curves = any(time in table for time in TIMES)
    said = {"metric": metric, "estimator": estimator, "interval": interval}
    shown = Shown.of(table, **said, level=level, window=window)
    return (_curves if of_curves else _forest)(table, ax, shown)


def _curves(table: pd.DataFrame, ax: "Axes | None", shown: Shown) -> "Axes":
    """Draw each pair's difference over time."""
    time = time_column(table)
    ax = ax or new_axes()
    ax.axhline(0, color="grey", linewidth=0.8)
    groups = table.groupby(list(_PAIR), sort=False)
    lines = [
        draw_curve(ax, curve, time, look(index), _name(first, second))
        for index, ((first, second), curve) in enumerate(groups)
    ]
    ax.set_xlabel(time_label(time, shown.window))
    frame(ax, table, _label(shown), also=[0.0])
    add_legend(ax, lines, shown.runs_and_bounds(table))
    return ax


def _forest(table: pd.DataFrame, ax: "Axes | None", shown: Shown) -> "Axes":
    """Draw a row for each pair, the first at the top."""
    ax = ax or new_rows(len(table))
    rows = np.arange(len(table))
    low, high = (table[name].to_numpy(dtype=np.float64) for name in ("lower", "upper"))
    clear = (low > 0) | (high < 0)
    ax.axvline(0, color="grey", linewidth=0.8)
    ax.hlines(rows, low, high, color=PALETTE[0], linewidth=1.5)
    marks = []
    for some, face, label in (
        (clear, PALETTE[0], "the interval excludes 0"),
        (~clear, "white", "the interval includes 0" if np.isfinite(low).any() else "no interval"),
    ):
        if some.any():
            where = table["estimate"].to_numpy()[some], rows[some]
            how: dict[str, Any] = {"markerfacecolor": face, "linestyle": "none", "label": label}
            marks += ax.plot(*where, marker="o", color=PALETTE[0], **how)
    names = [_name(*pair) for pair in zip(table["first"], table["second"], strict=True)]
    ax.set_yticks(rows, names)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlabel(_label(shown))
    add_legend(ax, marks, shown.runs_and_bounds(table), above=True)
    return ax


def _name(first: object, second: object) -> str:
    """Name a difference, in two lines where one would be long."""
    first, second = plain(str(first)), plain(str(second))
    return entry(f"{first}{' ' if len(f'{first}{second}') < _WIDE else chr(10)}- {second}")


def _label(shown: Shown) -> str:
    """Name what the difference is of."""
    return f"difference of the {shown.estimate}" if shown.estimate else "difference"
