"""Performance profiles: which share of the runs does better than a threshold."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from fastq.plot.columns import ESTIMATE, check_columns, check_table, configurations
from fastq.plot.figures import add_legend, new_axes
from fastq.plot.style import BAND, Shown, look, metric_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def performance_profiles(
    table: pd.DataFrame,
    ax: "Axes | None" = None,
    *,
    metric: str | None = None,
    level: float | None = None,
) -> "Axes":
    """Draw the share of each configuration's runs above a threshold, against the threshold.

    Parameters
    ----------
    table : DataFrame
        From `Results.profile`: hyperparameters, threshold, estimate, lower, upper, runs.
    ax : Axes, optional
    metric, level : optional
        What the table shows, for the labels: as `Results.profile` takes them. By default what it
        noted in ``table.attrs``, which pandas drops where tables are merged; what nobody says is
        not named.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where columns are missing, or there are no rows.

    Notes
    -----
    Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice (2021),
    section 4.1.
    """
    check_table(table, "profile")
    check_columns(table, ("threshold", *ESTIMATE))
    shown = Shown.of(table, metric=metric, level=level)
    ax = ax or new_axes()
    lines = []
    for index, (label, profile) in enumerate(configurations(table, ("threshold", *ESTIMATE))):
        across, how = profile["threshold"], look(index)
        lines += ax.step(across, profile["estimate"], where="post", label=label, **how._asdict())
        lower, upper = profile["lower"], profile["upper"]
        band: dict[str, Any] = {"color": how.color, "alpha": BAND, "linewidth": 0}
        ax.fill_between(across, lower, upper, step="post", **band)
    ax.set_xlim(*_where_it_happens(table))
    ax.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel(f"threshold: {metric_label(shown.metric)}" if shown.metric else "threshold")
    ax.set_ylabel("share of runs above the threshold")
    add_legend(ax, lines, shown.runs_and_bounds(table), above=True)
    return ax


def _where_it_happens(table: pd.DataFrame) -> tuple[float, float]:
    """Bound the thresholds by those that some runs are above and some are not, with some room."""
    share, across = table["estimate"], table["threshold"]
    inside = across[(share > 0) & (share < 1)]
    low, high = (inside if len(inside) else across).agg(["min", "max"])
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room
