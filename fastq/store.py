"""The directory of a study: ``manifest.json`` and the part files that its chunks wrote.

A part is a parquet file with one row for each configuration, run and episode, in that order, that
pandas, Polars or DuckDB read as it is. Its footer lists the runs that it holds. A part is written
under a temporary name, flushed to disk, and renamed: a name that ends in ``.parquet`` is a whole
part. The name ends in the checksum of the part's bytes, which every reading is held against.

A directory holds one study: its environment, agent, seed, episodes, time limit and streams never
change. Configurations and runs are added to; the manifest's spec is the last one that was run.
"""

import contextlib
import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import uuid
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fastq.errors import InputError
from fastq.sweep import Configuration, Sweep
from fastq.validation import shorten

FORMAT = 1
_INDEX = b"fastq.runs"
_LIBRARIES = ("fastq-rl", "numpy", "numba", "gymnasium", "pandas", "pyarrow", "scipy", "joblib")

Runs = dict[str, list[int]]
"""Numbers of the runs of each configuration, by its key."""


def check_study(directory: Path, sweep: Sweep) -> None:
    """Check that a directory can hold the study of a sweep; change nothing.

    Raises
    ------
    InputError
        Where it holds another study, or something else.
    """
    if (directory / "manifest.json").exists():
        _check_same_study(directory, read_manifest(directory), sweep)
    elif directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(
            f"out = {str(directory)!r}: holds something else; "
            "must be a new or empty directory, or one that holds this study"
        )


def open_study(directory: Path, sweep: Sweep) -> None:
    """Make a directory the study of a sweep, or take up the study that it holds.

    Raises
    ------
    InputError
        Where it holds another study, or something else, or cannot be written.
    """
    check_study(directory, sweep)
    known = (directory / "manifest.json").exists()
    old = read_manifest(directory) if known else {}
    try:
        (directory / "parts").mkdir(parents=True, exist_ok=True)
        _write_manifest(directory, _manifest(sweep, old))
    except OSError as error:
        reason = error.strerror
        raise InputError(f"out = {str(directory)!r}: cannot be written ({reason})") from None


def read_manifest(directory: Path) -> dict[str, Any]:
    """Read a study's manifest.

    Raises
    ------
    InputError
        Where the directory holds no study, or a damaged one.
    """
    path = directory / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found = manifest["format"]
        _ = manifest["spec"]["env"], manifest["environment"], manifest["max_steps"]
    except OSError:
        raise InputError(
            f"{directory}: holds no study (no manifest.json that can be read)"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path}: is damaged ({type(error).__name__}: {error})") from None
    if found != FORMAT:
        raise InputError(
            f"{path}: format = {shorten(found)}: must be {FORMAT}; made by another fastq"
        )
    return dict(manifest)


def add_wall_time(directory: Path, seconds: float) -> None:
    """Add the time of a finished sitting to the manifest."""
    manifest = read_manifest(directory)
    manifest["wall_time"] = round(manifest["wall_time"] + seconds, 3)
    _write_manifest(directory, manifest)


def _identity(sweep: Sweep) -> dict[str, Any]:
    """List what two sweeps of one study have in common."""
    return {
        "env": sweep.env,
        "env_args": dict(sweep.env_args),
        "environment": sweep.mdp.fingerprint,
        "agent": sweep.agent,
        "seed": sweep.seed,
        "episodes": sweep.episodes,
        "max_steps": sweep.time_limit,
        "streams": sweep.streams,
    }


def _check_same_study(directory: Path, manifest: dict[str, Any], sweep: Sweep) -> None:
    """Raise `InputError` where the sweep contradicts the study in the directory."""
    stored = {**manifest["spec"], **manifest}
    for field, value in _identity(sweep).items():
        if stored.get(field) != value:
            raise InputError(
                f"out = {str(directory)!r}: holds another study, with "
                f"{field} = {shorten(stored.get(field))} and not {shorten(value)}; "
                "must be a new directory, or the same study"
            )


def _manifest(sweep: Sweep, old: dict[str, Any]) -> dict[str, Any]:
    """Write down what is run, and with what."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "format": FORMAT,
        "spec": sweep.model_dump(),
        "seed": sweep.seed,
        "environment": sweep.mdp.fingerprint,
        "max_steps": sweep.time_limit,
        "algorithm_version": type(sweep.configurations[0].agent).version,
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        },
        "revision": _revision(),
        "machine": platform.machine(),
        "created": old.get("created", now),
        "wall_time": old.get("wall_time", 0.0),
    }


def _revision() -> str | None:
    """Name the revision of fastq's own checkout, or None where it runs from no checkout."""
    package = Path(__file__).parent
    commands = (
        ["git", "ls-files", "--error-unmatch", "store.py"],
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
    )
    try:
        answers = [
            subprocess.run(command, cwd=package, capture_output=True, check=True, timeout=10)
            for command in commands
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return answers[-1].stdout.decode().strip()


def _write_manifest(directory: Path, manifest: dict[str, Any]) -> None:
    """Put the manifest in place of an older one, whole."""
    text = json.dumps(manifest, indent=2) + "\n"
    temporary = directory / f".manifest-{uuid.uuid4().hex}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
    _put(temporary, directory / "manifest.json")


def _put(temporary: Path, final: Path) -> None:
    """Flush a file to disk and give it its name; the rename is what makes it count."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(final)
    with contextlib.suppress(OSError):  # not every system flushes directories
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_part(
    directory: Path,
    configurations: Sequence[Configuration],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    columns: dict[str, NDArray[Any]],
) -> None:
    """Write the rows of N runs.

    Parameters
    ----------
    configurations, configuration_of, run_of
        The configuration of run i is ``configurations[configuration_of[i]]``, its number
        ``run_of[i]``.
    columns : dict of str to array, shape (N, episodes)
    """
    runs: Runs = {}
    for configuration, run in zip(configuration_of.tolist(), run_of.tolist(), strict=True):
        runs.setdefault(configurations[configuration].key, []).append(run)
    episodes = next(iter(columns.values())).shape[1]
    rows = _rows(configurations, configuration_of, run_of, columns, episodes)
    index = json.dumps(runs).encode()
    temporary = directory / "parts" / f".{uuid.uuid4().hex}.tmp"
    try:
        pq.write_table(
            rows.replace_schema_metadata({_INDEX: index}),
            temporary,
            compression="lz4",
            use_dictionary=[c for c in rows.column_names if c not in ("episode", *columns)],
            write_statistics=False,
        )
        name = f"{hashlib.sha256(index).hexdigest()[:16]}-{_checksum(temporary.read_bytes())}"
        _put(temporary, directory / "parts" / f"{name}.parquet")
    finally:
        temporary.unlink(missing_ok=True)


def _rows(
    configurations: Sequence[Configuration],
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    columns: dict[str, NDArray[Any]],
    episodes: int,
) -> pa.Table:
    """Lay out one row for each run and episode, with all hyperparameters beside the key."""
    place = np.repeat(configuration_of.astype(np.int32), episodes)
    keys = pa.array([configuration.key for configuration in configurations])
    table = {"configuration": pa.DictionaryArray.from_arrays(pa.array(place), keys)}
    for name in type(configurations[0].agent).model_fields:
        values = np.array([getattr(c.agent, name) for c in configurations], dtype=np.float64)
        table[name] = pa.array(values[place])
    table["run"] = pa.array(np.repeat(run_of.astype(np.int32), episodes))
    table["episode"] = pa.array(np.tile(np.arange(episodes, dtype=np.int32), len(run_of)))
    for name, values in columns.items():
        table[name] = pa.array(values.ravel())
    return pa.table(table)


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
