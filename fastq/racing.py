"""`race`: runs go where it is still open which configuration is the best.

All configurations have a few runs; those that are behind by more than chance explains are dropped,
the others have as many runs again, and so on. Each look may drop the best one with its share of the
allowed error, so all looks together do with no more than what is allowed. What is recorded are runs
of the full sweep, bit for bit: a race can be resumed, and be completed by `fastq.run`.

Source: Maron & Moore (1994), Hoeffding Races; here with `statistics.best_set` at each look.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fastq import statistics
from fastq.estimates import Asked, check_asked
from fastq.metrics import Floats, check_episodes
from fastq.policies import check_solvable
from fastq.results import Results
from fastq.runner import run_some
from fastq.samples import check_recorded
from fastq.statistics.estimators import check_level
from fastq.study import Cell
from fastq.sweep import Sweep, check_sweep
from fastq.validation import check_arguments


@dataclass(frozen=True)
class Race:
    """What came of a race."""

    results: Results
    table: pd.DataFrame
    """A row for each configuration: the hyperparameters of the grid; runs that it had in the race;
    estimate, the mean of the metric over these; left, whether it was not dropped."""
    done: int
    """Runs that the race took."""

    @property
    def saved(self) -> int:
        """Runs of the full sweep that it did not take."""
        return self.results.total - self.done

    @property
    def left(self) -> list[dict[str, Cell]]:
        """What the configurations that were not dropped have of the grid."""
        return [
            point
            for point, left in zip(self.results.study.points, self.table["left"], strict=True)
            if left
        ]

    def __str__(self) -> str:
        return (
            f"{len(self.left)} of {len(self.table)} configurations are left; "
            f"{self.done:,} of {self.results.total:,} runs were done, {self.saved:,} saved"
        )


def race(
    sweep: Sweep,
    out: str | Path,
    *,
    metric: str = "return",
    level: float = 0.95,
    first_runs: int = 10,
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
    first_runs : int
        Runs of each configuration until the first look; each next look has twice as many.
    **options
        As for `run`: n_jobs, backend, address, chunk_size, fail_fast, progress.

    Returns
    -------
    Race

    Raises
    ------
    InputError, RunError
        As `run` does, and for a metric that needs more than is recorded.
    """
    check_sweep(sweep)
    check_level(level)
    check_arguments(first_runs=first_runs)
    asked = check_asked(sweep.recording, Asked(metric))
    check_recorded(sweep.recording, asked)
    check_episodes(asked, sweep.episodes)
    check_solvable(asked, sweep.mdp)
    counts = looks(first_runs, sweep.runs)
    left = np.ones(sweep.num_configurations, dtype=np.bool_)
    runs = np.zeros(sweep.num_configurations, dtype=np.int64)
    for count in counts:
        runs[left] = count
        wanted = np.arange(sweep.runs) < runs[:, None]
        results = run_some(sweep, out, wanted, **options)
        values = results.values(metric)
        left = still_left(asked.sign * values[:count], left, level, len(counts))
        if left.sum() == 1:
            break
    table = results.grid()
    table["runs"] = runs
    table["estimate"] = np.nanmean(np.where(wanted.T, values, np.nan), axis=0)
    table["left"] = left
    return Race(results, table, int(runs.sum()))


def looks(first: int, runs: int) -> list[int]:
    """Say after how many runs of each configuration to look: twice as many each time."""
    counts = []
    while first < runs:
        counts.append(first)
        first *= 2
    return [*counts, runs]


def still_left(
    values: Floats, left: NDArray[np.bool_], level: float, count: int
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
    """
    still = left.copy()
    still[left] = statistics.best_set(values[:, left], 1 - (1 - level) / count).plausible
    return still
