"""Fair selection: which configuration is the best, how surely, and how good it is in fresh runs.

The greatest of many noisy estimates is flattered by its own luck. So the winner is trained again on
fresh runs, which had no part in its selection: the difference is the optimism gap. And it may have
won by luck alone: so all configurations that could be the best are named.

Source: Patterson et al. (2024), Empirical Design in Reinforcement Learning, Journal of Machine
Learning Research 25.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from fastq import statistics
from fastq.base.errors import InputError
from fastq.base.text import printable
from fastq.results import sentences
from fastq.results.sentences import Bounded, Endings, percent, runs_of
from fastq.study.metrics import Floats, Metric
from fastq.study.study import Cell, describe

Fresh = Callable[[int], Floats]
"""Trains fresh runs of the configuration with an index, and gives the metric of each."""


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
    endings: Endings | None = None
    """How the runs of the study ended, where that is known."""

    def __repr__(self) -> str:
        fresh = f", over {runs_of(self.fresh_runs, 'fresh')} {self.confirmed}"
        return (
            f"Selection(by {self.metric}: {describe(self.best)}\n"
            f"  over {runs_of(self.runs)} {self.selected}{fresh if self.fresh_runs else ''}\n"
            f"  {self.table['plausible'].sum()} of {len(self.table)} configurations could be the "
            f"best, at {percent(self.level)} confidence)"
        )

    def sentences(self) -> list[str]:
        """Say which is the best, how good it is, what could be as good, and what to beware of.

        Returns
        -------
        list of str
            One sentence for each fact, each on one line.
        """
        points = self._points()
        said = [
            sentences.best_of(len(points), self.best, self.metric),
            self._mean(sentences.selecting(self.runs, len(points)), self.selected),
            *self._of_fresh_runs(),
            *self._of_the_others(),
            *sentences.at_edge(sentences.edges_of(points, self.best)),
            *(self.endings.sentences() if self.endings else []),
        ]
        plausible = self.table[self.table["plausible"]]
        doubtful = int(plausible["doubtful"].sum())
        if doubtful:
            said.append(sentences.sentence(statistics.describe_doubt(doubtful, len(plausible))))
        said.append(sentences.sentence(statistics.describe_unseen(self.runs, self.level)))
        return [printable(one) for one in said]

    def _points(self) -> pd.DataFrame:
        """Give the hyperparameters of all configurations."""
        return self.table.iloc[:, : self.table.columns.get_loc("runs")]

    def _mean(self, over: str, mean: Bounded) -> str:
        """Say what the winner's metric is over some runs."""
        return sentences.mean_of(self.metric, over, mean, self.level)

    def _of_fresh_runs(self) -> list[str]:
        """Say whether the winner had fresh runs, and what came of them."""
        if not self.fresh_runs:
            return [sentences.not_confirmed(len(self.table))]
        said = [self._mean(runs_of(self.fresh_runs, "fresh"), self.confirmed)]
        if not np.isnan(self.optimism.estimate):
            looked = "how much better it looked than in fresh runs"
            said.append(f"Its optimism, {looked}, is {self.optimism}.")
        return said

    def _of_the_others(self) -> list[str]:
        """Say which other configurations could be the best, and which are left out."""
        columns, count = self._points().columns, len(self.table)
        others = self.table[[point != self.best for point in sentences.points_of(self._points())]]
        others = others.sort_values("wins", ascending=False, kind="stable")
        plausible, failed = others[others["plausible"]], others[others["estimate"].isna()]
        equal = plausible["estimate"] == self.selected.estimate

        def named(rows: pd.DataFrame) -> str:
            return sentences.listed([describe(one) for one in sentences.points_of(rows[columns])])

        at, said = f"at {percent(self.level)} confidence", []
        if len(plausible):
            could = f"{len(plausible) + 1:,} of {count:,} configurations could be the best, {at}."
            said += [could, f"Besides it, the best could be {named(plausible)}."]
        elif count > 1:
            said.append(f"No other of the {count:,} configurations could be the best, {at}.")
        if len(failed):
            are = (
                "1 configuration is" if len(failed) == 1 else f"{len(failed):,} configurations are"
            )
            reason = f"the {self.metric} of a run is not finite"
            said.append(f"{are} left out, because {reason}: {named(failed)}.")
        return [*sentences.tied(int(equal.sum())), *said]

    def __str__(self) -> str:
        names = list(self.best)
        plausible = self.table[self.table["plausible"]].sort_values("wins", ascending=False)
        shown = plausible[[*names, "estimate", "lower", "upper", "wins"]].head(_SHOWN)
        lines = [
            *self.sentences(),
            "",
            shown.to_string(index=False, float_format=lambda value: f"{value:g}"),
        ]
        if len(plausible) > _SHOWN:
            lines.append(f"  and {len(plausible) - _SHOWN} more")
        return "\n".join(lines)


_SHOWN = 10
"""So many configurations that could be the best are printed."""


def select(
    values: Floats,
    points: pd.DataFrame,
    metric: Metric,
    fresh: Fresh | None,
    level: float,
    seed: int,
    endings: Endings | None = None,
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
    endings : Endings, optional
        How the runs of the study ended.
    """
    table = estimates_of(values, points, level)
    if table["estimate"].isna().all():
        raise NoneFiniteError(
            f"metric = '{metric}': is not finite in a run of each configuration; must be in all "
            "runs of one that is to be the best",
            field="metric",
            value=str(metric),
        )
    found = statistics.best_set(metric.sign * values, level, seed=seed)
    table["wins"], table["plausible"] = found.wins, found.plausible
    table["doubtful"] = doubtful_columns(values)
    order = metric.sign * table["estimate"].where(table["plausible"])
    index = int(order.argmax())
    used = values[~np.isnan(values[:, index]), index]
    new = fresh(index) if fresh else np.empty(0)
    return Selection(
        metric=str(metric),
        level=level,
        table=table,
        best=point_at(points, index),
        runs=len(used),
        selected=bounded(used, level),
        confirmed=bounded(new, level),
        fresh_runs=len(new),
        optimism=gap(metric.sign * used, metric.sign * new, level),
        endings=endings,
    )


def doubtful_columns(values: Floats) -> list[bool]:
    """Say which intervals of means over runs are doubtful; values of missing runs are NaN."""
    return [bool(statistics.doubtful(column[~np.isnan(column)])) for column in values.T]


def estimates_of(values: Floats, points: pd.DataFrame, level: float) -> pd.DataFrame:
    """Estimate the mean of each configuration over the runs that it has."""
    rows = [bounded(column[~np.isnan(column)], level) for column in values.T]
    table = pd.concat([points, pd.DataFrame(rows)], axis=1)
    table.insert(points.shape[1], "runs", (~np.isnan(values)).sum(axis=0))
    return table


def bounded(values: Floats, level: float) -> Bounded:
    """Give the mean of some runs with its t interval; NaN of none."""
    if not len(values):
        return Bounded(np.nan, np.nan, np.nan)
    found = statistics.interval_where_finite(values, level=level)
    return Bounded(*(float(bound) for bound in found))


@np.errstate(over="ignore", invalid="ignore")
def gap(used: Floats, new: Floats, level: float) -> Bounded:
    """Give the difference of two groups' means with Welch's interval; NaN where it overflows."""
    apart = float(used.mean() - new.mean()) if len(new) else np.nan
    if not np.isfinite(apart):
        return Bounded(np.nan, np.nan, np.nan)
    if min(len(used), len(new)) < 2:
        return Bounded(apart, np.nan, np.nan)
    scale = max(np.ptp(used), np.ptp(new))
    if scale == 0:
        return Bounded(apart, apart, apart)
    one, other = (np.var(runs / scale, ddof=1) / len(runs) for runs in (used, new))
    share = one / (one + other)
    freedom = 1 / (share**2 / (len(used) - 1) + (1 - share) ** 2 / (len(new) - 1))
    half = float(scale * special.stdtrit(freedom, (1 + level) / 2) * np.sqrt(one + other))
    return Bounded(apart, apart - half, apart + half)


def point_at(points: pd.DataFrame, index: int) -> dict[str, Cell]:
    """Give the hyperparameters of a configuration that it has."""
    return sentences.points_of(points.iloc[[index]])[0]
