"""What a sweep leaves beside its parts for people to look at: two pictures and a table."""

import io
import math
import textwrap
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from fastq import plot
from fastq.base.errors import InputError
from fastq.base.spreadsheets import as_csv
from fastq.plot.limits import frame
from fastq.plot.style import Shown, metric_label, plain
from fastq.results.results import Results
from fastq.study.metrics import Metric, find_metric
from fastq.study.record import METRICS
from fastq.study.storage.manifest import said
from fastq.study.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CURVES, _AGENTS = 6, 10
_POINTS, _POINTS_OF_MANY = 500, 150
_WIDE = 20
_SMALL, _LETTERS = 10, 95


class Chosen(NamedTuple):
    """The configurations whose curves are drawn."""

    rows: pd.DataFrame
    """Of a summary."""
    words: str
    """Which they are; nothing where they are all."""


def write_pictures(results: Results, metric: str = "return") -> list[str]:
    """Write ``curves.png``, ``heatmap.png`` and ``summary.csv`` beside the study's parts.

    The curves are those of `choose_curves`: of returns, or of the metric where it has any. Curves
    that span more than a factor of 20 are drawn on a logarithmic scale, and more than 500 episodes
    as means over windows.

    Parameters
    ----------
    results : Results
    metric : str
        What is best, and what heatmap and table show; see `fastq.metrics`.

    Returns
    -------
    list of str
        What was written: no curves, where only one row a run was recorded.

    Raises
    ------
    InputError
        For a metric that is none or asks for what was not recorded, and where the study has no
        finished runs, or a damaged part.
    """
    asked = find_metric(metric)
    summary, files = results.summary(metric), {}
    if results.study.record.kind.has_curves:
        files["curves.png"] = _curves(results, summary, asked)
    files["heatmap.png"] = _heatmap(results, summary)
    files["summary.csv"] = as_csv(summary).encode()
    for name, data in files.items():
        try:
            results.store.put(name, data)
        except OSError as error:
            raise InputError(f"{results.store}/{name}: cannot be written ({said(error)})") from None
    return [f"{results.store}/{name}" for name in files]


def _curves(results: Results, summary: pd.DataFrame, metric: Metric) -> bytes:
    """Draw the learning curves of some configurations."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.8), layout="constrained")
    curves = (
        results.curves(str(metric))
        if metric.of_policies
        else results.curves(curve_of(metric), window=window_of(results.study))
    )
    chosen = choose_curves(summary, metric)
    ax = draw_curves(curves, chosen.rows, figure.subplots())
    title = "\n".join(
        textwrap.fill(line, _LETTERS) for line in (*_title(results).split("\n"), chosen.words)
    )
    ax.set_title(plain(title.strip()), fontsize=_SMALL)
    return _png(figure)


def curve_of(metric: Metric) -> str:
    """Name what of episodes is drawn for a metric: itself, or the return."""
    return metric.name if metric.name in METRICS else "return"


def choose_curves(summary: pd.DataFrame, metric: Metric) -> Chosen:
    """Choose the configurations whose curves are drawn.

    Of several agents, each at its best configuration, and at most ten of them, the best; of one
    agent, at most six configurations at even ranks, from the best to the worst.

    Parameters
    ----------
    summary : DataFrame
        From `Results.summary`, by this metric.
    metric : Metric
        What is best.

    Returns
    -------
    Chosen
    """
    ranked = best_configurations(summary, len(summary), metric.sign)
    by = f"by {metric}"
    if "agent" in summary:
        best = ranked.drop_duplicates("agent")
        rows, left_out = best.head(_AGENTS).sort_index(), len(best) - _AGENTS
        words = f"each agent at its best {by}" if len(rows) < len(summary) else ""
        if left_out > 0:
            words = f"each agent at its best {by}: the best {_AGENTS}, {left_out} left out"
        return Chosen(rows, words)
    count = min(_CURVES, len(ranked))
    ranks = [round(i * (len(ranked) - 1) / max(1, count - 1)) for i in range(count)]
    listed = ", ".join(str(rank + 1) for rank in ranks)
    some = f"{count} of {len(ranked)} configurations, from the best to the worst {by}"
    return Chosen(ranked.iloc[ranks], f"{some}: ranks {listed}" if count < len(ranked) else "")


def draw_curves(curves: pd.DataFrame, chosen: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw the learning curves of chosen rows of a summary.

    Estimates that span more than a factor of 20 are drawn on a logarithmic scale.
    """
    names = list(chosen.columns[: chosen.columns.get_loc("estimate")])
    shown = chosen[names].merge(curves, on=names, how="left", sort=False)
    said = Shown.of(curves)  # of which the merge leaves nothing
    ax = plot.learning_curves(shown, ax, **said._asdict())
    size = shown["estimate"].abs()
    if size.max() > _WIDE * size.min() and size.min() >= 1:
        frame(ax, shown, metric_label(said.metric), log=True)
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
    plot.heatmap(summary, x, y, ax=figure.subplots()).set_title(plain(_title(results)))
    return _png(figure)


def _title(results: Results) -> str:
    """Say what a picture shows, and which runs of it are of older algorithms."""
    return "\n".join([str(results.study), *(str(runs) for runs in results.stale if runs.newer)])


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
