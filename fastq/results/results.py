"""`Results`: what a study recorded, and what can be said of it, as pandas tables.

This is the face: each method hands what was recorded to a function, and says beside its table which
rows are stale.
"""

import functools
import warnings
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fastq.base.errors import StaleWarning
from fastq.base.validation import choose
from fastq.results import comparison, curves, run_tables, selection, summaries
from fastq.results.comparison import Comparison
from fastq.results.estimates import EstimateSpec
from fastq.results.fresh_runs import fresh_runs
from fastq.results.recorded import Recorded
from fastq.results.selection import Selection
from fastq.results.sensitivity import sensitivity
from fastq.results.sentences import Endings
from fastq.study.metrics import Floats, find_metric
from fastq.study.storage.entries import Stale, count_finished
from fastq.study.storage.store import Store
from fastq.study.study import Cell, Study
from fastq.study.sweep import Sweep


class Results:
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

    def __init__(
        self,
        directory: str | Path | Store,
        sweep: Sweep | Study | None = None,
        *,
        trust: bool = False,
    ) -> None:
        self._recorded = Recorded(directory, sweep, trust=trust)
        self._warned = False
        self.store, self.manifest = self._recorded.store, self._recorded.manifest
        self.study = self._recorded.study

    def __repr__(self) -> str:
        told = "".join(f"; {runs}" for runs in self.stale)
        runs = f"{self.finished} of {self.total} runs"
        return f"{type(self).__name__}({str(self.store)!r}, {runs}{told})"

    @property
    def directory(self) -> Path:
        """The directory of the results; for those at a URL, see `store`."""
        return Path(str(self.store))

    @property
    def total(self) -> int:
        """How many runs the sweep has."""
        return self.study.total

    @functools.cached_property
    def finished(self) -> int:
        """How many of them are recorded."""
        return count_finished(self._recorded.finished, self.study)

    @property
    def stale(self) -> list[Stale]:
        """Runs of algorithms that are others by now: edited, or of another fastq.

        Those of an earlier sweep are kept and not shown. Those of the last sweep are shown, and
        `Stale.newer` says where a newer version of their algorithm is.
        """
        return self._recorded.stale

    @property
    def sweep(self) -> Sweep:
        """The sweep itself, with its environment and its agents.

        Raises
        ------
        InputError
            Where a custom algorithm is not at hand, or the study's own may not be run.
        """
        return self._recorded.sweep

    def episodes(self) -> pd.DataFrame:
        """One row for each configuration, run and episode.

        Returns
        -------
        DataFrame
            The hyperparameters of the grid, run, episode (from 0), return, length (steps) and
            truncated (whether the time limit cut the episode short).

        Raises
        ------
        InputError
            Where less was recorded.
        """
        return self._told(run_tables.episodes(self._recorded))

    def runs(self, metric: str = "return", episode: int | None = None) -> pd.DataFrame:
        """One row for each configuration and run.

        Parameters
        ----------
        metric : str
            See `fastq.metrics`.
        episode : int, optional
            Of this episode alone (from 0), the "return" or the "length".

        Returns
        -------
        DataFrame
            The hyperparameters of the grid, run, value: what the metric says of the run.

        Raises
        ------
        InputError
            For a metric that is none, or that asks for more than was recorded.
        """
        return self._told(run_tables.runs(self._recorded, metric, episode))

    def moments(self, metric: str = "return") -> pd.DataFrame:
        """Moments over runs in each episode, the same however they were recorded.

        Parameters
        ----------
        metric : {"return", "length"}

        Returns
        -------
        DataFrame
            One row for each configuration and episode: the hyperparameters of the grid, episode,
            runs, mean, variance (NaN where there is one run), minimum, maximum.

        Raises
        ------
        InputError
            For a metric that is none, or where less was recorded.
        """
        return self._told(run_tables.moments(self._recorded, metric))

    def values(self, metric: str = "return") -> Floats:
        """Lay out a metric of each run as an array.

        Parameters
        ----------
        metric : str
            See `fastq.metrics`.

        Returns
        -------
        array, shape (runs, configurations)
            NaN where a run is missing; infinite where what the metric says of a run is not finite.

        Raises
        ------
        InputError
            As `runs` does.
        """
        return run_tables.values(self._recorded, find_metric(metric))

    def grid(self) -> pd.DataFrame:
        """Give the grid's hyperparameters, a row for each configuration."""
        return run_tables.grid(self._recorded)

    def curves(
        self,
        metric: str = "return",
        interval: str = "t",
        level: float = 0.95,
        window: int | None = None,
        *,
        estimator: str = "mean",
        against: str = "episodes",
        seed: int = 0,
    ) -> pd.DataFrame:
        """Learning curves: an estimate over runs at each episode, with a confidence band.

        Parameters
        ----------
        metric : str
            "return" or "length" of episodes; "value", "regret" or "optimal_actions" of what was
            learned until an episode; against steps also "episodes", how many were completed.
        interval : {"t", "bootstrap", "bca", "simultaneous", "tolerance"}
            See `fastq.statistics.interval`.
        level : float
            Confidence, in (0, 1).
        window : int, optional
            Each run's mean over so many episodes makes one point, at the first of them; by default
            as many as were recorded together, which is 1 but for ``record = {window = ...}``. For
            what was learned, the episodes from one point to the next; by default a tenth of all.
        estimator : str
            See `fastq.statistics.estimate`.
        against : {"episodes", "steps"}
            Steps of the environment: up to as many as the shortest run of a configuration took.
        seed : int
            Of resampling.

        Returns
        -------
        DataFrame
            One row for each configuration and episode (window, or step): the hyperparameters of the
            grid, episode (or step), estimate, lower, upper, runs. Bounds are NaN where there is one
            run. All three are NaN where the value of a run is not finite. Pictures of it are
            labelled by what is noted in ``attrs``: metric, estimator, interval, level and window.
            pandas drops these where tables are merged; `fastq.plot` then takes them as arguments.

        Raises
        ------
        InputError
            For an argument that is not allowed, or asks for what was not recorded.
        """
        spec = EstimateSpec(metric, interval, level, estimator, seed)
        return self._told(curves.curves(self._recorded, spec, window, against))

    def summary(
        self,
        metric: str = "return",
        interval: str = "t",
        level: float = 0.95,
        *,
        estimator: str = "mean",
        seed: int = 0,
    ) -> pd.DataFrame:
        """One row for each configuration.

        Parameters
        ----------
        metric : str
            Of each run; see `fastq.metrics`.
        interval, level, estimator, seed
            As for `curves`.

        Returns
        -------
        DataFrame
            The hyperparameters of the grid; estimate, lower and upper of the metric; runs; final,
            the mean return (for the metric "length", the mean length) over the last tenth of the
            episodes (in whole windows, where windows were recorded); length, the mean steps of an
            episode; truncated, how many episodes the time limit cut short; diverged, in how many
            runs numbers ran out (see `fastq.Training`); truncated_runs, how many runs have a
            truncated episode. Estimate, bounds and final are NaN where they would take a number of
            a run that is not finite: no run is left out. It prints in at most 100 columns, with
            four significant digits, and names the columns that it leaves out. ``attrs["stale"]``
            names runs of older algorithms, as does a `StaleWarning` where these are the runs shown.

        Raises
        ------
        InputError
            For an argument that is not allowed, or asks for what was not recorded; for a metric
            that means nothing in the environment, or waits for a return that no run has.
        """
        spec = EstimateSpec(metric, interval, level, estimator, seed)
        return self._told(summaries.summary(self._recorded, spec))

    def differences(
        self,
        first: Mapping[str, Cell],
        second: Mapping[str, Cell],
        metric: str = "return",
        interval: str = "t",
        level: float = 0.95,
        window: int | None = None,
    ) -> pd.DataFrame:
        """Curve of the difference between two configurations, run by run.

        Runs of the same number share their random streams, so luck that both have drops out.

        Parameters
        ----------
        first, second : mapping of str to value
            What of the grid tells the configuration, as ``{"alpha": 0.5}``.
        metric : {"return", "length"}
        interval, level, window
            As for `curves`.

        Returns
        -------
        DataFrame
            One row for each episode (or window): first, second, episode, estimate, lower, upper of
            first - second, runs.

        Raises
        ------
        InputError
            As `curves` does, and where not one configuration is meant, or they share no runs.
        """
        spec = EstimateSpec(metric, interval, level)
        return self._told(curves.differences(self._recorded, first, second, spec, window))

    def select(
        self,
        metric: str = "return",
        confirm_runs: int | None = None,
        *,
        level: float = 0.95,
        seed: int = 0,
    ) -> Selection:
        """Find the best configuration, those that could be it, and its real value.

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
        asked = find_metric(metric)
        values = run_tables.values_of_all(self._recorded, asked)
        fresh = None if confirm_runs == 0 else fresh_runs(self._recorded, asked, confirm_runs)
        endings = self.endings()
        return selection.select(values, self.grid(), asked, fresh, level, seed, endings)

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
        asked = find_metric(metric)
        fresh = fresh_runs(self._recorded, asked, confirm_runs)
        values = run_tables.values_of_all(self._recorded, asked)
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
        return self._told(summaries.profile(self.values(metric), self.grid(), metric, level))

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
        return summaries.endings(self._recorded)

    def _told(self, table: pd.DataFrame) -> pd.DataFrame:
        """Say beside a table what rows of it are stale; warn once."""
        stale = [str(runs) for runs in self.stale]
        if stale:
            table.attrs["stale"] = stale
        shown = [str(runs) for runs in self.stale if runs.newer]
        if shown and not self._warned:
            self._warned = True
            warnings.warn(f"{self.store}: {'; '.join(shown)}", StaleWarning, stacklevel=3)
        return table
