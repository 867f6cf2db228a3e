"""What a study's parts hold: which runs there are, and what was kept of them, in order.

Nothing here depends on how the work was cut, who did it, or how often. A run that two tasks
computed is counted once.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fastq.agents.registry import AGENTS
from fastq.base.errors import InputError
from fastq.base.memory import check_cells
from fastq.base.validation import LARGEST
from fastq.study.moments import Blocks, outermost
from fastq.study.record import Entries
from fastq.study.storage.parts import Finished, Owner, add_finished, read_parts
from fastq.study.storage.store import Store
from fastq.study.study import Study


class Stale(NamedTuple):
    """Runs of an agent whose algorithm has changed since."""

    agent: str
    version: str
    runs: int
    newer: str | None = None
    """Where a newer algorithm stands that was not run yet: then the runs are shown, named as stale.
    Without it they are kept and not shown."""

    def __str__(self) -> str:
        runs = f"{self.runs:,} run{'s' if self.runs > 1 else ''} of {self.agent}"
        if self.newer == "fastq":
            return f"{runs} were made by another version of fastq's {self.agent}"
        if self.newer:
            return f"{runs} were made by an older version of {self.newer}"
        return f"{runs}, version {self.version}, are of an older algorithm and not shown"


def missing_runs(
    finished: Mapping[str, Finished], study: Study
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find which runs of a study are not recorded yet.

    Returns
    -------
    configuration, run : arrays of the same length
        The index of the configuration in the grid, and the number of the run.
    """
    check_cells(study.num_configurations, study.runs)
    missing = np.ones((study.num_configurations, study.runs), dtype=np.bool_)
    for index, key in enumerate(study.keys):
        if key in finished:
            for first, stop in finished[key].runs:
                missing[index, first:stop] = False
    configurations, runs = np.nonzero(missing)
    return configurations, runs


def count_finished(finished: Mapping[str, Finished], study: Study) -> int:
    """Count the runs of a study that are recorded, in no more memory than their list takes."""
    return sum(_count(finished[key].runs, study.runs) for key in study.keys if key in finished)


def stale_runs(finished: Mapping[str, Finished], algorithms: Mapping[str, str]) -> list[Stale]:
    """List the runs of agents whose version is another than that of the algorithms at hand.

    Parameters
    ----------
    finished : mapping
        From `finished_runs`.
    algorithms : mapping of str to str
        The versions of agents by their names, besides fastq's own.
    """
    present = {name: str(agent.algorithm_version()) for name, agent in AGENTS.items()}
    present |= algorithms
    return [
        Stale(*owner, runs)
        for owner, runs in counted(finished.values())
        if present.get(owner.agent, owner.version) != owner.version
    ]


def counted(finished: Iterable[Finished]) -> list[tuple[Owner, int]]:
    """Count the runs of each owner."""
    counts: dict[Owner, int] = {}
    for owner, runs in finished:
        counts[owner] = counts.get(owner, 0) + _count(runs, LARGEST + 1)
    return sorted(counts.items())


def _count(runs: Iterable[tuple[int, int]], end: int) -> int:
    """Count runs before an end, each once."""
    count = beyond = 0
    for first, stop in sorted(runs):
        count += max(0, min(stop, end) - max(first, beyond))
        beyond = max(beyond, stop)
    return count


def read_entries(store: Store, study: Study) -> Entries:
    """Read what was kept of a study's runs, sorted by configuration and run.

    Raises
    ------
    InputError
        Where there is nothing, or a part is damaged.
    """
    _, entries = read_runs(store, study)
    if entries is None:
        raise no_runs(store)
    return entries


def no_runs(store: Store) -> InputError:
    """Say that a study has no runs yet."""
    return InputError(f"{store}: holds no finished runs; run the sweep first")


def read_runs(store: Store, study: Study) -> tuple[dict[str, Finished], Entries | None]:
    """Read each part once: which runs there are, as `finished_runs` does, and what was kept.

    Returns
    -------
    finished : dict
        Of all configurations that were ever run, by their keys.
    entries : Entries or None
        Of the study's configurations and runs, sorted; None where it has none.

    Raises
    ------
    InputError
        Where a part is damaged.
    """
    finished: dict[str, Finished] = {}
    columns, points = study.record.columns, study.record.num_points(study.episodes)
    index_of = {key: i for i, key in enumerate(study.keys)}
    pieces = []
    for table, listed in read_parts(store, study.identity, columns, points):
        heads = table.select(["configuration", "run"]).take(np.arange(0, len(table), points))
        keys = heads["configuration"].to_pylist()
        indices = np.array([index_of.get(key, -1) for key in keys], dtype=np.int64)
        runs = heads["run"].to_numpy().astype(np.int64)
        wanted = (indices >= 0) & (runs < study.runs)
        add_finished(finished, listed)
        found = {name: _by_entry(table[name], points) for name in columns}
        sizes = found["runs"][:, 0] if study.record.has_moments else np.ones_like(runs)
        spans = [(key, *span) for key, (_, runs_of) in listed.items() for span in runs_of]
        of_keys, firsts, stops = ([span[i] for span in spans] for i in range(3))
        if _joined(keys, runs, runs + sizes) != _joined(of_keys, firsts, stops):
            raise InputError(f"{store}: is damaged (a part's rows are not those that it lists)")
        values = [found[name][wanted] for name in columns]
        pieces.append((indices[wanted], runs[wanted], *values))
    if not sum(len(piece[0]) for piece in pieces):
        return finished, None
    indices, runs, *values = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    entries = Entries(indices, runs, dict(zip(columns, values, strict=True)))
    sort = partial(_blocks, store, study) if study.record.has_moments else partial(_once, store)
    return finished, sort(entries)


def _joined(
    keys: Sequence[Any], firsts: Sequence[Any] | NDArray[np.int64], stops: Any
) -> list[tuple[str, int, int]]:
    """Join spans of runs that follow each other, whatever their order."""
    if not len(keys):
        return []
    key, first, stop = np.array(keys, dtype=np.str_), np.array(firsts), np.array(stops)
    order = np.lexsort((first, key))
    key, first, stop = key[order], first[order], stop[order]
    begins = np.flatnonzero(np.append(True, (key[1:] != key[:-1]) | (first[1:] != stop[:-1])))
    ends = np.append(begins[1:], len(key)) - 1
    columns = key[begins].tolist(), first[begins].tolist(), stop[ends].tolist()
    return list(zip(*columns, strict=True))


def taken(entries: Entries, rows: NDArray[np.int64] | slice) -> Entries:
    """Take some entries."""
    columns = {name: values[rows] for name, values in entries.columns.items()}
    return Entries(entries.configuration[rows], entries.run[rows], columns)


def _once(store: Store, entries: Entries) -> Entries:
    """Sort runs, and take each once."""
    found = taken(entries, np.lexsort((entries.run, entries.configuration)))
    again = np.flatnonzero((np.diff(found.configuration) == 0) & (np.diff(found.run) == 0)) + 1
    if not len(again):
        return found
    for values in found.columns.values():
        if values[again].tobytes() != values[again - 1].tobytes():
            raise InputError(f"{store}: is damaged (two parts differ about the same run)")
    return taken(found, np.setdiff1d(np.arange(len(found.run)), again))


def _blocks(store: Store, study: Study, entries: Entries) -> Entries:
    """Sort blocks, and take each run once."""
    sizes = entries.columns["runs"][:, 0]
    found = taken(entries, outermost(Blocks(entries.configuration, entries.run, sizes)))
    beyond = int((found.run + found.columns["runs"][:, 0]).max())
    if beyond > study.runs:
        raise InputError(
            f"{store}: runs = {study.runs}: moments were recorded of more runs together; must be "
            f"at least {beyond}"
        )
    return found


def _by_entry(column: pa.ChunkedArray, points: int) -> NDArray[np.generic]:
    """Shape a column of a part by entry and point."""
    values: NDArray[np.generic] = column.to_numpy()
    return values.reshape(-1, points)
