"""Differences between configurations: at one point as a forest plot, over time as curves."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fastq.plot.columns import ESTIMATE, TIMES, check_columns, check_table, time_column, time_label
from fastq.plot.curves import draw_curve
from fastq.plot.figures import add_legend, new_axes, new_rows
from fastq.plot.limits import frame
from fastq.plot.style import PALETTE, entry, estimate_label, interval_label, look, plain, runs_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAIR = ("first", "second")
_WIDE = 40


def differences(table: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw differences between pairs of configurations, with their intervals and a line at 0.

    Without a column of time there is a row for each pair, with a filled mark where the interval
    excludes 0 and a hollow one elsewhere; with one there is a curve for each pair.

    Parameters
    ----------
    table : DataFrame
        first, second (names of configurations), estimate, lower, upper, runs; for curves also
        episode or step.
    ax : Axes, optional

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
    return _curves(table, ax) if of_curves else _forest(table, ax)


def _curves(table: pd.DataFrame, ax: "Axes | None") -> "Axes":
    """Draw each pair's difference over time."""
    time = time_column(table)
    ax = ax or new_axes()
    ax.axhline(0, color="grey", linewidth=0.8)
    groups = table.groupby(list(_PAIR), sort=False)
    lines = [
        draw_curve(ax, curve, time, look(place), _name(first, second))
        for place, ((first, second), curve) in enumerate(groups)
    ]
    ax.set_xlabel(time_label(time, table.attrs.get("window", 1)))
    frame(ax, table, _label(table), also=[0.0])
    add_legend(ax, lines, _runs_and_interval(table))
    return ax


def _forest(table: pd.DataFrame, ax: "Axes | None") -> "Axes":
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
    ax.set_xlabel(_label(table))
    add_legend(ax, marks, _runs_and_interval(table), above=True)
    return ax


def _name(first: object, second: object) -> str:
    """Name a difference, in two lines where one would be long."""
    first, second = plain(str(first)), plain(str(second))
    return entry(f"{first}{' ' if len(f'{first}{second}') < _WIDE else chr(10)}- {second}")


def _label(table: pd.DataFrame) -> str:
    """Name what the difference is of."""
    what = estimate_label(table.attrs)
    return f"difference of the {what}" if what else "difference"


def _runs_and_interval(table: pd.DataFrame) -> str:
    """Say how many runs there are, and what the interval is."""
    return f"{runs_label(table['runs'])}, {interval_label(table.attrs, table['lower'])}"
