"""Fair selection: which configuration is the best, how surely, and what it is really worth.

The greatest of many noisy estimates is flattered by its own luck. So the winner is trained again on
fresh runs, which had no part in its selection: the difference is the optimism gap. And it may have
won by luck alone: so all configurations that could be the best are named.

Source: Patterson et al. (2024), Empirical Design in Reinforcement Learning, Journal of Machine
Learning Research 25.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from fastq import statistics
from fastq.base.errors import InputError
from fastq.study.metrics import Floats, Metric, failed_last
from fastq.study.study import Cell, describe

Fresh = Callable[[int], Floats]
"""Trains fresh runs of the configuration at a place, and gives the metric of each."""


class Bounded(NamedTuple):
    """A number and its interval."""

    estimate: float
    lower: float
    upper: float

    def __str__(self) -> str:
        if np.isnan(self.lower):
            return f"{self.estimate:.4g} (no interval)"
        return f"{self.estimate:.4g} [{self.lower:.4g}, {self.upper:.4g}]"


class NoneFiniteError(InputError):
    """Each configuration has a run whose metric is not finite."""


@dataclass(frozen=True)
class Selection:
    """The best of a grid; see `Results.select`."""

    metric: str
    level: float
    table: pd.DataFrame
    """A row for each configuration: the hyperparameters of the grid, runs, estimate, lower, upper,
    wins (share of resamples of the runs in which it is the best), plausible (whether it could be
    the best), doubtful (whether a few runs far from the others make its interval doubtful).
    Estimates are NaN where the metric of a run is not finite: such a configuration is never
    chosen."""
    best: dict[str, Cell]
    """What the winner has of the grid."""
    runs: int
    selected: Bounded
    """Its metric over the runs that it was selected by."""
    confirmed: Bounded
    """Its metric over fresh runs; NaN where there are none."""
    fresh_runs: int
    optimism: Bounded
    """By how much the selection flattered it: positive where the fresh runs are worse."""

    def __repr__(self) -> str:
        fresh = f", over {_runs(self.fresh_runs, 'fresh ')} {self.confirmed}"
        return (
            f"Selection(by {self.metric}: {describe(self.best)}\n"
            f"  over {_runs(self.runs)} {self.selected}{fresh if self.fresh_runs else ''}\n"
            f"  {self.table['plausible'].sum()} of {len(self.table)} configurations could be the "
            f"best, at {100 * self.level:g} % confidence)"
        )

    def __str__(self) -> str:
        names, percent = list(self.best), f"{100 * self.level:g} %"
        plausible = self.table[self.table["plausible"]].sort_values("wins", ascending=False)
        lines = [
            f"the best by {self.metric}: {describe(self.best)}",
            f"  over the {_runs(self.runs)} that it was selected by: {self.selected}",
        ]
        if self.fresh_runs:
            lines += [
                f"  over {_runs(self.fresh_runs, 'fresh ')}: {self.confirmed}",
                f"  optimism of the selection: {self.optimism}",
            ]
        lines.append(
            f"{len(plausible)} of {len(self.table)} configurations could be the best, at "
            f"{percent} confidence:"
        )
        shown = plausible[[*names, "estimate", "lower", "upper", "wins"]].head(_SHOWN)
        lines.append(shown.to_string(index=False, float_format=lambda value: f"{value:g}"))
        if len(plausible) > _SHOWN:
            lines.append(f"  and {len(plausible) - _SHOWN} more")
        failed = self.table[self.table["estimate"].isna()]
        if len(failed):
            points = failed[self.table.columns[: self.table.columns.get_loc("runs")]]
            told = [describe(_point(points, i)) for i in range(len(points))[:_SHOWN]]
            told += [f"and {len(failed) - _SHOWN} more"] * (len(failed) > _SHOWN)
            lines.append(
                f"left out, for the {self.metric} of a run is not finite: {'; '.join(told)}"
            )
        doubtful = int(plausible["doubtful"].sum())
        if doubtful:
            lines.append(statistics.describe_doubt(doubtful, len(plausible)))
        lines.append(statistics.describe_unseen(self.runs, self.level))
        return "\n".join(lines)


_SHOWN, _PAIRS = 10, 8


@dataclass(frozen=True)
class Comparison:
    """Agents beside each other, each tuned and confirmed; see `Results.compare`."""

    metric: str
    level: float
    winners: pd.DataFrame
    """A row for each agent: the hyperparameters of its best configuration, runs and estimate of
    the selection; fresh_runs, confirmed, lower, upper over fresh runs; optimism."""
    differences: pd.DataFrame
    """A row for each pair: first, second; estimate, lower, upper of the mean difference between
    them in the same fresh runs; runs; improvement, improvement_lower, improvement_upper, the
    probability that the first does better than the second in the same run (equal runs count half);
    doubtful, whether a few runs far from the others make the interval of the difference doubtful.
    The intervals of the differences hold together at the level, and so do those of the
    probabilities."""

    def __repr__(self) -> str:
        pairs = [f"  {line.split('; ')[0]}" for line in self._told()]
        more = [f"  and {len(pairs) - _PAIRS} more"] if len(pairs) > _PAIRS else []
        head = f"Comparison(by {self.metric}, at the best of each:"
        return "\n".join([head, *pairs[:_PAIRS], *more]) + ")"

    def _told(self) -> list[str]:
        """Say of each pair how far apart its two are."""
        lines = []
        for row in self.differences.to_dict("records"):
            gap = Bounded(row["estimate"], row["lower"], row["upper"])
            better = Bounded(*(row[f"improvement{end}"] for end in ("", "_lower", "_upper")))
            lines.append(
                f"{row['first']} - {row['second']}: {gap}, {_verdict(gap)}; "
                f"{row['first']} does better in the same run with probability {better}"
            )
        return lines

    def __str__(self) -> str:
        shown = self.winners.to_string(index=False, float_format=lambda value: f"{value:.4g}")
        lines = [f"each tuned by {self.metric}, then run afresh:", shown, "", *self._told()]
        doubtful = int(self.differences["doubtful"].sum())
        if doubtful:
            lines.append(statistics.describe_doubt(doubtful, len(self.differences)))
        lines.append(statistics.describe_unseen(int(self.winners["fresh_runs"].min()), self.level))
        return "\n".join(lines)


def select(
    values: Floats,
    points: pd.DataFrame,
    metric: Metric,
    fresh: Fresh | None,
    level: float,
    seed: int,
) -> Selection:
    """Select the best configuration, and confirm it.

    Parameters
    ----------
    values : array, shape (runs, C)
        The metric of each run; NaN where a configuration lacks it.
    points : DataFrame
        C rows of hyperparameters.
    metric : Metric
    fresh : callable, optional
        Without it nothing is confirmed.
    level, seed
        As for `statistics.best_set`.
    """
    table = _estimates(values, points, level)
    if table["estimate"].isna().all():
        raise NoneFiniteError(
            f"metric = '{metric}': is not finite in a run of each configuration; must be in all "
            "runs of one that is to be the best"
        )
    found = statistics.best_set(metric.sign * values, level, seed=seed)
    table["wins"], table["plausible"] = found.wins, found.plausible
    table["doubtful"] = doubtful_columns(values)
    order = metric.sign * table["estimate"].where(table["plausible"])
    place = int(order.argmax())
    used = values[~np.isnan(values[:, place]), place]
    anew = fresh(place) if fresh else np.empty(0)
    return Selection(
        metric=str(metric),
        level=level,
        table=table,
        best=_point(points, place),
        runs=len(used),
        selected=_bounded(used, level),
        confirmed=_bounded(anew, level),
        fresh_runs=len(anew),
        optimism=_gap(metric.sign * used, metric.sign * anew, level),
    )


def compare(
    values: Floats, points: pd.DataFrame, by: str, metric: Metric, fresh: Fresh, level: float
) -> Comparison:
    """Tune each agent (or other value of `by`), confirm it, and pair them.

    Parameters
    ----------
    values, points, metric, fresh, level
        As for `select`.
    by : str
        The column that says who is compared.

    Raises
    ------
    InputError
        Where there are no two to compare.
    """
    groups = list(points.groupby(by, sort=False, dropna=False).indices.items())
    if len(groups) < 2:
        raise InputError(f"by = {by!r}: has one value; must have two or more to be compared")
    estimates = _estimates(values, points, level)["estimate"].to_numpy()
    winners, anew = [], []
    for _, places in groups:
        scores = np.nan_to_num(metric.sign * estimates[places], nan=-np.inf)
        place = int(places[scores.argmax()])
        anew.append(fresh(place))
        used = values[~np.isnan(values[:, place]), place]
        confirmed = _bounded(anew[-1], level)
        winners.append(
            {
                **_point(points, place),
                "runs": len(used),
                "estimate": float(estimates[place]),
                "fresh_runs": len(anew[-1]),
                "confirmed": confirmed.estimate,
                "lower": confirmed.lower,
                "upper": confirmed.upper,
                "optimism": _gap(metric.sign * used, metric.sign * anew[-1], level).estimate,
            }
        )
    names = [str(name) for name, _ in groups]
    return Comparison(str(metric), level, pd.DataFrame(winners), _pairs(names, anew, metric, level))


def _pairs(names: list[str], values: list[Floats], metric: Metric, level: float) -> pd.DataFrame:
    """Compare all pairs; the error is shared among them (Bonferroni)."""
    pairs = list(combinations(range(len(names)), 2))
    each, rows = 1 - (1 - level) / len(pairs), []
    for one, other in pairs:
        with np.errstate(over="ignore", invalid="ignore"):
            apart = values[one] - values[other]
        gap = _bounded(apart, each)
        first, second = (failed_last(metric, values[i]) for i in (one, other))
        better = statistics.probability_of_improvement(first, second, each, paired=True)
        rows.append(
            {
                "first": names[one],
                "second": names[other],
                **gap._asdict(),
                "runs": len(values[one]),
                "improvement": better.estimate,
                "improvement_lower": better.lower,
                "improvement_upper": better.upper,
                "doubtful": bool(statistics.doubtful(apart)),
            }
        )
    table = pd.DataFrame(rows)
    floats = [name for name in table.columns if name not in _EXACT]
    table = table.astype(dict.fromkeys(floats, float))
    table.attrs.update(metric=str(metric), estimator="mean", level=level, interval="t")
    return table


_EXACT = ("first", "second", "runs", "doubtful")


def doubtful_columns(values: Floats) -> list[bool]:
    """Say which intervals of means over runs are doubtful; values of missing runs are NaN."""
    return [bool(statistics.doubtful(column[~np.isnan(column)])) for column in values.T]


def _estimates(values: Floats, points: pd.DataFrame, level: float) -> pd.DataFrame:
    """Estimate the mean of each configuration over the runs that it has."""
    rows = [_bounded(column[~np.isnan(column)], level) for column in values.T]
    table = pd.concat([points, pd.DataFrame(rows)], axis=1)
    table.insert(points.shape[1], "runs", (~np.isnan(values)).sum(axis=0))
    return table


def _bounded(values: Floats, level: float) -> Bounded:
    """Give the mean of some runs with its t interval; NaN of none."""
    if not len(values):
        return Bounded(np.nan, np.nan, np.nan)
    found = statistics.interval_where_finite(values, level=level)
    return Bounded(*(float(bound) for bound in found))


@np.errstate(over="ignore", invalid="ignore")
def _gap(used: Floats, anew: Floats, level: float) -> Bounded:
    """Give the difference of two groups' means with Welch's interval; NaN where it overflows."""
    gap = float(used.mean() - anew.mean()) if len(anew) else np.nan
    if not np.isfinite(gap):
        return Bounded(np.nan, np.nan, np.nan)
    if min(len(used), len(anew)) < 2:
        return Bounded(gap, np.nan, np.nan)
    scale = max(np.ptp(used), np.ptp(anew))
    if scale == 0:
        return Bounded(gap, gap, gap)
    one, other = (np.var(runs / scale, ddof=1) / len(runs) for runs in (used, anew))
    share = one / (one + other)
    freedom = 1 / (share**2 / (len(used) - 1) + (1 - share) ** 2 / (len(anew) - 1))
    half = float(scale * special.stdtrit(freedom, (1 + level) / 2) * np.sqrt(one + other))
    return Bounded(gap, gap - half, gap + half)


def _point(points: pd.DataFrame, place: int) -> dict[str, Cell]:
    """Give the hyperparameters of a configuration that it has."""
    row = points.iloc[[place]].to_dict("records")[0]
    return {str(name): value for name, value in row.items() if not (value == "" or pd.isna(value))}


def _runs(count: int, which: str = "") -> str:
    """Write a number of runs."""
    return f"{count:,} {which}run{'s' if count > 1 else ''}"


def _verdict(gap: Bounded) -> str:
    """Say whether an interval leaves the sign open."""
    if np.isnan(gap.estimate):
        return "not finite in a run: nothing can be said of the mean"
    if np.isnan(gap.lower):
        return "of one run: nothing can be said"
    return "no difference is shown" if gap.lower <= 0 <= gap.upper else "beyond chance"
