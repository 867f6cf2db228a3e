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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fastq.agents import Agent
from fastq.atomic import put
from fastq.errors import InputError
from fastq.schedules import Schedule
from fastq.sweep import Configuration
from fastq.validation import shorten

_INDEX = b"fastq.runs"

Runs = dict[str, list[int]]
"""Numbers of the runs of each configuration, by its key."""
Hyperparameters = dict[str, pa.DataType]
"""The type of the column of each hyperparameter."""


def hyperparameters_of(configurations: Sequence[Configuration]) -> Hyperparameters:
    """List the hyperparameters of all agents: words are strings, all others numbers."""
    found: Hyperparameters = {}
    for agent in (configuration.agent for configuration in configurations):
        for name in type(agent).model_fields:
            found.setdefault(name, pa.float64())
            if isinstance(getattr(agent, name), str):
                found[name] = pa.string()
    return found


def write_part(
    directory: Path,
    configurations: Sequence[Configuration],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    columns: dict[str, NDArray[Any]],
    hyperparameters: Hyperparameters,
) -> None:
    """Write the rows of N runs.

    Parameters
    ----------
    configurations, configuration_of, run_of
        The configuration of run i is ``configurations[configuration_of[i]]``, its number
        ``run_of[i]``.
    columns : dict of str to array, shape (N, episodes)
    hyperparameters : dict
        From `hyperparameters_of` all configurations of the study: each becomes a column.
    """
    runs: Runs = {}
    for configuration, run in zip(configuration_of.tolist(), run_of.tolist(), strict=True):
        runs.setdefault(configurations[configuration].key, []).append(run)
    episodes = next(iter(columns.values())).shape[1]
    about = _about(configurations, hyperparameters)
    rows = _rows(about, configuration_of, run_of, columns, episodes)
    index = json.dumps(runs).encode()
    temporary = directory / "parts" / f".{uuid.uuid4().hex}.tmp"
    try:
        pq.write_table(
            rows.replace_schema_metadata({_INDEX: index}),
            temporary,
            compression="lz4",
            use_dictionary=[*about, "run"],
            write_statistics=False,
        )
        name = f"{hashlib.sha256(index).hexdigest()[:16]}-{_checksum(temporary.read_bytes())}"
        put(temporary, directory / "parts" / f"{name}.parquet")
    finally:
        temporary.unlink(missing_ok=True)


def _rows(
    about: dict[str, pa.Array],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    columns: dict[str, NDArray[Any]],
    episodes: int,
) -> pa.Table:
    """Lay out one row for each run and episode, with what is known of its configuration."""
    place = pa.array(np.repeat(configuration_of.astype(np.int32), episodes))
    table = {
        name: pa.DictionaryArray.from_arrays(place, values)
        if pa.types.is_string(values.type)
        else values.take(place)
        for name, values in about.items()
    }
    table["run"] = pa.array(np.repeat(run_of.astype(np.int32), episodes))
    table["episode"] = pa.array(np.tile(np.arange(episodes, dtype=np.int32), len(run_of)))
    for name, values in columns.items():
        table[name] = pa.array(np.broadcast_to(values, (len(run_of), episodes)).ravel())
    return pa.table(table)


def _about(
    configurations: Sequence[Configuration], hyperparameters: Hyperparameters
) -> dict[str, pa.Array]:
    """Write down each configuration: its key, its agent, and all hyperparameters.

    A hyperparameter is empty where an agent has none of that name, and where it has a schedule,
    which stands in a column of its own.
    """
    agents = [configuration.agent for configuration in configurations]
    about = {
        "configuration": pa.array([configuration.key for configuration in configurations]),
        "agent": pa.array([agent.name for agent in agents]),
    }
    for name, kind in hyperparameters.items():
        known, empty = (str, "") if pa.types.is_string(kind) else ((int, float), None)
        values = [getattr(agent, name, None) for agent in agents]
        plain = [value if isinstance(value, known) else empty for value in values]
        about[name] = pa.array(plain, type=kind)
    about["schedules"] = pa.array([_schedules(agent) for agent in agents])
    return about


def _schedules(agent: Agent) -> str:
    """Write down the hyperparameters that change while an agent learns."""
    values = {name: getattr(agent, name) for name in type(agent).model_fields}
    return ", ".join(f"{name} = {v}" for name, v in values.items() if isinstance(v, Schedule))


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
                finished.setdefault(key, []).extend(runs)
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


def _checksum(data: bytes) -> str:
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
