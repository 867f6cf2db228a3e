"""Tables of what a study recorded, row by row; `Results` adds what can be said of them.

Rows are sorted by configuration, in the grid's order, then run, then episode: they do not depend on
how the work was cut into chunks, or who did them.
"""

import functools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fastq.base.errors import InputError, StaleWarning
from fastq.base.memory import check_memory
from fastq.base.validation import shorten
from fastq.results import estimates, per_run
from fastq.results.policy_value import of_policies
from fastq.results.stale import stale_of
from fastq.study.metrics import Floats, Metric, failed_as_infinite, find_metric
from fastq.study.record import METRICS, Entries
from fastq.study.runs import settings_of
from fastq.study.storage.entries import Stale, count_finished, no_runs, read_runs, taken
from fastq.study.storage.manifest import read_manifest, read_study
from fastq.study.storage.parts import Finished, finished_runs
from fastq.study.storage.remote import open_store
from fastq.study.storage.reopen import read_sweep
from fastq.study.storage.store import Store
from fastq.study.study import Cell, Study
from fastq.study.sweep import Configuration, Sweep

_FEW, _SHARE = 2**27, 1000
"""More runs than both, and more than so many times those that are recorded, make no array."""


class Tables:
    """What a sweep recorded, read from where it lies when it is asked for; see `Results`."""

    def __init__(
        self,
        directory: str | Path | Store,
        sweep: Sweep | Study | None = None,
        *,
        trust: bool = False,
    ) -> None:
        self.store = open_store(directory)
        if not isinstance(sweep, Sweep | Study | None):
            raise InputError(f"sweep = {shorten(sweep)}: must be a Sweep, or left out")
        self.manifest = read_manifest(self.store)
        self._trust, self._warned = trust, False
        self._sweep = sweep if isinstance(sweep, Sweep) else None
        asked = Study.of(sweep) if isinstance(sweep, Sweep) else sweep
        self.study = asked or read_study(self.store, self.manifest)

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
        return count_finished(self._finished, self.study)

    @functools.cached_property
    def stale(self) -> list[Stale]:
        """Runs of algorithms that are others by now: edited, or of another fastq.

        Those of an earlier sweep are kept and not shown. Those of the last sweep are shown, and
        `Stale.newer` says where a newer version of their algorithm is.
        """
        return stale_of(self.store, self.manifest, self.study, self._finished, self._sweep)

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

    @functools.cached_property
    def sweep(self) -> Sweep:
        """The sweep itself, with its environment and its agents.

        Raises
        ------
        InputError
            Where an algorithm of one's own is not at hand, or the study's own may not be run.
        """
        return self._sweep or read_sweep(self.store, self._trust)

    @functools.cached_property
    def _finished(self) -> dict[str, Finished]:
        """Which runs of each configuration there are."""
        return finished_runs(self.store, self.study.identity)

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
        if not self.study.record.has_episodes:
            raise InputError(f"episodes: were not recorded, for record = {self.study.record}")
        recorded, episodes = self._recorded, self.study.episodes
        table = self._points(recorded.configuration, episodes)
        table["run"] = np.repeat(recorded.run, episodes)
        table["episode"] = np.tile(np.arange(episodes), len(recorded.run))
        for name in (*METRICS, "truncated"):
            table[name] = recorded.columns[name].ravel()
        return self._told(pd.DataFrame(table))

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
        found = find_metric(metric)
        pieces = []
        for place, entries in self._by_configuration():
            values = (
                self._values(found, place, entries)
                if episode is None
                else per_run.at_episode(self.study.record, entries, metric, episode)
            )
            piece = self._points(np.array([place]), len(values))
            pieces.append(pd.DataFrame({**piece, "run": entries.run, "value": values}))
        table = pd.concat(pieces, ignore_index=True)
        table.attrs.update(metric=metric, episode=episode)
        return self._told(table)

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
        record, episodes = self.study.record, self.study.episodes
        pieces = []
        for place, entries in self._by_configuration():
            runs, found = estimates.moments(record, entries, metric, episodes)
            piece = self._points(np.array([place]), episodes)
            piece |= {"episode": np.arange(episodes), "runs": np.full(episodes, runs)}
            variance = found.squares[0] / (runs - 1) if runs > 1 else np.full(episodes, np.nan)
            piece |= {"mean": found.mean[0], "variance": variance}
            piece |= {"minimum": found.least[0], "maximum": found.greatest[0]}
            pieces.append(pd.DataFrame(piece))
        return self._told(pd.concat(pieces, ignore_index=True))

    def _values(self, metric: Metric, place: int, entries: Entries) -> Floats:
        """Give a metric of each run of a configuration."""
        if not metric.of_policies:
            return per_run.of_runs(self.study.record, entries, metric, self.study.episodes)
        return self._checkpoints(metric, place, entries, np.array([self.study.episodes]))[:, 0]

    def _checkpoints(
        self, metric: Metric, place: int, entries: Entries, episodes: NDArray[np.int64]
    ) -> Floats:
        """Give a metric of what each run of a configuration has learned after some episodes."""
        per_run.check_recorded(self.study.record, metric)
        settings, agent = settings_of(self.sweep), self._configuration(place).agent
        return of_policies(metric, self.sweep.mdp, agent, entries.run, settings, episodes)

    def _configuration(self, place: int) -> Configuration:
        """Give a configuration that its runs can be had of again."""
        found = self._by_key.get(self.study.keys[place])
        if found is None:
            raise InputError(
                f"{self.store}: configuration {place} is not of the algorithms at hand; run the "
                "sweep"
            )
        return found

    @functools.cached_property
    def _by_key(self) -> dict[str, Configuration]:
        """The configurations of the sweep by their keys."""
        return {configuration.key: configuration for configuration in self.sweep.configurations}

    def _points(self, configuration: NDArray[np.int64], repeats: int) -> dict[str, NDArray[Any]]:
        """Write out the grid's hyperparameters for configurations, each some times."""
        return {
            name: np.repeat(values[configuration], repeats) for name, values in self._grid.items()
        }

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
        found, count = find_metric(metric), self.study.num_configurations
        check_memory(f"values: {self.study.runs:,} runs x {count:,} configurations", 8 * self.total)
        if self.total > max(_FEW, _SHARE * len(self._recorded.run)):
            few = f"{len(self._recorded.run):,} of {self.total:,} runs are recorded"
            raise InputError(f"{self.store}: {few}; too few to be laid out as an array of all")
        matrix = np.full((self.study.runs, self.study.num_configurations), np.nan)
        for place, entries in self._by_configuration():
            matrix[entries.run, place] = failed_as_infinite(self._values(found, place, entries))
        return matrix

    def _check_reached(self, metric: Metric) -> None:
        """Raise `InputError` where a metric waits for a return that no run has."""
        if metric.number is None or metric.definition.takes != "return":
            return
        per_run.check_recorded(self.study.record, metric)
        greatest = float(self._recorded.columns["return"].max())
        if greatest < metric.number:
            raise InputError(
                f"metric = '{metric}': no run has an episode that returns {metric.number:g} or "
                f"more; must be at most {greatest:g}, the greatest return"
            )

    def grid(self) -> pd.DataFrame:
        """Give the grid's hyperparameters, a row for each configuration."""
        return pd.DataFrame(self._points(np.arange(self.study.num_configurations), 1))

    @functools.cached_property
    def _grid(self) -> dict[str, NDArray[Any]]:
        """What varies, each as an array over the configurations."""
        return {
            name: _column([point.get(name) for point in self.study.points])
            for name in self.study.names
        }

    def _by_configuration(self) -> list[tuple[int, Entries]]:
        """List the configurations that have runs, each with what was recorded of it."""
        places, first = np.unique(self._recorded.configuration, return_index=True)
        ends = [*first[1:].tolist(), len(self._recorded.configuration)]
        rows = [slice(start, end) for start, end in zip(first.tolist(), ends, strict=True)]
        return [
            (place, taken(self._recorded, some))
            for place, some in zip(places.tolist(), rows, strict=True)
        ]

    @functools.cached_property
    def _recorded(self) -> Entries:
        """Read what was kept of the sweep's runs, and with it which runs there are."""
        finished, entries = read_runs(self.store, self.study)
        vars(self).setdefault("_finished", finished)
        if entries is not None:
            return entries
        if self.stale:
            raise InputError(
                f"{self.store}: holds no runs of the algorithms at hand, but "
                f"{', '.join(map(str, self.stale))}; run the sweep again"
            )
        raise no_runs(self.store)


def _column(cells: list[Cell | None]) -> NDArray[Any]:
    """Make a column of numbers, or of words where there is one; what an agent lacks is empty."""
    known = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, str) for cell in known):
        return np.array(["" if cell is None else str(cell) for cell in cells], dtype=object)
    if len(known) < len(cells):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return np.array(known)
