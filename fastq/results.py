"""`Results`: what a study recorded, as pandas tables.

Tables are sorted by configuration, in the grid's order, then run, then episode: they do not depend
on how the work was cut into chunks, or who did them.
"""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from fastq import statistics
from fastq.errors import InputError
from fastq.manifest import read_manifest, read_study
from fastq.parts import finished_runs, read_parts
from fastq.study import Cell, Study
from fastq.sweep import Sweep
from fastq.validation import check_arguments, choose

METRICS = ("return", "length")
_COLUMNS = ("return", "length", "truncated", "diverged")
_LAST_SHARE = 10


class _Recorded(NamedTuple):
    """All rows of N runs, sorted by configuration and run."""

    configuration: NDArray[np.int64]
    """Shape (N,): the configuration's place in the grid."""
    run: NDArray[np.int64]
    """Shape (N,)."""
    columns: dict[str, NDArray[Any]]
    """Return, length and truncated of each episode, and whether the run diverged, shape
    (N, episodes)."""


class Results:
    """The results of a sweep, read from its directory when they are asked for.

    Parameters
    ----------
    directory : str or Path
        Where `fastq.run` wrote to.
    sweep : Sweep or Study, optional
        Whose configurations and runs to show; by default those of the last sweep that was run over
        the directory.

    Raises
    ------
    InputError
        Where the directory holds no study, or a damaged one.
    """

    def __init__(self, directory: str | Path, sweep: Sweep | Study | None = None) -> None:
        self.directory = Path(directory)
        self.manifest = read_manifest(self.directory)
        asked = Study.of(sweep) if isinstance(sweep, Sweep) else sweep
        self.study = asked or read_study(self.directory)

    def __repr__(self) -> str:
        return f"Results({str(self.directory)!r}, {self.finished} of {self.total} runs)"

    @property
    def total(self) -> int:
        """How many runs the sweep has."""
        return self.study.total

    @functools.cached_property
    def finished(self) -> int:
        """How many of them are recorded."""
        return self.total - len(missing_runs(self.directory, self.study)[0])

    def episodes(self) -> pd.DataFrame:
        """One row for each configuration, run and episode.

        Returns
        -------
        DataFrame
            The hyperparameters of the grid, run, episode (from 0), return, length (steps) and
            truncated (whether the time limit cut the episode short).
        """
        recorded = self._recorded
        episodes = self.study.episodes
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
        window: int = 1,
    ) -> pd.DataFrame:
        """Learning curves: the mean over runs in each episode, with a confidence band.

        Parameters
        ----------
        metric : {"return", "length"}
        interval : {"t", "bootstrap"}
        level : float
            Confidence, in (0, 1).
        window : int
            Each run's mean over so many episodes makes one point, at the first of them.

        Returns
        -------
        DataFrame
            One row for each configuration and episode (or window): the hyperparameters of the
            grid, episode, estimate, lower, upper, runs. Bounds are NaN where there is one run.

        Raises
        ------
        InputError
            For an argument that is not allowed.
        """
        choose("metric", metric, METRICS)
        check_arguments(window=window)
        episodes = np.arange(0, self.study.episodes, window)
        pieces = []
        for place, rows in self._by_configuration():
            samples = _means(self._recorded.columns[metric][rows], episodes)
            estimate = statistics.mean_interval(samples, interval, level)
            piece = self._points(np.array([place]), len(episodes))
            piece |= {"episode": episodes, **estimate._asdict()}
            pieces.append(pd.DataFrame({**piece, "runs": len(samples)}))
        table = pd.concat(pieces, ignore_index=True)
        table.attrs = {"metric": metric, "interval": interval, "level": level, "window": window}
        return table

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
            over all episodes of a run; final, its mean over the last tenth of them; length, the
            mean steps of an episode; truncated and truncated_runs, how many episodes the time
            limit cut short, and how many runs have such an episode; diverged, in how many runs a
            Q-value was infinite or not a number in the end.

        Raises
        ------
        InputError
            For an argument that is not allowed.
        """
        choose("metric", metric, METRICS)
        rows_of = self._by_configuration()
        last = max(1, self.study.episodes // _LAST_SHARE)
        lines = []
        for _, rows in rows_of:
            values, lengths, truncated, diverged = (
                self._recorded.columns[name][rows] for name in (metric, *_COLUMNS[1:])
            )
            estimate = statistics.mean_interval(values.mean(axis=1), interval, level)
            lines.append(
                {
                    "runs": len(values),
                    **{name: float(value) for name, value in estimate._asdict().items()},
                    "final": values[:, -last:].mean(),
                    "length": lengths.mean(),
                    "truncated": int(truncated.sum()),
                    "truncated_runs": int(truncated.any(axis=1).sum()),
                    "diverged": int(diverged[:, 0].sum()),
                }
            )
        points = self._points(np.array([place for place, _ in rows_of]), 1)
        table = pd.concat([pd.DataFrame(points), pd.DataFrame(lines)], axis=1)
        table.attrs = {"metric": metric, "interval": interval, "level": level}
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

    def _by_configuration(self) -> list[tuple[int, slice]]:
        """List the configurations that have runs, each with its rows."""
        places, first = np.unique(self._recorded.configuration, return_index=True)
        ends = [*first[1:].tolist(), len(self._recorded.configuration)]
        rows = [slice(start, end) for start, end in zip(first.tolist(), ends, strict=True)]
        return list(zip(places.tolist(), rows, strict=True))

    @functools.cached_property
    def _recorded(self) -> _Recorded:
        """Read the sweep's rows of all parts."""
        place_of = {key: i for i, key in enumerate(self.study.keys)}
        pieces = []
        for table in read_parts(self.directory, ("configuration", "run", *_COLUMNS)):
            firsts = self._first_rows(table)
            keys = firsts["configuration"].to_pylist()
            places = np.array([place_of.get(key, -1) for key in keys], dtype=np.int64)
            runs = firsts["run"].to_numpy().astype(np.int64)
            wanted = (places >= 0) & (runs < self.study.runs)
            columns = [_by_run(table[name], len(runs))[wanted] for name in _COLUMNS]
            pieces.append((places[wanted], runs[wanted], *columns))
        if not sum(len(piece[0]) for piece in pieces):
            raise InputError(f"{self.directory}: holds no finished runs; run the sweep first")
        places, runs, *columns = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        order = np.lexsort((runs, places))
        sorted_columns = [values[order] for values in columns]
        return _Recorded(
            places[order], runs[order], dict(zip(_COLUMNS, sorted_columns, strict=True))
        )

    def _first_rows(self, table: pa.Table) -> pa.Table:
        """Take the first row of each run, for a run's rows stand together."""
        if table.num_rows % self.study.episodes:
            raise InputError(
                f"{self.directory}: a part holds {table.num_rows} rows: must be a multiple of "
                f"{self.study.episodes} episodes; it is damaged"
            )
        return table.take(np.arange(0, table.num_rows, self.study.episodes))


def missing_runs(directory: Path, study: Study) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find which runs of a study are not recorded yet.

    Returns
    -------
    configuration, run : arrays of the same length
        The place of the configuration in the grid, and the number of the run.
    """
    finished = finished_runs(directory)
    missing = np.ones((study.num_configurations, study.runs), dtype=np.bool_)
    for place, key in enumerate(study.keys):
        for first, stop in finished.get(key, []):
            missing[place, first:stop] = False
    configurations, runs = np.nonzero(missing)
    return configurations, runs


def _column(cells: list[Cell | None]) -> NDArray[Any]:
    """Make a column of numbers, or of words where there is one; what an agent lacks is empty."""
    known = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, str) for cell in known):
        return np.array(["" if cell is None else str(cell) for cell in cells], dtype=object)
    if len(known) < len(cells):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return np.array(known)


def _means(values: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average each run's episodes over the windows that begin at `starts`."""
    sums = np.add.reduceat(values.astype(np.float64), starts, axis=1)
    means: NDArray[np.float64] = sums / np.diff(starts, append=values.shape[1])
    return means


def _by_run(column: pa.ChunkedArray, runs: int) -> NDArray[Any]:
    """Shape a column of a part by run and episode."""
    values: NDArray[Any] = column.to_numpy()
    return values.reshape(runs, -1)
