"""What a sweep leaves beside its parts for people to look at: two pictures and a table."""

import io
import math
from typing import TYPE_CHECKING

import pandas as pd

from fastq import plot
from fastq.errors import InputError
from fastq.manifest import said
from fastq.plot.style import plain
from fastq.results import Results
from fastq.spreadsheets import as_csv
from fastq.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CURVES = 6
_POINTS, _POINTS_OF_MANY = 500, 150
_WIDE = 20


def write_pictures(results: Results) -> list[str]:
    """Write ``curves.png``, ``heatmap.png`` and ``summary.csv`` beside the study's parts.

    The curves are those of at most six configurations, from the best to the worst; returns that
    span more than a factor of 20 are drawn on a logarithmic scale, and more than 500 episodes as
    means over windows.

    Returns
    -------
    list of str
        What was written: no curves, where only one row a run was recorded.

    Raises
    ------
    InputError
        Where the study has no finished runs, or a damaged part.
    """
    summary, files = results.summary(), {}
    if results.study.record.kind != "summary":
        files["curves.png"] = _curves(results, summary)
    files["heatmap.png"] = _heatmap(results, summary)
    files["summary.csv"] = as_csv(summary).encode()
    for name, data in files.items():
        try:
            results.store.put(name, data)
        except OSError as error:
            raise InputError(f"{results.store}/{name}: cannot be written ({said(error)})") from None
    return [f"{results.store}/{name}" for name in files]


def _curves(results: Results, summary: pd.DataFrame) -> bytes:
    """Draw the learning curves of some configurations."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.8), layout="constrained")
    curves = results.curves(window=window_of(results.study))
    chosen = spread(summary, 1)
    ax = draw_curves(curves, chosen, figure.subplots())
    some = f"\n{len(chosen)} of {len(summary)} configurations, from the best to the worst"
    ax.set_title(plain(str(results.study)) + (some if len(chosen) < len(summary) else ""))
    return _png(figure)


def draw_curves(curves: pd.DataFrame, chosen: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw the learning curves of chosen rows of a summary.

    Estimates that span more than a factor of 20 are drawn on a logarithmic scale.
    """
    from matplotlib.ticker import ScalarFormatter, SymmetricalLogLocator

    names = list(chosen.columns[: chosen.columns.get_loc("runs")])
    shown = chosen[names].merge(curves, on=names, how="left", sort=False)
    shown.attrs = curves.attrs
    ax = plot.learning_curves(shown, ax=ax)
    size = shown["estimate"].abs()
    if size.max() > _WIDE * size.min() and size.min() >= 1:
        ax.set_yscale("symlog", linthresh=1)
        ax.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1, subs=[1, 2, 5]))
        ax.yaxis.set_major_formatter(ScalarFormatter())
        ax.set_ylim(*_limits(shown["estimate"]))
    return ax


def window_of(study: Study) -> int:
    """Choose how many episodes make a point of a curve, of those that were recorded."""
    record, episodes = study.record, study.episodes
    if record.has_moments or episodes <= _POINTS * record.window:
        return record.window
    return math.ceil(episodes / _POINTS_OF_MANY / record.window) * record.window


def _heatmap(results: Results, summary: pd.DataFrame) -> bytes:
    """Draw the estimates of all configurations."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.2), layout="constrained")
    x, y = axes_of(results.study.names)
    plot.heatmap(summary, x, y, ax=figure.subplots()).set_title(plain(str(results.study)))
    return _png(figure)


def _png(figure: "Figure") -> bytes:
    """Give a picture's bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150)
    return buffer.getvalue()


def best_configurations(summary: pd.DataFrame, count: int, sign: int = 1) -> pd.DataFrame:
    """Take the configurations with the greatest estimates (the least, for -1), the best first."""
    return summary.sort_values("estimate", ascending=sign < 0, kind="stable").head(count)


def axes_of(names: list[str]) -> tuple[str, str | None]:
    """Choose what varies across a heatmap and, where there is more, what varies upwards."""
    if "agent" in names and len(names) > 1:
        return names[1], "agent"
    return names[0], names[1] if len(names) > 1 else None


def spread(summary: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Take some configurations at even ranks, from the best to the worst."""
    ranked = best_configurations(summary, len(summary), sign)
    count = min(_CURVES, len(ranked))
    ranks = [round(i * (len(ranked) - 1) / max(1, count - 1)) for i in range(count)]
    return ranked.iloc[ranks]


def _limits(values: pd.Series) -> tuple[float, float]:
    """Bound a logarithmic axis by the values, for those of one sign, with some room."""
    low, high = float(values.min()), float(values.max())
    return (low * 1.3, high / 1.3) if high < 0 else (low / 1.3, high * 1.3)
