"""What all pictures share: colours and line styles, and the words for what is drawn.

The colours are those of Okabe and Ito (2008), which colour-blind readers tell apart. Line styles
change with them; as there are five, two curves of one style differ in lightness, and are told
apart in grey as well.
"""

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


def look(index: int) -> Look:
    """Give the colour and the line style of a curve, from 0; 35 differ."""
    return Look(PALETTE[index % len(PALETTE)], STYLES[index % len(STYLES)])


def plain(text: str) -> str:
    """Write text that others chose so that Matplotlib draws it as it stands: ``$`` is a sign."""
    return printable(text, keep="\n").replace("$", r"\$")


def entry(label: str) -> str:
    """Write a label so that the legend shows it: Matplotlib leaves out what begins with ``_``."""
    return f" {label}" if label.startswith("_") else label


def metric_label(text: str | None) -> str:
    """Write out the word for a metric, with the number that may follow it: ``return_last:50``.

    Words of others are written as they stand; without one it is an estimate.
    """
    name, _, number = (text or "").partition(":")
    if name in DEFINITIONS:
        return DEFINITIONS[name].label(plain(number))
    words = OF_STEPS.get(name, plain(name.replace("_", " "))) or "estimate"
    return f"{words} ({plain(number)})" if number else words


def less_is_better(metric: str | None) -> bool:
    """Say whether the best of a metric is its least value; of one that is not known, it is not."""
    row = DEFINITIONS.get((metric or "").partition(":")[0])
    return row is not None and row.sign < 0


def noted(table: pd.DataFrame, name: str, said: Any) -> Any:
    """Take what the caller says of a table, else what `Results` noted in its ``attrs``, or None.

    pandas drops these notes where tables are merged, and where tables with different notes are
    concatenated. So nothing depends on them: what is not known is not named.
    """
    return table.attrs.get(name) if said is None else said


class Shown(NamedTuple):
    """What the estimates of a table are, for its labels; None where nobody says."""

    metric: str | None = None
    estimator: str | None = None
    interval: str | None = None
    level: float | None = None
    window: int | None = None

    @classmethod
    def of(cls, table: pd.DataFrame, **said: Any) -> "Shown":
        """Take what the caller says of a table, else what is noted in it."""
        return cls(**{name: noted(table, name, said.get(name)) for name in cls._fields})

    @property
    def estimate(self) -> str:
        """Name what was taken of what, as in ``mean return``; nothing, where no metric is known."""
        if self.metric is None:
            return ""
        of = " of the " if " " in self._estimator else " " if self._estimator else ""
        return self._estimator + of + metric_label(self.metric)

    @property
    def _estimator(self) -> str:
        """Name what was taken over the runs."""
        name, _, number = (self.estimator or "").partition(":")
        if name == "quantile":
            return f"{plain(number)} quantile"
        return _ESTIMATORS.get(name, plain(name))

    def bounds(self, table: pd.DataFrame) -> str:
        """Name the interval and its level; say so where there is none."""
        if table["lower"].isna().all():
            return "no interval"
        interval = _INTERVALS.get(self.interval or "", "interval")
        return interval if self.level is None else f"{self.level * 100:g} % {interval}"

    def runs_and_bounds(self, table: pd.DataFrame) -> str:
        """Say how many runs there are, and what the interval is."""
        return f"{runs_label(table['runs'])}, {self.bounds(table)}"

    def band(self, table: pd.DataFrame) -> str:
        """Name estimator, runs and interval, as in ``mean of 5 runs, 95 % t interval``."""
        bounds, of = self.bounds(table), f"{self._estimator} of " if self._estimator else ""
        mark = "; " if bounds == "no interval" else ", "
        return f"{of}{runs_label(table['runs'])}{mark}{bounds}"


def runs_label(runs: pd.Series) -> str:
    """Say how many runs there are."""
    few, most = int(runs.min()), int(runs.max())
    return f"{most} run{'s' if most > 1 else ''}" if few == most else f"{few} to {most} runs"
