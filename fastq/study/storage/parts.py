"""Part files: the rows that the tasks of a study wrote.

A part is a parquet file with one row for each point of each entry of what was recorded (`records`):
by default for each configuration, run and episode, in that order. Its footer lists the runs that it
holds, and whose they are. Its name ends in the checksum of its bytes: every reading checks it.
"""

import contextlib
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fastq.agents.schedules import Schedule
from fastq.agents.td_control import Agent
from fastq.base.errors import InputError
from fastq.base.validation import shorten
from fastq.study.record import Entries
from fastq.study.storage.rows import DAMAGES, check_rows, check_size, check_spans, check_words
from fastq.study.storage.store import Store
from fastq.study.sweep import Configuration

_INDEX = b"fastq.runs"
_FOLDER, _SUFFIX = "parts", ".parquet"


class Owner(NamedTuple):
    """Whose runs they are."""

    agent: str
    version: str
    """Of the agent's algorithm: rows of another are rows of another configuration."""


class Finished(NamedTuple):
    """Which runs of a configuration there are."""

    owner: Owner
    runs: list[tuple[int, int]]
    """From a first up to before a second."""


Varied = dict[str, pa.DataType]
"""The columns of what varies between the configurations of a study, and their types."""

_SPLIT = (pa.float64(), pa.int32(), pa.int64())
"""Results of these types are written byte by byte of each number: it packs well, and is quick."""


def varied_in(configurations: Sequence[Configuration]) -> Varied:
    """List what varies: words are strings, all else numbers; schedules have a column of theirs."""
    found: Varied = {}
    for name, value in (item for one in configurations for item in one.point.items()):
        found.setdefault(name, pa.float64())
        if isinstance(value, str):
            found[name] = pa.string()
        elif isinstance(value, Schedule):
            found["schedules"] = pa.string()
    return found


def write_part(
    store: Store,
    configurations: Sequence[Configuration],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    entries: Entries,
    points: NDArray[np.int32],
    varied: Varied,
    identity: str,
) -> None:
    """Write what was recorded of N runs.

    Parameters
    ----------
    configurations, configuration_of, run_of
        The configuration of run i is ``configurations[configuration_of[i]]``, its number
        ``run_of[i]``.
    entries : Entries
        What is kept of them.
    points : array of int
        The points of each entry, for the column ``episode``.
    varied : dict
        From `varied_in` all configurations of the study: each becomes a column.
    identity : str
        Of the study: its seed and all else that a configuration's key does not tell.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    index = json.dumps(
        {"study": identity, "runs": _index(configurations, configuration_of, run_of)}
    ).encode()
    data = packed(configurations, entries, points, varied, index)
    name = f"{hashlib.sha256(index).hexdigest()[:16]}-{_checksum(data)}"
    store.put(f"{_FOLDER}/{name}{_SUFFIX}", data)


def packed(
    configurations: Sequence[Configuration],
    entries: Entries,
    points: NDArray[np.int32],
    varied: Varied,
    index: bytes = b"{}",
) -> bytes:
    """Give the bytes of a part; see `write_part`."""
    rows = _rows(configurations, entries, points, varied)
    about = [field.name for field in rows.schema if pa.types.is_dictionary(field.type)]
    split = [name for name in entries.columns if rows.schema.field(name).type in _SPLIT]
    buffer = pa.BufferOutputStream()
    pq.write_table(
        rows.replace_schema_metadata({_INDEX: index}),
        buffer,
        compression="lz4",
        use_dictionary=about,
        column_encoding=dict.fromkeys(split, "BYTE_STREAM_SPLIT"),
        write_statistics=False,
    )
    return bytes(buffer.getvalue())


def _index(
    configurations: Sequence[Configuration],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
) -> dict[str, Any]:
    """List the runs of each configuration, as ranges, and whose they are."""
    runs: dict[str, Any] = {}
    breaks = (np.diff(configuration_of) != 0) | (np.diff(run_of) != 1)
    firsts = np.flatnonzero(np.concatenate([[True], breaks]))
    lasts = np.append(firsts[1:], len(run_of)) - 1
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        one = configurations[configuration_of[first]]
        if one.key not in runs:
            runs[one.key] = {**owner_of(type(one.agent))._asdict(), "runs": []}
        runs[one.key]["runs"].append([int(run_of[first]), int(run_of[last]) + 1])
    return runs


def owner_of(agent_type: type[Agent]) -> Owner:
    """Say whose runs those of an agent are."""
    return Owner(agent_type.name, str(agent_type.algorithm_version()))


def _rows(
    configurations: Sequence[Configuration],
    entries: Entries,
    points: NDArray[np.int32],
    varied: Varied,
) -> pa.Table:
    """Lay out one row for each entry and point."""
    count, each = len(entries.run), len(points)
    smallest = np.min_scalar_type(-len(configurations))
    index = pa.array(np.repeat(entries.configuration.astype(smallest), each))
    table = {}
    for name, values in _about(configurations, varied).items():
        if pa.types.is_string(values.type):
            table[name] = pa.DictionaryArray.from_arrays(index, values)
        elif values.null_count:
            table[name] = values.take(index)
        else:
            table[name] = pa.array(np.repeat(values.to_numpy()[entries.configuration], each))
    table["run"] = pa.array(np.repeat(entries.run.astype(np.int32), each))
    table["episode"] = pa.array(np.tile(points, count))
    for name, found in entries.columns.items():
        table[name] = pa.array(np.broadcast_to(found, (count, each)).ravel())
    fields = [pa.field(name, a.type, nullable=a.null_count > 0) for name, a in table.items()]
    return pa.table(table, schema=pa.schema(fields))


def _about(configurations: Sequence[Configuration], varied: Varied) -> dict[str, pa.Array]:
    """Write down each configuration's key, and what of it varies.

    A hyperparameter is empty where an agent has none of that name, and where it has a schedule.
    """
    about = {"configuration": pa.array([configuration.key for configuration in configurations])}
    for name, kind in varied.items():
        if name == "schedules":
            about[name] = pa.array([_schedules(one.point) for one in configurations])
            continue
        known, empty = (str, "") if pa.types.is_string(kind) else ((int, float), None)
        values = [one.point.get(name) for one in configurations]
        plain = [value if isinstance(value, known) else empty for value in values]
        about[name] = pa.array(plain, type=kind)
    return about


def _schedules(point: Mapping[str, Any]) -> str:
    """Write down what changes while an agent learns."""
    return ", ".join(f"{name} = {v}" for name, v in point.items() if isinstance(v, Schedule))


def finished_runs(store: Store, identity: str) -> dict[str, Finished]:
    """Read from the parts' footers which runs of each configuration, by its key, are there.

    Raises
    ------
    InputError
        Naming a part that is damaged, or of another study.
    """
    finished: dict[str, Finished] = {}
    for part in part_names(store):
        with _reading(store, part, identity) as file:
            listed = _listed(file)
        add_finished(finished, listed)
    return finished


def add_finished(finished: dict[str, Finished], listed: Mapping[str, Finished]) -> None:
    """Add the runs that a part lists to those that are known."""
    for key, (owner, spans) in listed.items():
        finished.setdefault(key, Finished(owner, [])).runs.extend(spans)


def _listed(file: pq.ParquetFile) -> dict[str, Finished]:
    """Read which runs a part lists."""
    found = {}
    for key, about in json.loads(file.metadata.metadata[_INDEX])["runs"].items():
        spans = [(first, stop) for first, stop in about["runs"]]
        check_spans(spans)
        owner = Owner(about["agent"], about["version"])
        check_words(owner)
        found[key] = Finished(owner, spans)
    return found


def read_parts(
    store: Store, identity: str, columns: Mapping[str, type[np.generic]], points: int
) -> Iterator[tuple[pa.Table, dict[str, Finished]]]:
    """Read some columns of all parts, and which runs they list, one part after another.

    Parameters
    ----------
    columns : mapping
        The columns, and their types.
    points : int
        The rows of an entry.

    Raises
    ------
    InputError
        Naming a part that is damaged, or of another study.
    """
    for part in part_names(store):
        with _reading(store, part, identity) as file:
            table = file.read(["configuration", "run", *columns], use_threads=False)
            if table.num_columns < 2 + len(columns):
                raise ValueError("it lacks a column")
            check_rows(table, columns, points)
            found = table, _listed(file)
        yield found


def damaged_parts(store: Store, identity: str) -> list[str]:
    """Read all parts through; say of each that is damaged what is wrong, in one line."""
    found = []
    for part in part_names(store):
        try:
            with _reading(store, part, identity) as file:
                file.read(use_threads=False)
        except InputError as error:
            found.append(str(error))
    return found


def part_names(store: Store) -> list[str]:
    """List the whole parts, in an order that does not depend on where they lie."""
    return store.names(_FOLDER, _SUFFIX)


def _checksum(data: bytes) -> str:
    """Sum up a part's bytes, to find damage, not malice."""
    return f"{zlib.crc32(data):08x}"


@contextlib.contextmanager
def _reading(store: Store, part: str, identity: str) -> Iterator[pq.ParquetFile]:
    """Open a part; turn whatever goes wrong in reading it into an error of one line.

    Read it on this thread alone: one of pyarrow's threads may be the last to hold the bytes, asks
    for the GIL to free them, and aborts the process if the interpreter ends then (Arrow's 34314).
    """
    try:
        data = store.read(part)
        if not part.removesuffix(_SUFFIX).endswith(f"-{_checksum(data)}"):
            raise ValueError("its bytes do not have the checksum that its name ends in")
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            if json.loads(file.metadata.metadata[_INDEX])["study"] != identity:
                raise ValueError("it belongs to another study")
            check_size(file, len(data))
            yield file
    except DAMAGES as error:
        raise InputError(
            f"{store}/{part}: is damaged ({shorten(str(error), 100)}); "
            "delete it, and the next sweep recomputes its runs"
        ) from None
