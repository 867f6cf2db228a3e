"""How the runs of each configuration are distributed."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fastq.plot.columns import check_columns, check_table, configurations
from fastq.plot.figures import new_rows
from fastq.plot.style import PALETTE, metric_label, noted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GOLDEN = (5**0.5 - 1) / 2
_LINE = {"color": "black", "linewidth": 0.9}


def distribution(
    table: pd.DataFrame,
    ax: "Axes | None" = None,
    *,
    metric: str | None = None,
    episode: int | None = None,
) -> "Axes":
    """Draw every run of each configuration as a dot, and beneath them a box plot.

    A row is a configuration, the first at the top. The box reaches from quartile to quartile, its
    line is the median; whiskers reach up to 1.5 times the box's length further.

    Parameters
    ----------
    table : DataFrame
        From `Results.runs`: hyperparameters, run, value.
    ax : Axes, optional
    metric, episode : optional
        What the table shows, for the labels: as `Results.runs` takes them. By default what it noted
        in ``table.attrs``, which pandas drops where tables are merged; what nobody says is not
        named.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where columns are missing, there are no rows, or no value is finite.
    """
    check_table(table, "runs")
    check_columns(table, ("run", "value"))
    ax = ax or new_rows(table.drop(columns=["run", "value"]).drop_duplicates().shape[0])
    names = []
    for row, (name, runs) in enumerate(configurations(table, ("run", "value"))):
        values = runs["value"].to_numpy(dtype=np.float64)
        _draw_row(ax, row, values[np.isfinite(values)])
        names.append(name)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    metric, episode = noted(table, "metric", metric), noted(table, "episode", episode)
    what = metric_label(metric) if metric else "value"
    when = "" if episode is None else f" in episode {episode}"
    ax.set_xlabel(f"{what}{when}, each run")
    return ax


def _draw_row(ax: "Axes", row: int, values: NDArray[np.float64]) -> None:
    """Draw the dots and the box of one configuration."""
    # Multiples of the golden ratio spread evenly, and the same in every picture.
    jitter = (np.arange(len(values)) * _GOLDEN % 1 - 0.5) * 0.4
    alpha = max(0.3, min(0.7, 50 / max(1, len(values))))
    color = PALETTE[0]
    ax.scatter(values, row - 0.14 + jitter, s=9, color=color, alpha=alpha, linewidths=0)
    if len(values):
        lines: dict[str, Any] = {f"{part}props": _LINE for part in ("box", "whisker", "cap")}
        lines["medianprops"] = {**_LINE, "linewidth": 2}
        how: dict[str, Any] = {
            "positions": [row + 0.24],
            "widths": 0.18,
            "orientation": "horizontal",
        }
        ax.boxplot(values, showfliers=False, manage_ticks=False, **how, **lines)
