"""Learning curves with their bands."""

from typing import TYPE_CHECKING

import pandas as pd

from fastq.plot.style import METRICS, PALETTE, STYLES, check_columns, is_empty, new_axes, text_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("episode", "estimate", "lower", "upper", "runs")
_INTERVALS = {"t": "t interval", "bootstrap": "bootstrap interval"}


def learning_curves(curves: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw the mean over runs of each configuration against episodes, with its band.

    Parameters
    ----------
    curves : DataFrame
        From `Results.curves`, or some of its rows.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where columns are missing, or there are no rows.
    """
    check_columns(curves, _COLUMNS)
    ax = ax or new_axes()
    names = [name for name in curves.columns if name not in _COLUMNS]
    groups = curves.groupby(names, sort=False, dropna=False) if names else [((), curves)]
    for i, (values, curve) in enumerate(groups):
        colour = PALETTE[i % len(PALETTE)]
        style = STYLES[i // len(PALETTE) % len(STYLES)]
        label = ", ".join(
            text_of(value) if name == "agent" else f"{name} = {text_of(value)}"
            for name, value in zip(names, values, strict=True)
            if not is_empty(value)
        )
        ax.plot(curve["episode"], curve["estimate"], color=colour, linestyle=style, label=label)
        ax.fill_between(
            curve["episode"], curve["lower"], curve["upper"], color=colour, alpha=0.25, linewidth=0
        )
    window = curves.attrs.get("window", 1)
    ax.set_xlabel("episode" if window == 1 else f"episode (means over {window} episodes)")
    ax.set_ylabel(METRICS.get(curves.attrs.get("metric", ""), "estimate"))
    ax.legend(title=_band_title(curves), fontsize="small", title_fontsize="small")
    return ax


def _band_title(curves: pd.DataFrame) -> str:
    """Name the interval and the number of runs."""
    few, most = curves["runs"].min(), curves["runs"].max()
    runs = f"{most} run{'s' if most > 1 else ''}" if few == most else f"{few} to {most} runs"
    if curves["lower"].isna().all():
        return f"mean of {runs}; no interval"
    interval = _INTERVALS.get(curves.attrs.get("interval", ""), "interval")
    percent = f"{curves.attrs['level'] * 100:g} % " if "level" in curves.attrs else ""
    return f"mean of {runs}, {percent}{interval}"
