"""How sensitive the estimate is to one hyperparameter."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fastq.base.validation import choose
from fastq.plot.columns import ESTIMATE, check_columns, check_table, text_of
from fastq.plot.figures import add_legend, new_axes
from fastq.plot.limits import log_label
from fastq.plot.style import (
    BAND,
    MARKERS,
    PALETTE,
    Shown,
    entry,
    less_is_better,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_WIDE, _TICKS = 20, 10
_KINDS = {"best": ("-", "best over the others"), "slice": ("--", "others as in the best")}


def sensitivity_curves(
    table: pd.DataFrame,
    hyperparameter: str,
    ax: "Axes | None" = None,
    *,
    metric: str | None = None,
    estimator: str | None = None,
    interval: str | None = None,
    level: float | None = None,
) -> "Axes":
    """Draw the estimate against the values of one hyperparameter.

    A solid line is the best over the other hyperparameters, a dashed one leaves them as they are
    in the best configuration; each agent has a colour and a mark, its best point a large mark;
    the legend says where that lies at the edge of the grid.

    Parameters
    ----------
    table : DataFrame
        agent (optional), hyperparameter (its name), value (a number or a word), kind ("best" or
        "slice"), estimate, lower, upper, runs, edge (whether the best value lies at the edge of
        the grid).
    hyperparameter : str
        Which rows to draw.
    ax : Axes, optional
    metric, estimator, interval, level : optional
        What the table shows, for the labels, and whether the best estimate is the least: as
        `Results.summary` takes them. By default what it noted in ``table.attrs``, which pandas
        drops where tables are merged; what nobody says is not named.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where columns are missing, there are no such rows, or there is an unknown kind.
    """
    check_table(table, "sensitivity")
    check_columns(table, ("hyperparameter", "value", "kind", *ESTIMATE, "edge"))
    choose("hyperparameter", hyperparameter, table["hyperparameter"].unique())
    for kind in table["kind"].unique():
        choose("kind", kind, _KINDS)
    said = {"metric": metric, "estimator": estimator, "interval": interval}
    shown = Shown.of(table, **said, level=level)
    rows = table[table["hyperparameter"] == hyperparameter]
    ax = ax or new_axes()
    positions, words = _positions(rows["value"])
    rows = rows.assign(position=positions).sort_values("position", kind="stable")
    _lay_axis(ax, positions, words)
    lines = []
    agents = rows.groupby("agent", sort=False) if "agent" in rows else [("", rows)]
    for i, (agent, its_rows) in enumerate(agents):
        how: dict[str, Any] = {
            "color": PALETTE[i % len(PALETTE)],
            "marker": MARKERS[i % len(MARKERS)],
        }
        lines += _draw_kinds(
            ax,
            entry(plain(str(agent))),
            its_rows,
            how,
            banded=not words and len(set(positions)) > 1,
        )
        _draw_best(ax, its_rows, how, less=less_is_better(shown.metric))
    wide, name = ax.get_xscale() == "log", plain(hyperparameter)
    ax.set_xlabel(log_label(name) if wide else name)
    ax.set_ylabel(shown.estimate or "estimate")
    add_legend(ax, lines, shown.runs_and_bounds(rows) + _edge_label(rows), above=True)
    return ax


def _positions(values: pd.Series) -> tuple[NDArray[np.float64], list[str]]:
    """Say where values stand on the axis, and the words for it, unless they are numbers."""
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().all() and not values.map(lambda value: isinstance(value, bool)).any():
        return numbers.to_numpy(dtype=np.float64), []
    codes, words = pd.factorize(values)
    return codes.astype(np.float64), [text_of(word) for word in words]


def _lay_axis(ax: "Axes", positions: NDArray[np.float64], words: list[str]) -> None:
    """Choose the scale and the ticks: of few values each has one."""
    from matplotlib.ticker import NullLocator

    ticks = np.unique(positions)
    wide = bool(ticks[0] > 0 and ticks[-1] > _WIDE * ticks[0])
    if wide:
        ax.set_xscale("log")
    if words:
        ax.set_xticks(range(len(words)), words)
        ax.set_xlim(-0.5, len(words) - 0.5)
    elif len(ticks) == 1 or (wide and len(ticks) <= _TICKS):
        ax.set_xticks(ticks, [text_of(tick) for tick in ticks])
        ax.xaxis.set_minor_locator(NullLocator())


def _draw_kinds(
    ax: "Axes", agent: str, rows: pd.DataFrame, how: dict[str, Any], banded: bool
) -> "list[Line2D]":
    """Draw one agent's lines, with bands or, at single points and words, with bars."""
    lines = []
    for kind, (style, meaning) in _KINDS.items():
        curve = rows[rows["kind"] == kind]
        if curve.empty:
            continue
        label = f"{agent}, {meaning}" if agent else meaning
        x, lower, upper = curve["position"], curve["lower"], curve["upper"]
        lines += ax.plot(x, curve["estimate"], linestyle=style, markersize=4, label=label, **how)
        if banded:
            color = how["color"]
            ax.fill_between(x, lower, upper, color=color, alpha=BAND / 2, linewidth=0)
        else:
            ax.vlines(x, lower, upper, color=how["color"], linewidth=1)
    return lines


def _draw_best(ax: "Axes", rows: pd.DataFrame, how: dict[str, Any], *, less: bool) -> None:
    """Give an agent's best point a large mark."""
    estimates = rows["estimate"]
    if estimates.isna().all():
        return
    best = rows.iloc[int((-estimates if less else estimates).argmax())]
    at = (best["position"], best["estimate"])
    ax.plot(*at, **how, markersize=10, markeredgecolor="black", linestyle="none")


def _edge_label(rows: pd.DataFrame) -> str:
    """Say whose best lies at the edge of the grid."""
    at_edge = rows[rows["edge"].astype(bool)]
    if at_edge.empty:
        return ""
    if "agent" not in rows:
        return "\nbest at the edge of the grid"
    return f"\nbest at the edge of the grid: {', '.join(map(plain, at_edge['agent'].unique()))}"
