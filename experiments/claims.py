"""What experiments say: claims with their verdicts, and the scale that they are checked at."""

from collections.abc import Hashable
from math import isnan, nan
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import fastq

T = TypeVar("T")


class Claim(NamedTuple):
    """A published number beside the measured one."""

    target: str
    """The row of the table of targets."""
    what: str
    published: float
    measured: float
    lower: float = nan
    upper: float = nan
    """The 95 % interval over runs; none where the measured number is exact."""
    tolerance: float = 0.0
    note: str = ""
    reproduces: bool = True
    """Whether it does, as far as is known. Where not, the note gives reason and evidence."""
    ordering: bool = False
    """Whether it is enough to lie above what is published."""

    @property
    def agrees(self) -> bool:
        """Whether the measured number is the published one, within the tolerance."""
        excess = self.measured - self.published
        return excess > -self.tolerance if self.ordering else abs(excess) <= self.tolerance

    @property
    def holds(self) -> bool:
        """Whether what is said of the published number is so."""
        return self.agrees == self.reproduces and not isnan(self.measured)

    @property
    def verdict(self) -> str:
        """What came of it."""
        if not self.holds:
            return "**FAILS**"
        return "reproduced" if self.agrees else "does not reproduce: see the note"

    def widened(self) -> "Claim":
        """Allow for few runs: the tolerance grows by the width of the interval."""
        width = self.upper - self.lower
        return self if isnan(width) else self._replace(tolerance=self.tolerance + width)


class Found(NamedTuple):
    """What an experiment gives."""

    claims: list[Claim]
    figure: Axes | Figure


class Work(NamedTuple):
    """What was trained."""

    runs: int
    steps: int
    seconds: float
    truncated: int
    """Episodes that the time limit cut short."""


class Scale:
    """The scale of an experiment, full or quick, and the folder of its results."""

    def __init__(self, folder: Path, full: bool) -> None:
        self.folder, self.full = folder, full
        self.work: list[Work] = []

    def pick(self, full: T, quick: T) -> T:
        """Choose by the scale."""
        return full if self.full else quick

    def run(self, sweep: fastq.Sweep, name: str = "sweep") -> fastq.Results:
        """Run a sweep, or what an interrupted one has left of it."""
        results = fastq.run(sweep, self.folder / name)
        about, truncated = results.manifest, int(results.summary()["truncated"].sum())
        self.count(results.total, about["steps"], about["wall_time"], truncated)
        return results

    def count(self, runs: int, steps: int, seconds: float, truncated: int = 0) -> None:
        """Put down work that was done."""
        self.work.append(Work(runs, steps, seconds, truncated))


def claim(
    target: str,
    what: str,
    published: float,
    found: Any,
    tolerance: float,
    note: str = "",
    *,
    reproduces: bool = True,
) -> Claim:
    """Hold a published number against what was found.

    Parameters
    ----------
    target, what, published, tolerance, note, reproduces
        As in `Claim`.
    found : float, or with estimate, lower and upper
        An exact number; or an estimate over runs, such as a row of `Results.summary`.
    """
    exact = not hasattr(found, "estimate")
    numbers = (found, nan, nan) if exact else (found.estimate, found.lower, found.upper)
    measured, lower, upper = map(float, numbers)
    return Claim(target, what, published, measured, lower, upper, tolerance, note, reproduces)


def farthest(
    target: str, what: str, published: "pd.Series[float]", found: pd.DataFrame, tolerance: Any
) -> Claim:
    """Hold a published curve against a measured one: the claim is that of its worst point.

    That is the one farthest beyond its tolerance, in widths of its interval.

    Parameters
    ----------
    target, what
        As in `Claim`.
    published : Series
        By what the curve is drawn against; points that are not published are NaN.
    found : DataFrame
        With estimate, lower and upper; its index holds all of those points.
    tolerance : float or Series
    """
    points = published.dropna().index
    allowed, curve = pd.Series(tolerance, index=published.index)[points], found.loc[points]
    beyond = (curve["estimate"] - published[points]).abs() - allowed
    worst = (beyond / (curve["upper"] - curve["lower"])).idxmax()
    count = f"{(beyond > 0).sum()} of {len(points)}"
    note = f"{count} points of {what} are beyond the tolerance of full scale"
    place = f"{what}, worst of {len(points)} points: {_at(published.index.name, worst)}"
    shown = note if (beyond > 0).any() else ""
    return claim(target, place, published[worst], curve.loc[worst], allowed[worst], shown)


def ordered(target: str, what: str, above: pd.DataFrame, below: pd.DataFrame) -> Claim:
    """Claim that one curve lies above another at each point: the least gap is above 0.

    The interval of the gap is that of two curves whose intervals hold, whatever runs they share.
    """
    gap = above["estimate"] - below["estimate"]
    worst = gap.idxmin()
    bounds = above["lower"] - below["upper"], above["upper"] - below["lower"]
    place = f"{what}, least gap of {len(gap)} points: {_at(above.index.name, worst)}"
    measured, lower, upper = (float(series[worst]) for series in (gap, *bounds))
    return Claim(target, place, 0.0, measured, lower, upper, ordering=True)


def _at(name: Hashable, value: Any) -> str:
    """Name a point of a curve."""
    return f"{name} {value:g}"
