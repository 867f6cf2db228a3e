"""`Results`: what a study recorded, as pandas tables.

Tables are sorted by configuration, in the grid's order, then run, then episode: they do not depend
on how the work was cut into chunks, or who did them.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fastq import estimates
from fastq.errors import InputError
from fastq.estimates import Asked
from fastq.manifest import read_manifest, read_study
from fastq.parts import Finished, finished_runs
from fastq.recorded import Stale, missing_runs, read_entries, stale_runs, taken
from fastq.records import METRICS, Entries
from fastq.remote import open_store
from fastq.store import Store
from fastq.study import Cell, Study
from fastq.sweep import Sweep


class Results:
    """The results of a sweep, read from where they lie when they are asked for.

    Parameters
    ----------
    directory : str or Path
        Where `fastq.run` wrote to: a directory, or a URL.
    sweep : Sweep or Study, optional
        Whose configurations and runs to show; by default those of the last sweep that was run over
        the directory.

    Raises
    ------
    InputError
        Where there is no study, or a damaged one.
    """

    def __init__(self, directory: str | Path | Store, sweep: Sweep | Study | None = None) -> None:
        self.store = open_store(directory)
        self.manifest = read_manifest(self.store)
        asked = Study.of(sweep) if isinstance(sweep, Sweep) else sweep
        self.study = asked or read_study(self.store)

    def __repr__(self) -> str:
        return f"Results({str(self.store)!r}, {self.finished} of {self.total} runs)"

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
        return self.total - len(missing_runs(self._finished, self.study)[0])

    @functools.cached_property
    def stale(self) -> list[Stale]:
        """Runs of algorithms that are others by now: edited, or of an older fastq."""
        return stale_runs(self._finished, self.manifest["algorithms"])

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
        if self.study.record.kind != "episodes":
            raise InputError(f"episodes: were not recorded, for record = {self.study.record}")
        recorded, episodes = self._recorded, self.study.episodes
        table = self._points(recorded.configuration, episodes)
        table["run"] = np.repeat(recorded.run, episodes)
        table["episode"] = np.tile(np.arange(episodes), len(recorded.run))
        for name in (*METRICS, "truncated"):
            table[name] = recorded.columns[name].ravel()
        return pd.DataFrame(table)

    def curves(
        self,
        metric: str = "return",
        interval: str = "t",
        level: float = 0.95,
        window: int | None = None,
    ) -> pd.DataFrame:
        """Learning curves: the mean over runs in each episode, with a confidence band.

        Parameters
        ----------
        metric : {"return", "length"}
        interval : {"t", "bootstrap"}
        level : float
            Confidence, in (0, 1).
        window : int, optional
            Each run's mean over so many episodes makes one point, at the first of them; by default
            as many as were recorded together, which is 1 but for ``record = {window = ...}``.

        Returns
        -------
        DataFrame
            One row for each configuration and episode (or window): the hyperparameters of the
            grid, episode, estimate, lower, upper, runs. Bounds are NaN where there is one run.

        Raises
        ------
        InputError
            For an argument that is not allowed, or asks for what was not recorded.
        """
        study, asked = self.study, Asked(metric, interval, level)
        estimates.check_asked(study.record, asked)
        episodes = estimates.curve_points(study.record, study.episodes, window)
        pieces = []
        for place, entries in self._by_configuration():
            runs, found = estimates.curve(study.record, entries, asked, study.episodes, window)
            piece = self._points(np.array([place]), len(episodes))
            piece |= {"episode": episodes, **found._asdict()}
            piece["runs"] = np.full(len(episodes), runs)
            pieces.append(pd.DataFrame(piece))
        table = pd.concat(pieces, ignore_index=True)
        table.attrs.update(asked._asdict(), window=window or study.record.window)
        return table

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
        return pd.concat(pieces, ignore_index=True)

    def summary(
        self, metric: str = "return", interval: str = "t", level: float = 0.95
    ) -> pd.DataFrame:
        """One row for each configuration.

        Parameters
        ----------
        metric, interval, level
            As for `curves`.

        Returns
        -------
        DataFrame
            The hyperparameters of the grid; runs; estimate, lower and upper of the metric's mean
            over all episodes of a run; final, its mean over the last tenth of them (in whole
            windows, where windows were recorded); length, the mean steps of an episode; truncated
            and truncated_runs, how many episodes the time limit cut short, and how many runs have
            such an episode; diverged, in how many runs a Q-value was infinite or not a number in
            the end.

        Raises
        ------
        InputError
            For an argument that is not allowed, or asks for what was not recorded.
        """
        study, asked = self.study, Asked(metric, interval, level)
        estimates.check_asked(study.record, asked)
        places, lines = [], []
        for place, entries in self._by_configuration():
            places.append(place)
            lines.append(estimates.line(study.record, entries, asked, study.episodes))
        points = pd.DataFrame(self._points(np.array(places), 1))
        table = pd.concat([points, pd.DataFrame(lines)], axis=1)
        table.attrs.update(asked._asdict())
        return table

    def _points(self, configuration: NDArray[np.int64], repeats: int) -> dict[str, NDArray[Any]]:
        """Write out the grid's hyperparameters for configurations, each some times."""
        return {
            name: np.repeat(values[configuration], repeats) for name, values in self._grid.items()
        }

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
        """Read what was kept of the sweep's runs."""
        return read_entries(self.store, self.study)


def _column(cells: list[Cell | None]) -> NDArray[Any]:
    """Make a column of numbers, or of words where there is one; what an agent lacks is empty."""
    known = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, str) for cell in known):
        return np.array(["" if cell is None else str(cell) for cell in cells], dtype=object)
    if len(known) < len(cells):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return np.array(known)
