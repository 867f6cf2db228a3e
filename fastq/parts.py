"""Part files: the rows that the tasks of a study wrote.

A part is a parquet file with one row for each configuration, run and episode, in that order, that
pandas, Polars or DuckDB read as it is. Its footer lists the runs that it holds. A name that ends in
``.parquet`` is a whole part, for parts are put in place by renaming. The name ends in the checksum
of the part's bytes, which every reading is held against.
"""

import contextlib
import hashlib
import json
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fastq.atomic import put
from fastq.errors import InputError
from fastq.schedules import Schedule
from fastq.sweep import Configuration
from fastq.validation import shorten

_INDEX = b"fastq.runs"

Runs = dict[str, list[tuple[int, int]]]
"""Which runs there are of each configuration, by its key: from a first up to before a second."""
Varied = dict[str, pa.DataType]
"""The columns of what varies between the configurations of a study, and their types."""

_SPLIT = ("return", "length")
"""Written byte by byte of each number, which packs well, and as quickly as copying."""


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
    directory: Path,
    configurations: Sequence[Configuration],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    columns: dict[str, NDArray[Any]],
    varied: Varied,
) -> None:
    """Write the rows of N runs.

    Parameters
    ----------
    configurations, configuration_of, run_of
        The configuration of run i is ``configurations[configuration_of[i]]``, its number
        ``run_of[i]``.
    columns : dict of str to array, shape (N, episodes)
    varied : dict
        From `varied_in` all configurations of the study: each becomes a column.
    """
    index = json.dumps(_index(configurations, configuration_of, run_of)).encode()
    rows = _rows(configurations, configuration_of, run_of, columns, varied)
    about = [field.name for field in rows.schema if pa.types.is_dictionary(field.type)]
    buffer = pa.BufferOutputStream()
    pq.write_table(
        rows.replace_schema_metadata({_INDEX: index}),
        buffer,
        compression="lz4",
        use_dictionary=about,
        column_encoding={name: "BYTE_STREAM_SPLIT" for name in _SPLIT if name in columns},
        write_statistics=False,
    )
    data = buffer.getvalue()
    name = f"{hashlib.sha256(index).hexdigest()[:16]}-{_checksum(data)}"
    temporary = directory / "parts" / f".{uuid.uuid4().hex}.tmp"
    try:
        temporary.write_bytes(data)
        put(temporary, directory / "parts" / f"{name}.parquet")
    finally:
        temporary.unlink(missing_ok=True)


def _index(
    configurations: Sequence[Configuration],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
) -> Runs:
    """List the runs of each configuration, as ranges."""
    runs: Runs = {}
    breaks = (np.diff(configuration_of) != 0) | (np.diff(run_of) != 1)
    firsts = np.flatnonzero(np.concatenate([[True], breaks]))
    lasts = np.append(firsts[1:], len(run_of)) - 1
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        key = configurations[configuration_of[first]].key
        runs.setdefault(key, []).append((int(run_of[first]), int(run_of[last]) + 1))
    return runs


def _rows(
    configurations: Sequence[Configuration],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    columns: dict[str, NDArray[Any]],
    varied: Varied,
) -> pa.Table:
    """Lay out one row for each run and episode."""
    runs, episodes = len(run_of), next(iter(columns.values())).shape[1]
    smallest = np.min_scalar_type(-len(configurations))
    place = pa.array(np.repeat(configuration_of.astype(smallest), episodes))
    table = {}
    for name, values in _about(configurations, varied).items():
        if pa.types.is_string(values.type):
            table[name] = pa.DictionaryArray.from_arrays(place, values)
        elif values.null_count:
            table[name] = values.take(place)
        else:
            table[name] = pa.array(np.repeat(values.to_numpy()[configuration_of], episodes))
    table["run"] = pa.array(np.repeat(run_of.astype(np.int32), episodes))
    table["episode"] = pa.array(np.tile(np.arange(episodes, dtype=np.int32), runs))
    for name, found in columns.items():
        table[name] = pa.array(np.broadcast_to(found, (runs, episodes)).ravel())
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


def finished_runs(directory: Path) -> Runs:
    """Read from the parts' footers which runs of each configuration are there.

    Raises
    ------
    InputError
        Naming a part that is damaged.
    """
    finished: Runs = {}
    for part in _parts(directory):
        with _reading(part) as file:
            for key, runs in json.loads(file.metadata.metadata[_INDEX]).items():
                finished.setdefault(key, []).extend((first, stop) for first, stop in runs)
    return finished


def read_parts(directory: Path, columns: Sequence[str]) -> list[pa.Table]:
    """Read some columns of all parts.

    Raises
    ------
    InputError
        Naming a part that is damaged.
    """
    tables = []
    for part in _parts(directory):
        with _reading(part) as file:
            tables.append(file.read(columns=list(columns)))
    return tables


def _parts(directory: Path) -> list[Path]:
    """List the whole parts, in an order that does not depend on the file system."""
    return sorted((directory / "parts").glob("[!.]*.parquet"))


def _checksum(data: bytes | pa.Buffer) -> str:
    """Sum up a part's bytes, to find damage, not malice."""
    return f"{zlib.crc32(data):08x}"


@contextlib.contextmanager
def _reading(part: Path) -> Iterator[pq.ParquetFile]:
    """Open a part; turn whatever goes wrong in reading it into an error of one line."""
    try:
        data = part.read_bytes()
        if not part.stem.endswith(f"-{_checksum(data)}"):
            raise ValueError("its bytes do not have the checksum that its name ends in")
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            yield file
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise InputError(
            f"{part}: is damaged ({shorten(str(error), 100)}); "
            "delete it, and the next sweep recomputes its runs"
        ) from None
