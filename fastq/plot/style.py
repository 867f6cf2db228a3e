"""What all pictures share: colours and line styles, and the words for what is drawn.

The colours are those of Okabe and Ito (2008), which colour-blind readers tell apart. Line styles
change with them; as there are five, two curves of one style differ in lightness, and are told
apart in grey as well.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from fastq.base.text import printable
from fastq.study.metrics import DEFINITIONS, OF_STEPS

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000", "#D55E00")
STYLES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (9, 2.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
BAND = 0.2
_INTERVALS = {
    "t": "t interval",
    "bootstrap": "bootstrap interval",
    "bca": "BCa interval",
    "simultaneous": "simultaneous band",
    "tolerance": "tolerance interval",
}
_ESTIMATORS = {"mean": "mean", "median": "median", "iqm": "interquartile mean"}


class Look(NamedTuple):
    """How a curve looks."""

    color: str
    linestyle: Any


def look(place: int) -> Look:
    """Give the colour and the line style of the curve at a place, from 0; 35 differ."""
    return Look(PALETTE[place % len(PALETTE)], STYLES[place % len(STYLES)])


def plain(text: str) -> str:
    """Write text that others chose so that Matplotlib draws it as it stands: ``$`` is a sign."""
    return printable(text, keep="\n").replace("$", r"\$")


def entry(label: str) -> str:
    """Write a label so that the legend shows it: Matplotlib leaves out what begins with ``_``."""
    return f" {label}" if label.startswith("_") else label


def metric_label(text: str) -> str:
    """Write out the word for a metric, with the number that may follow it: ``return_last:50``."""
    name, _, number = text.partition(":")
    if name in DEFINITIONS:
        return DEFINITIONS[name].label(plain(number))
    words = OF_STEPS.get(name, plain(name.replace("_", " "))) or "estimate"
    return f"{words} ({plain(number)})" if number else words


def less_is_better(metric: str) -> bool:
    """Say whether the best of a metric is its least value."""
    row = DEFINITIONS.get(metric.partition(":")[0])
    return row is not None and row.sign < 0


def estimator_label(attrs: Mapping[Any, Any]) -> str:
    """Name what was taken over the runs: by default their mean."""
    name, _, number = str(attrs.get("estimator", "mean")).partition(":")
    return f"{plain(number)} quantile" if name == "quantile" else _ESTIMATORS.get(name, plain(name))


def estimate_label(attrs: Mapping[Any, Any]) -> str:
    """Name what was taken of what, as in ``mean return``; nothing, where no metric is named."""
    if "metric" not in attrs:
        return ""
    estimator = estimator_label(attrs)
    return estimator + (" of the " if " " in estimator else " ") + metric_label(attrs["metric"])


def interval_label(attrs: Mapping[Any, Any], lower: pd.Series) -> str:
    """Name the interval and its level; say so where there is none."""
    if lower.isna().all():
        return "no interval"
    interval = _INTERVALS.get(attrs.get("interval", ""), "interval")
    return (f"{attrs['level'] * 100:g} % " if "level" in attrs else "") + interval


def runs_label(runs: pd.Series) -> str:
    """Say how many runs there are."""
    few, most = int(runs.min()), int(runs.max())
    return f"{most} run{'s' if most > 1 else ''}" if few == most else f"{few} to {most} runs"


def band_label(table: pd.DataFrame) -> str:
    """Name the estimator, the runs and the interval, as in ``mean of 5 runs, 95 % t interval``."""
    interval = interval_label(table.attrs, table["lower"])
    mark = "; " if interval == "no interval" else ", "
    return f"{estimator_label(table.attrs)} of {runs_label(table['runs'])}{mark}{interval}"
