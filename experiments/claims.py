"""What experiments say: claims with their verdicts, and the scale that they are checked at."""

from collections.abc import Hashable
from math import inf, isnan, nan
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import fastq

T = TypeVar("T")


BASES = {
    "printed": "the publication says it in words",
    "read off": "taken from a figure of the publication, as well as one can",
    "ordering": "a figure of the publication shows which of two is above",
    "exact": "not published: computed exactly, apart from what is measured",
    "independent": "not published: from a simulation that shares no code with fastq",
}
"""What an expected number rests on. Nothing but the first three is published."""


class Claim(NamedTuple):
    """An expected number beside the measured one: an equivalence test.

    It is reproduced if the whole interval lies within the tolerance, and contradicted if none of it
    does. Else too few runs were done to tell: an interval that is wide decides nothing.
    """

    target: str
    """The row of the table of targets."""
    what: str
    basis: str
    """What the expected number rests on: one of `BASES`."""
    expected: float
    measured: float
    lower: float = nan
    upper: float = nan
    """The 95 % interval over runs; none where the measured number is exact."""
    tolerance: float = 0.0
    note: str = ""
    reproduces: bool = True
    """Whether it does, as far as is known. Where not, the note gives reason and evidence."""

    @property
    def ordering(self) -> bool:
        """Whether it is enough to lie above what is expected."""
        return self.basis == "ordering"

    @property
    def bounds(self) -> tuple[float, float]:
        """The interval, which is a point where the number is exact."""
        return (self.measured,) * 2 if isnan(self.lower) else (self.lower, self.upper)

    @property
    def agrees(self) -> bool:
        """Whether all of the interval is within the tolerance."""
        low, high = self.bounds
        if self.ordering:
            return low > self.expected
        return self.expected - self.tolerance <= low and high <= self.expected + self.tolerance

    @property
    def contradicts(self) -> bool:
        """Whether none of the interval is within the tolerance."""
        low, high = self.bounds
        if isnan(self.measured):
            return True
        if self.ordering:
            return high <= self.expected
        return low > self.expected + self.tolerance or high < self.expected - self.tolerance

    @property
    def fails(self) -> bool:
        """Whether what is said of the expected number is contradicted."""
        return isnan(self.measured) or (self.contradicts if self.reproduces else self.agrees)

    @property
    def holds(self) -> bool:
        """Whether what is said of the expected number is shown."""
        return self.agrees if self.reproduces else self.contradicts and not self.fails

    @property
    def verdict(self) -> str:
        """What came of it."""
        if self.fails:
            return "**CONTRADICTED**" if self.reproduces else "**REPRODUCED AFTER ALL**"
        if not self.holds:
            return "undecided: too few runs"
        return "reproduced" if self.reproduces else "does not reproduce: see the note"


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
    basis: str,
    expected: float,
    found: Any,
    tolerance: float,
    note: str = "",
    *,
    reproduces: bool = True,
) -> Claim:
    """Hold an expected number against what was found.

    Parameters
    ----------
    target, what, basis, expected, tolerance, note, reproduces
        As in `Claim`. The tolerance is what is not known of the expected number: `targets.py` says
        why it is as large.
    found : float, or with estimate, lower and upper
        An exact number; or an estimate over runs, such as a row of `Results.summary`. One without
        an interval, as of one run, decides nothing.
    """
    if basis not in BASES:
        raise ValueError(f"basis = {basis!r}: must be one of {', '.join(BASES)}")
    if not hasattr(found, "estimate"):
        measured, lower, upper = float(found), nan, nan
    else:
        measured, lower, upper = map(float, (found.estimate, found.lower, found.upper))
        if isnan(lower):
            lower, upper = -inf, inf
    return Claim(target, what, basis, expected, measured, lower, upper, tolerance, note, reproduces)


def farthest(
    target: str,
    what: str,
    basis: str,
    expected: "pd.Series[float]",
    found: pd.DataFrame,
    tolerance: Any,
) -> Claim:
    """Hold a whole curve against a measured one: the claim is that of its worst point.

    That is the one farthest outside its tolerance, if there is one; else the one whose interval
    reaches farthest towards or over the bound. So the claim holds if each point's does.

    Parameters
    ----------
    target, what, basis
        As in `Claim`.
    expected : Series
        By what the curve is drawn against; points that are not known are NaN.
    found : DataFrame
        With estimate, lower and upper; its index holds all of those points.
    tolerance : float or Series
    """
    points = expected.dropna().index
    allowed, curve = pd.Series(tolerance, index=expected.index)[points], found.loc[points]
    far = {
        "outside": [curve["lower"] - expected[points], expected[points] - curve["upper"]],
        "over": [curve["upper"] - expected[points], expected[points] - curve["lower"]],
    }
    outside, over = (pd.concat(sides, axis=1).max(axis=1) - allowed for sides in far.values())
    worst = (outside if (outside > 0).any() else over).idxmax()
    count = f"{(outside > 0).sum()} of {len(points)}"
    note = f"{count} points of {what} are contradicted" if (outside > 0).any() else ""
    where = f"{what}, worst of {len(points)} points: {_at(expected.index.name, worst)}"
    return claim(target, where, basis, expected[worst], curve.loc[worst], allowed[worst], note)


def ordered(target: str, what: str, above: pd.DataFrame, below: pd.DataFrame) -> Claim:
    """Claim that one curve lies above another at each point: the least gap is above 0.

    The least gap is the one whose interval begins lowest; it is that of two curves whose intervals
    hold, whatever runs they share. If some interval lies below 0, it is of these.
    """
    gap = above["estimate"] - below["estimate"]
    lower, upper = above["lower"] - below["upper"], above["upper"] - below["lower"]
    worst = (upper if (upper <= 0).any() else lower).idxmin()
    several = f", least gap of {len(gap)} points: {_at(above.index.name, worst)}"
    where = what + several * (len(gap) > 1)
    measured = (float(series[worst]) for series in (gap, lower, upper))
    return Claim(target, where, "ordering", 0.0, *measured)


def _at(name: Hashable, value: Any) -> str:
    """Name a point of a curve."""
    return f"{name} {value:g}"
