"""What can be said of each configuration by itself: curves and a line, with intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fastq import statistics
from fastq.base.errors import InputError
from fastq.base.validation import check_arguments, choose, shorten
from fastq.results import estimates, per_run
from fastq.results.estimates import EstimateSpec
from fastq.results.printed import Summary
from fastq.results.run_tables import Tables
from fastq.study.metrics import DEFINITIONS, find_metric
from fastq.study.record import METRICS, Entries
from fastq.study.study import Cell, describe

_CHECKPOINTS = 10
_STEPS = 200


class Summaries(Tables):
    """Curves and summaries of a sweep; see `Results`."""

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
            run. All three are NaN where the value of a run is not finite.

        Raises
        ------
        InputError
            For an argument that is not allowed, or asks for what was not recorded.
        """
        spec = EstimateSpec(metric, interval, level, estimator, seed)
        choose("against", against, ("episodes", "steps"))
        if against == "steps":
            estimates.check_spec(self.study.record, spec._replace(metric="return"))
            if window is not None:
                raise InputError(f"window = {window}: must be left out, against steps")
            pieces = [self._by_steps(spec, *one) for one in self._by_configuration()]
        elif estimates.check_spec(self.study.record, spec).of_policies:
            pieces = [self._by_policies(spec, window, *one) for one in self._by_configuration()]
        else:
            choose("metric", metric, [name for name, row in DEFINITIONS.items() if row.has_curve])
            estimates.curve_window(self.study.record, window)
            pieces = [self._by_episodes(spec, window, *one) for one in self._by_configuration()]
        table = pd.concat(pieces, ignore_index=True)
        pooled = against == "episodes" and metric in METRICS
        table.attrs.update(
            spec._asdict(), window=(window or self.study.record.window) if pooled else 1
        )
        return self._told(table)

    def _by_episodes(
        self, spec: EstimateSpec, window: int | None, place: int, entries: Entries
    ) -> pd.DataFrame:
        """Draw a configuration's curve against episodes."""
        record, episodes = self.study.record, self.study.episodes
        runs, found = estimates.curve(record, entries, spec, episodes, window)
        points = estimates.curve_points(record, episodes, window)
        return self._curve(place, {"episode": points}, found, runs)

    def _by_policies(
        self, spec: EstimateSpec, window: int | None, place: int, entries: Entries
    ) -> pd.DataFrame:
        """Draw a configuration's curve of what was learned until an episode."""
        episodes = self.study.episodes
        size = max(1, episodes // _CHECKPOINTS) if window is None else window
        check_arguments(window=size)
        points = np.append(np.arange(size, episodes, size), episodes)
        values = self._checkpoints(find_metric(spec.metric), place, entries, points)
        return self._curve(place, {"episode": points}, spec.of(values), len(values))

    def _by_steps(self, spec: EstimateSpec, place: int, entries: Entries) -> pd.DataFrame:
        """Draw a configuration's curve against steps."""
        steps, values = per_run.against_steps(self.study.record, entries, spec.metric, _STEPS)
        return self._curve(place, {"step": steps}, spec.of(values), len(values))

    def _curve(
        self, place: int, points: dict[str, Any], found: statistics.Estimate, runs: int
    ) -> pd.DataFrame:
        """Write out a curve of a configuration."""
        count = len(found.estimate)
        piece = self._points(np.array([place]), count) | points | found._asdict()
        return pd.DataFrame(piece | {"runs": np.full(count, runs)})

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
        study, spec = self.study, EstimateSpec(metric, interval, level, estimator, seed)
        found = estimates.check_spec(study.record, spec)
        self._check_reached(found)
        places, lines = [], []
        for place, entries in self._by_configuration():
            values = None if study.record.has_moments else self._values(found, place, entries)
            places.append(place)
            lines.append(estimates.line(study.record, entries, spec, study.episodes, values))
        points = pd.DataFrame(self._points(np.array(places), 1))
        table = Summary(pd.concat([points, pd.DataFrame(lines)], axis=1))
        table.attrs.update(spec._asdict())
        return self._told(table)

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
        record, episodes = self.study.record, self.study.episodes
        for name, point in (("first", first), ("second", second)):
            if not isinstance(point, Mapping):
                raise InputError(f"{name} = {shorten(point)}: must be as {{'alpha': 0.5}}")
        choose("metric", metric, METRICS)
        estimates.check_spec(record, EstimateSpec(metric, interval, level))
        estimates.curve_window(record, window)
        if record.has_moments:
            raise InputError("differences: need each run, and moments were recorded")
        by_place = dict(self._by_configuration())
        one, other = (by_place[self._place_of(point)] for point in (first, second))
        shared = np.intersect1d(one.run, other.run)
        if not len(shared):
            raise InputError("differences: the two configurations share no runs")
        values = [
            per_run.of_curve(record, entries, metric, episodes, window)[
                np.isin(entries.run, shared)
            ]
            for entries in (one, other)
        ]
        with np.errstate(over="ignore", invalid="ignore"):
            found = EstimateSpec(metric, interval, level).of(values[0] - values[1])
        points = estimates.curve_points(record, episodes, window)
        names = {"first": describe(first), "second": describe(second)}
        table = pd.DataFrame({**names, "episode": points, **found._asdict(), "runs": len(shared)})
        table.attrs.update(
            EstimateSpec(metric, interval, level)._asdict(), window=window or record.window
        )
        return self._told(table)

    def _place_of(self, point: Mapping[str, Cell]) -> int:
        """Find the one configuration that is meant."""
        table = self.grid()
        for name in point:
            choose("hyperparameter", name, self.study.names)
        matches = np.logical_and.reduce([table[name] == value for name, value in point.items()])
        places = np.flatnonzero(np.broadcast_to(matches, len(table)))
        if len(places) != 1:
            raise InputError(
                f"{describe(point) or 'nothing'}: is {len(places)} configurations; must be one"
            )
        return int(places[0])
