"""`Results`: what a study recorded, and what can be said of it, as pandas tables."""

import numpy as np
import pandas as pd

from fastq import statistics
from fastq.base.errors import InputError
from fastq.base.memory import check_memory
from fastq.base.validation import check_arguments, choose
from fastq.results import comparison, selection
from fastq.results.comparison import Comparison
from fastq.results.curves import Summaries
from fastq.results.estimates import EstimateSpec, line
from fastq.results.fresh_runs import metric_of_runs
from fastq.results.selection import Fresh, Selection
from fastq.results.sensitivity import sensitivity
from fastq.results.sentences import Endings
from fastq.study.metrics import Floats, Metric, find_metric

_THRESHOLDS = 200


class Results(Summaries):
    """The results of a sweep, read from where they lie when they are asked for.

    Parameters
    ----------
    directory : str or Path
        Where `fastq.run` wrote to: a directory, or a URL.
    sweep : Sweep or Study, optional
        Whose configurations and runs to show; by default those of the last sweep that was run over
        the directory.
    trust : bool, optional
        Whether code that the study holds may be run, where runs have to be trained again (`select`,
        `compare`, and metrics of what was learned). Code that your own key signed always may. All
        else runs no code of the study and writes nothing to it.

    Raises
    ------
    InputError
        Where there is no study, or a damaged one.
    """

    def select(
        self,
        metric: str = "return",
        confirm_runs: int | None = None,
        *,
        level: float = 0.95,
        seed: int = 0,
    ) -> Selection:
        """Find the best configuration, those that could be it, and what it is really worth.

        What holds at the level, holds for failures that the runs show: printed, it says which rates
        of failure may show in none of them, and which intervals a few runs make doubtful.

        Parameters
        ----------
        metric : str
            See `fastq.metrics`; the word says whether greater or less is better.
        confirm_runs : int, optional
            How many fresh runs of the winner to train; by default as many as the study has. With 0,
            none.
        level : float
            Confidence, in (0, 1).
        seed : int
            Of resampling.

        Returns
        -------
        Selection

        Raises
        ------
        InputError
            For an argument that is not allowed, or asks for what was not recorded.
        """
        asked, values = find_metric(metric), self._values_of_all(metric)
        fresh = None if confirm_runs == 0 else self._fresh(asked, confirm_runs)
        return selection.select(values, self.grid(), asked, fresh, level, seed, self.endings())

    def compare(
        self,
        metric: str = "return",
        confirm_runs: int | None = None,
        *,
        by: str = "agent",
        level: float = 0.95,
    ) -> Comparison:
        """Compare agents: each tuned, then confirmed, then paired.

        Each is taken at its best configuration. These are trained on the same fresh runs, so that
        none is flattered by its selection; their differences, run by run, are what counts.

        Parameters
        ----------
        metric, confirm_runs, level
            As for `select`; at least one fresh run.
        by : str
            What of the grid is compared, if not the agent.

        Returns
        -------
        Comparison

        Raises
        ------
        InputError
            As `select` does, and where there are no two to compare.
        """
        choose("by", by, self.study.names)
        fresh = self._fresh(find_metric(metric), confirm_runs)
        values = self._values_of_all(metric)
        asked = find_metric(metric)
        grid, endings = self.grid(), self.endings()
        return comparison.compare(values, grid, by, asked, fresh, level, endings)

    def sensitivity(
        self, metric: str = "return", interval: str = "t", level: float = 0.95
    ) -> pd.DataFrame:
        """Say how much each hyperparameter matters.

        Parameters
        ----------
        metric, interval, level
            As for `summary`.

        Returns
        -------
        DataFrame
            One row for each agent (where there are several), hyperparameter, value and kind:
            "slice", with the others as in the best configuration, or "best", the best over the
            others; estimate, lower, upper, runs; edge, whether the best of the values is the least
            or the greatest that was tried.

        Raises
        ------
        InputError
            As `summary` does.
        """
        summary = self.summary(metric, interval, level)
        return sensitivity(summary, self.study.names, find_metric(metric).sign)

    def profile(self, metric: str = "return", level: float = 0.95) -> pd.DataFrame:
        """Draw up performance profiles: the share of runs that do better than each threshold.

        A run whose value is not finite does better than none.

        Parameters
        ----------
        metric : str
            See `fastq.metrics`.
        level : float
            Confidence, in (0, 1), that the band holds the whole profile.

        Returns
        -------
        DataFrame
            One row for each configuration and threshold: the hyperparameters of the grid,
            threshold, estimate, lower, upper, runs.

        Raises
        ------
        InputError
            As `runs` does.
        """
        values = self.values(metric)
        sign = find_metric(metric).sign
        finite = values[np.isfinite(values)]
        if not len(finite):
            raise InputError(f"metric = {metric!r}: is finite in no run; must be in some")
        with np.errstate(over="ignore", invalid="ignore"):
            cuts = np.quantile(finite, np.linspace(0, 1, _THRESHOLDS))
        thresholds = np.unique(cuts[np.isfinite(cuts)])
        worst = (sign * thresholds).min()
        pieces = []
        for place, column in enumerate(values.T):
            samples = column[~np.isnan(column)]
            if not len(samples):
                continue
            known = np.where(np.isfinite(samples), sign * samples, worst)
            found = statistics.performance_profile(known, sign * thresholds, level)
            pieces.append(self._curve(place, {"threshold": thresholds}, found, len(samples)))
        table = pd.concat(pieces, ignore_index=True)
        table.attrs.update(metric=metric, level=level)
        return self._told(table)

    def endings(self) -> Endings:
        """Count how the recorded runs ended.

        Returns
        -------
        Endings
            Of all configurations: runs, truncated (episodes), truncated_runs, diverged (runs).

        Raises
        ------
        InputError
            Where the study has no finished runs, or a damaged part.
        """
        record, lines, indices = self.study.record, [], []
        for index, entries in self._by_configuration():
            # How runs ended does not depend on a metric of theirs.
            values = None if record.has_moments else np.zeros(len(entries.run))
            found = line(record, entries, EstimateSpec(), self.study.episodes, values)
            lines.append(found)
            indices.append(index)
        points = self.grid().iloc[indices].reset_index(drop=True)
        return Endings.of(pd.concat([points, pd.DataFrame(lines)], axis=1))

    def _values_of_all(self, metric: str) -> Floats:
        """Lay out a metric of each run; raise `InputError` where a configuration has none."""
        self._check_reached(find_metric(metric))
        values = self.values(metric)
        without = int(np.isnan(values).all(axis=0).sum())
        if without:
            raise InputError(
                f"{self.store}: {without} of {values.shape[1]} configurations have no runs yet; "
                "must have some each: run the sweep first"
            )
        return values

    def _fresh(self, metric: Metric, count: int | None) -> Fresh:
        """Train runs that have numbers beyond those of the study."""
        runs = self.study.runs
        count = runs if count is None else count
        check_arguments(confirm_runs=count)
        check_arguments(run=runs + count - 1)
        check_memory(f"confirm_runs = {count:,}", 24 * count)
        anew = np.arange(runs, runs + count)
        return lambda place: metric_of_runs(self.sweep, self._configuration(place), metric, anew)
