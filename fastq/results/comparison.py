"""Comparisons: agents beside each other, each tuned, trained on fresh runs, and paired run by run.

Each agent is taken at its best configuration. All winners are trained on the same fresh runs, which
had no part in the tuning. What counts is their difference in each of these runs.

Source: Patterson et al. (2024), Empirical Design in Reinforcement Learning, Journal of Machine
Learning Research 25.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from fastq import statistics
from fastq.base.errors import InputError
from fastq.base.text import printable
from fastq.results import sentences
from fastq.results.selection import Fresh, bounded, estimates_of, point_at
from fastq.results.selection import gap as gap_of
from fastq.results.sentences import Bounded, Edge, Endings, percent, runs_of
from fastq.study.metrics import Floats, Metric, failed_last, find_metric
from fastq.study.study import describe

_PAIRS = 8
"""So many pairs are shown where a comparison is shown in short."""


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
    by: str = "agent"
    """What of the grid is compared."""
    edges: tuple[tuple[Edge, ...] | None, ...] = ()
    """Where each winner lies at the edge of the grid; None where the grid has no edge."""
    endings: Endings | None = None
    """How the runs of the study ended, where that is known."""

    def __repr__(self) -> str:
        pairs = [
            f"  {row['first']} - {row['second']}: {_numbers(row)}, {_verdict(_numbers(row))}"
            for row in self.differences.to_dict("records")
        ]
        more = [f"  and {len(pairs) - _PAIRS} more"] if len(pairs) > _PAIRS else []
        head = f"Comparison(by {self.metric}, at the best of each:"
        return "\n".join([head, *pairs[:_PAIRS], *more]) + ")"

    def sentences(self) -> list[str]:
        """Say how good each agent is at its best, and of each pair which is better.

        Returns
        -------
        list of str
            One sentence for each fact, each on one line.
        """
        fewest = int(self.winners["fresh_runs"].min())
        each = "Each agent" if self.by == "agent" else f"Each value of {self.by}"
        said = [
            f"{each} was tuned by {self.metric}, then trained on {runs_of(fewest, 'fresh')}, which "
            "had no part in the tuning.",
            *self._of_winners(),
        ]
        for row in self.differences.to_dict("records"):
            said += self._of_pair(row)
        said += self._of_level()
        said += self.endings.sentences() if self.endings else []
        doubtful = int(self.differences["doubtful"].sum())
        if doubtful:
            doubt = statistics.describe_doubt(doubtful, len(self.differences))
            said.append(sentences.sentence(doubt))
        said.append(sentences.sentence(statistics.describe_unseen(fewest, self.level)))
        return [printable(one) for one in said]

    def _names(self) -> list[str]:
        """Name those that are compared, in the order of `winners`."""
        pairs = self.differences
        return [*map(self._called, dict.fromkeys([*pairs["first"], *pairs["second"]]))]

    def _called(self, name: object) -> str:
        """Name one of those that are compared: an agent by its name alone."""
        return str(name) if self.by == "agent" else f"{self.by} = {name}"

    def _of_winners(self) -> list[str]:
        """Say how good each is at its best, and whether that lies at the edge of the grid."""
        hyperparameters = [name for name in self.winners if name not in (self.by, *_OF_WINNERS)]
        points = sentences.points_of(self.winners[hyperparameters])
        edges = self.edges or [None] * len(points)
        rows = self.winners.to_dict("records")
        said = []
        for name, point, row, at in zip(self._names(), points, rows, edges, strict=True):
            if np.isnan(row["estimate"]):
                said.append(sentences.no_best(self.metric, name))
            elif point:
                said.append(f"{name} does best with {describe(point)}.")
                said += sentences.at_edge(at, f"The best of {name}")
            mean = Bounded(row["confirmed"], row["lower"], row["upper"])
            over = runs_of(int(row["fresh_runs"]), "fresh")
            said.append(sentences.mean_of(self.metric, over, mean, self.level, name))
        return said

    def _of_pair(self, row: Mapping[Hashable, Any]) -> list[str]:
        """Say which of two is better, by how much, and how often."""
        first, second = self._called(row["first"]), self._called(row["second"])
        gap, sign = _numbers(row), find_metric(self.metric).sign
        better = Bounded(*(row[f"improvement{end}"] for end in ("", "_lower", "_upper")))
        often = f"{first} does better than {second} in the same run with probability {better}."
        apart = f"the mean of {first} less that of {second} is {gap}"
        if np.isnan(gap.estimate):
            reason = f"the {self.metric} of a run is not finite"
            return [f"The means of {first} and {second} cannot be compared: {reason}.", often]
        if np.isnan(gap.lower):
            return [f"One run says nothing of {first} and {second}: {apart}.", often]
        if gap.lower <= 0 <= gap.upper:
            return [f"No difference of {first} and {second} is shown: {apart}.", often]
        if sign * gap.estimate < 0:
            first, second = second, first
        size = gap if gap.estimate > 0 else Bounded(-gap.estimate, -gap.upper, -gap.lower)
        return [f"{first} is better than {second} by {size}, which is beyond chance.", often]

    def _of_level(self) -> list[str]:
        """Say at which confidence the intervals of the pairs hold."""
        pairs, at = len(self.differences), f"at {percent(self.level)} confidence"
        if self.differences["lower"].isna().all():
            return []
        if pairs == 1:
            return [f"The interval of the difference holds {at}."]
        return [f"The intervals of the {pairs:,} differences hold {at}, all together."]

    def __str__(self) -> str:
        shown = self.winners.to_string(index=False, float_format=lambda value: f"{value:.4g}")
        return "\n".join([*self.sentences(), "", shown])


_OF_WINNERS = ("runs", "estimate", "fresh_runs", "confirmed", "lower", "upper", "optimism")
"""The columns of `Comparison.winners` that hold no hyperparameter."""


def compare(
    values: Floats,
    points: pd.DataFrame,
    by: str,
    metric: Metric,
    fresh: Fresh,
    level: float,
    endings: Endings | None = None,
) -> Comparison:
    """Tune each agent (or other value of `by`), confirm it, and pair them.

    Parameters
    ----------
    values, points, metric, fresh, level, endings
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
        allowed = "two or more to be compared"
        message = f"by = {by!r}: has one value; must have {allowed}"
        raise InputError(message, field="by", value=by, allowed=allowed)
    estimates = estimates_of(values, points, level)["estimate"].to_numpy()
    winners, new, edges = [], [], []
    for _, indices in groups:
        scores = np.nan_to_num(metric.sign * estimates[indices], nan=-np.inf)
        index = int(indices[scores.argmax()])
        new.append(fresh(index))
        used = values[~np.isnan(values[:, index]), index]
        confirmed, best = bounded(new[-1], level), point_at(points, index)
        tuned = [str(name) for name in points if name == "agent" or name != by]
        own = {name: value for name, value in best.items() if name in tuned}
        edges.append(sentences.edges_of(points.loc[indices, tuned], own))
        winners.append(
            {
                **best,
                "runs": len(used),
                "estimate": float(estimates[index]),
                "fresh_runs": len(new[-1]),
                "confirmed": confirmed.estimate,
                "lower": confirmed.lower,
                "upper": confirmed.upper,
                "optimism": gap_of(metric.sign * used, metric.sign * new[-1], level).estimate,
            }
        )
    names = [str(name) for name, _ in groups]
    return Comparison(
        metric=str(metric),
        level=level,
        winners=pd.DataFrame(winners),
        differences=_pairs(names, new, metric, level),
        by=by,
        edges=tuple(edges),
        endings=endings,
    )


def _pairs(names: list[str], values: list[Floats], metric: Metric, level: float) -> pd.DataFrame:
    """Compare all pairs; the error is shared among them (Bonferroni)."""
    pairs = list(combinations(range(len(names)), 2))
    each, rows = 1 - (1 - level) / len(pairs), []
    for one, other in pairs:
        with np.errstate(over="ignore", invalid="ignore"):
            apart = values[one] - values[other]
        gap = bounded(apart, each)
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
    table.attrs.update(metric=str(metric), level=level, interval="t")
    return table


_EXACT = ("first", "second", "runs", "doubtful")


def _numbers(row: Mapping[Hashable, Any]) -> Bounded:
    """Give the difference of a pair."""
    return Bounded(row["estimate"], row["lower"], row["upper"])


def _verdict(gap: Bounded) -> str:
    """Say in a few words whether an interval leaves the sign open."""
    if np.isnan(gap.estimate):
        return "not finite in a run: nothing can be said of the mean"
    if np.isnan(gap.lower):
        return "of one run: nothing can be said"
    return "no difference is shown" if gap.lower <= 0 <= gap.upper else "beyond chance"
