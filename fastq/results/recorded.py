"""What a study recorded, read from where it lies when it is asked for, and once.

Entries are sorted by configuration, in the grid's order, then run: they do not depend on how the
work was cut into chunks, or who did them. A configuration is named by its index in this order.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import shorten
from fastq.results import per_run
from fastq.results.policy_value import of_policies
from fastq.results.stale import stale_of
from fastq.study.metrics import Floats, Metric
from fastq.study.record import Entries
from fastq.study.runs import settings_of
from fastq.study.storage.entries import Stale, no_runs, read_runs, taken
from fastq.study.storage.manifest import read_manifest, read_study
from fastq.study.storage.parts import Finished, finished_runs
from fastq.study.storage.remote import open_store
from fastq.study.storage.reopen import read_sweep
from fastq.study.storage.store import Store
from fastq.study.study import Cell, Study
from fastq.study.sweep import Configuration, Sweep


class Recorded:
    """What a study recorded; for the arguments see `Results`."""

    def __init__(
        self, directory: str | Path | Store, sweep: Sweep | Study | None, *, trust: bool
    ) -> None:
        self.store = open_store(directory)
        if not isinstance(sweep, Sweep | Study | None):
            raise InputError(f"sweep = {shorten(sweep)}: must be a Sweep, or left out")
        self.manifest = read_manifest(self.store)
        self._trust = trust
        self._sweep = sweep if isinstance(sweep, Sweep) else None
        asked = Study.of(sweep) if isinstance(sweep, Sweep) else sweep
        self.study = asked or read_study(self.store, self.manifest)

    @functools.cached_property
    def sweep(self) -> Sweep:
        """The sweep itself; raises as `Results.sweep` does."""
        return self._sweep or read_sweep(self.store, self._trust)

    @functools.cached_property
    def finished(self) -> dict[str, Finished]:
        """Which runs of each configuration there are."""
        return finished_runs(self.store, self.study.identity)

    @functools.cached_property
    def stale(self) -> list[Stale]:
        """Runs of algorithms that are others by now; see `Results.stale`."""
        return stale_of(self.store, self.manifest, self.study, self.finished, self._sweep)

    @functools.cached_property
    def entries(self) -> Entries:
        """What was kept of the sweep's runs; read together with which runs there are."""
        finished, entries = read_runs(self.store, self.study)
        vars(self).setdefault("finished", finished)
        if entries is not None:
            return entries
        if self.stale:
            raise InputError(
                f"{self.store}: holds no runs of the algorithms at hand, but "
                f"{', '.join(map(str, self.stale))}; run the sweep again"
            )
        raise no_runs(self.store)

    def by_configuration(self) -> list[tuple[int, Entries]]:
        """List the indices of configurations that have runs, each with what was recorded of it."""
        indices, first = np.unique(self.entries.configuration, return_index=True)
        ends = [*first[1:].tolist(), len(self.entries.configuration)]
        rows = [slice(start, end) for start, end in zip(first.tolist(), ends, strict=True)]
        return [
            (index, taken(self.entries, some))
            for index, some in zip(indices.tolist(), rows, strict=True)
        ]

    def points(self, configuration: NDArray[np.int64], repeats: int) -> dict[str, NDArray[Any]]:
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

    def of_runs(self, metric: Metric, index: int, entries: Entries) -> Floats:
        """Give a metric of each run of a configuration, shape (N,)."""
        if not metric.of_policies:
            return per_run.of_runs(self.study.record, entries, metric, self.study.episodes)
        return self.of_checkpoints(metric, index, entries, np.array([self.study.episodes]))[:, 0]

    def of_checkpoints(
        self, metric: Metric, index: int, entries: Entries, episodes: NDArray[np.int64]
    ) -> Floats:
        """Give a metric of what each run of a configuration has learned after some episodes."""
        per_run.check_recorded(self.study.record, metric)
        settings, agent = settings_of(self.sweep), self.configuration(index).agent
        return of_policies(metric, self.sweep.mdp, agent, entries.run, settings, episodes)

    def configuration(self, index: int) -> Configuration:
        """Give a configuration that its runs can be had of again."""
        found = self._by_key.get(self.study.keys[index])
        if found is None:
            raise InputError(
                f"{self.store}: configuration {index} is not of the algorithms at hand; run the "
                "sweep"
            )
        return found

    @functools.cached_property
    def _by_key(self) -> dict[str, Configuration]:
        """The configurations of the sweep by their keys."""
        return {configuration.key: configuration for configuration in self.sweep.configurations}


def _column(cells: list[Cell | None]) -> NDArray[Any]:
    """Make a column of numbers, or of words where there is one; what an agent lacks is empty."""
    known = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, str) for cell in known):
        return np.array(["" if cell is None else str(cell) for cell in cells], dtype=object)
    if len(known) < len(cells):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return np.array(known)
