"""`race`: runs go where it is still open which configuration is the best.

All configurations have some runs; those that are behind are dropped, the others have as many runs
again, and so on. What is recorded are runs of the full sweep, bit for bit: a race can be resumed,
and be completed by `fastq.run`. Who is behind is decided in one of two ways:

    guarantee = "seen"   `statistics.best_set`; each look has its share of the allowed error, so
                         that all looks together drop the best one no more often than is allowed.
                         Holds for failures frequent enough to be seen in `first_runs` runs.
    guarantee = "any"    `statistics.anytime_best_set`; holds for every distribution, at all looks,
                         and takes far more runs where a run could come to much less than it does.

Sources: Maron & Moore (1994), Hoeffding Races; Waudby-Smith & Ramdas (2024) for what holds at every
look.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fastq import statistics
from fastq.base.text import printable
from fastq.base.validation import check_arguments, choose
from fastq.execution.run import run_some
from fastq.results import sentences
from fastq.results.estimates import check_metric
from fastq.results.per_run import check_recorded
from fastq.results.results import Results
from fastq.results.selection import bounded, doubtful_columns
from fastq.results.sentences import Bounded, Endings
from fastq.statistics.estimators import check_level
from fastq.study.metrics import Floats, Metric, bounds_of, find_metric
from fastq.study.storage.remote import open_store
from fastq.study.study import Cell, describe
from fastq.study.sweep import Sweep, check_sweep

GUARANTEES = ("seen", "any")


@dataclass(frozen=True)
class Race:
    """What came of a race."""

    results: Results
    table: pd.DataFrame
    """A row for each configuration: the hyperparameters of the grid; runs that it had in the race;
    estimate, the mean of the metric over these; left, whether it was not dropped; seen, the rate of
    failures from which on these runs show one, at the level; doubtful, whether a few runs far from
    the others make an interval of the mean doubtful."""
    done: int
    """Runs that the race took."""
    metric: str
    level: float
    guarantee: str
    selected: Bounded
    """The metric of the best one over its runs in the race; NaN where there is no best one."""
    endings: Endings
    """How the runs of the study ended."""

    @property
    def saved(self) -> int:
        """Runs of the full sweep that it did not take."""
        return self.results.total - self.done

    @property
    def left(self) -> list[dict[str, Cell]]:
        """What the configurations that were not dropped have of the grid."""
        return [self.results.study.points[index] for index in np.flatnonzero(self.table["left"])]

    @property
    def best(self) -> dict[str, Cell] | None:
        """What the best of those that are left has of the grid; None where none has a mean."""
        index = _best_index(self.table, find_metric(self.metric))
        return None if index is None else self.results.study.points[index]

    def sentences(self) -> list[str]:
        """Say how many configurations are left, which is the best of them, and how surely.

        Returns
        -------
        list of str
            One sentence for each fact, each on one line.
        """
        count, are = len(self.table), "is" if len(self.left) == 1 else "are"
        said = [
            f"{len(self.left):,} of {count:,} configurations {are} left; {self.done:,} of "
            f"{self.results.total:,} runs were done, and {self.saved:,} were saved.",
            *self._of_the_best(),
            self._of_level(),
            *self.endings.sentences(),
        ]
        doubtful = int((self.table["doubtful"] & self.table["left"]).sum())
        if doubtful and self.guarantee != "any":
            said.append(sentences.sentence(statistics.describe_doubt(doubtful, len(self.left))))
        return [printable(one) for one in said]

    def _of_the_best(self) -> list[str]:
        """Say which is the best of those that are left, and which others are left."""
        best, count = self.best, len(self.table)
        if best is None:
            return [sentences.no_best(self.metric)]
        runs = int(self.table["runs"][self.table["left"]].max())
        over = sentences.selecting(runs, count)
        others = [describe(point) for point in self.left if point != best]
        equal = self.table["left"] & (self.table["estimate"] == self.selected.estimate)
        return [
            sentences.best_of(count, best, self.metric),
            sentences.mean_of(self.metric, over, self.selected, self.level),
            *sentences.tied(int(equal.sum()) - 1),
            sentences.not_confirmed(count),
            *([f"Besides it, the best could be {sentences.listed(others)}."] if others else []),
            *sentences.at_edge(sentences.edges_of(self.results.grid(), best)),
        ]

    def _of_level(self) -> str:
        """Say how surely the best configuration was not dropped."""
        said = f"The best is among those left at {sentences.percent(self.level)} confidence"
        if self.guarantee == "any":
            return f"{said}, whatever the distribution of runs."
        unseen = statistics.describe_unseen(int(self.table["runs"].min()), self.level)
        return f"{said}, unless rare failures decide: {unseen}."

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def race(
    sweep: Sweep,
    out: str | Path,
    *,
    metric: str = "return",
    level: float = 0.95,
    guarantee: str = "seen",
    first_runs: int = 60,
    **options: Any,
) -> Race:
    """Run a sweep as far as it takes to find its best configuration.

    Parameters
    ----------
    sweep : Sweep
        Its `runs` are the most that a configuration has.
    out : str or Path
        As for `run`.
    metric : str
        See `fastq.metrics`.
    level : float
        Confidence, in (0, 1), that the best configuration is not dropped.
    guarantee : {"seen", "any"}
        For which worlds that holds. "seen": where failures that decide which one is the best come
        in so many runs that the first look sees some. "any": for every distribution; the metric
        must have bounds, as it has but for normal rewards.
    first_runs : int
        Runs of each configuration until the first look; each next look has twice as many. A failure
        shows among them with 95 % probability if it comes in a share of ``1 - 0.05 ** (1 /
        first_runs)`` of all runs, or more: in 5 % with the default of 60 runs, in 26 % with 10, in
        2 % with 149. Where the sweep has fewer runs, there is one look, at all of them.
    **options
        As for `run`: n_jobs, backend, address, chunk_size, fail_fast, progress.

    Returns
    -------
    Race

    Raises
    ------
    InputError, RunError
        As `run` does, and for a metric that needs more than is recorded, or has no bounds where it
        must have some.

    Notes
    -----
    How often the best is dropped where runs fail rarely is measured: see docs/statistics.md.
    """
    check_sweep(sweep)
    check_level(level)
    check_arguments(first_runs=first_runs)
    choose("guarantee", guarantee, GUARANTEES)
    asked = check_metric(sweep, metric)
    check_recorded(sweep.recording, asked)
    counts, store = looks(first_runs, sweep.runs), open_store(out)
    if guarantee == "any":
        bounds = sorted(
            asked.sign * bound
            for bound in bounds_of(asked, sweep.mdp, sweep.time_limit, sweep.episodes)
        )
        drop: Drop = partial(_surely_left, lowest=bounds[0], highest=bounds[1])
    else:
        drop = partial(still_left, count=len(counts))
    left = np.ones(sweep.num_configurations, dtype=np.bool_)
    runs = np.zeros(sweep.num_configurations, dtype=np.int64)
    for count in counts:
        runs[left] = count
        wanted = np.arange(sweep.runs) < runs[:, None]
        results = run_some(sweep, store, wanted, **options)
        values = results.values(metric)
        left = drop(asked.sign * values[:count], left, level)
        if left.sum() == 1:
            break
    raced = np.where(wanted.T, values, np.nan)
    table = _table(results, raced, left, level)
    best = _best_index(table, asked)
    return Race(
        results=results,
        table=table,
        done=int(runs.sum()),
        metric=str(asked),
        level=level,
        guarantee=guarantee,
        selected=bounded(np.empty(0) if best is None else raced[: runs[best], best], level),
        endings=results.endings(),
    )


Drop = Callable[[Floats, NDArray[np.bool_], float], NDArray[np.bool_]]
"""Says of values, shape (runs, C), which of the configurations are still left, at a level."""


def _table(results: Results, values: Floats, left: NDArray[np.bool_], level: float) -> pd.DataFrame:
    """Say of each configuration what came of it; values are NaN where the race had no run."""
    table = results.grid()
    table["runs"] = (~np.isnan(values)).sum(axis=0)
    table["estimate"] = np.nanmean(values, axis=0)
    table["left"] = left
    table["seen"] = [statistics.visible_rate(int(runs), level) for runs in table["runs"]]
    table["doubtful"] = doubtful_columns(values)
    return table


def _best_index(table: pd.DataFrame, metric: Metric) -> int | None:
    """Find the best of the configurations that are left; None where no mean is finite."""
    estimate = table["estimate"].to_numpy()
    score = np.where(table["left"] & np.isfinite(estimate), metric.sign * estimate, -np.inf)
    return int(score.argmax()) if np.isfinite(score).any() else None


def looks(first: int, runs: int) -> list[int]:
    """Say after how many runs of each configuration to look: twice as many each time."""
    counts = []
    while first < runs:
        counts.append(first)
        first *= 2
    return [*counts, runs]


def still_left(
    values: Floats,
    left: NDArray[np.bool_],
    level: float,
    count: int,
    *,
    resamples: int = 2000,
) -> NDArray[np.bool_]:
    """Drop the configurations that are behind by more than chance, at one of so many looks.

    Parameters
    ----------
    values : array, shape (runs, C)
        Greater is better.
    left : array of bool, shape (C,)
        Which were not dropped before.
    level : float
        Confidence that no look drops the best.
    count : int
        How many looks share the error.
    resamples : int
        As for `statistics.best_set`.
    """
    still = left.copy()
    found = statistics.best_set(values[:, left], 1 - (1 - level) / count, resamples=resamples)
    still[left] = found.plausible
    return still


def _surely_left(
    values: Floats, left: NDArray[np.bool_], level: float, lowest: float, highest: float
) -> NDArray[np.bool_]:
    """Drop the configurations that are surely behind, if values lie within bounds."""
    still = left.copy()
    still[left] = statistics.anytime_best_set(
        values[:, left], lowest, highest, level, configurations=len(left)
    )
    return still
