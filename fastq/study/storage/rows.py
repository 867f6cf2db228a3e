"""What the rows of a part may say: a forged part can have a checksum that is right.

A row that no run can have is damage: a length below 1, more episodes cut short than there were, a
block of moments that is no power of two, a cell that is empty. A return may be any number, and also
NaN, as the sum of large rewards may be.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fastq.base.validation import LARGEST, shorten

DAMAGES = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(RecursionError, MemoryError, pa.ArrowException),
)
"""What reading a part may raise whose bytes no one wrote."""
_TEXT = (pa.string(), pa.large_string())
_SMALL, _PACKED = 2**30, 1000
"""A part that takes more memory than both these bytes and so many times its file is a bomb: what is
written in parts packs 255 times at the most."""


def check_size(file: pq.ParquetFile, size: int) -> None:
    """Raise ValueError where a file of so many bytes says that it holds far more than it can."""
    rows, width = file.metadata.num_rows, 8 * file.metadata.num_columns
    if rows * width > max(_SMALL, _PACKED * size):
        raise ValueError(f"it says that it holds {rows} rows, in {size} bytes")


def check_spans(spans: Sequence[tuple[object, object]]) -> None:
    """Raise ValueError unless each span is of runs, from a first up to before a second."""
    for first, stop in spans:
        if type(first) is not int or type(stop) is not int or not 0 <= first < stop <= LARGEST + 1:
            raise ValueError(f"runs = {shorten(spans)}")


def check_words(words: Sequence[object]) -> None:
    """Raise ValueError unless all are text that can be printed."""
    if not all(isinstance(word, str) and word.isprintable() for word in words):
        raise ValueError(f"they are of {shorten(words)}")


def check_rows(table: pa.Table, columns: Mapping[str, type[np.generic]], points: int) -> None:
    """Raise ValueError for rows that no run can have.

    Parameters
    ----------
    table : pyarrow.Table
        With the columns configuration and run besides.
    columns : mapping
        The columns that are read, and their types.
    points : int
        The rows of an entry.
    """
    types = {name: pa.from_numpy_dtype(kind) for name, kind in columns.items()}
    for name, kind in {"run": pa.int32(), **types}.items():
        if table.schema.field(name).type != kind:
            raise ValueError(f"its column {name} is of another type")
    key = table.schema.field("configuration").type
    if (key.value_type if pa.types.is_dictionary(key) else key) not in _TEXT:
        raise ValueError("its column configuration is of another type")
    for name in ("configuration", "run", *columns):
        if table[name].null_count:
            raise ValueError(f"its column {name} has empty cells")
    if table.num_rows % points:
        raise ValueError(f"it holds {table.num_rows} rows, no multiple of {points}")
    runs = table["run"].to_numpy().reshape(-1, points)
    if (runs != runs[:, :1]).any():
        raise ValueError("rows of one run are not beside each other")
    _check_numbers({name: table[name].to_numpy().reshape(-1, points) for name in columns}, runs)


def _check_numbers(found: Mapping[str, NDArray[np.generic]], runs: NDArray[np.generic]) -> None:
    """Raise ValueError for numbers that no run can have; all are of shape (entries, points)."""
    sizes = found.get("runs")
    if sizes is not None:
        size, first = sizes[:, :1].astype(np.int64), runs[:, :1].astype(np.int64)
        good = (sizes == size).all() and ((size > 0) & (size & (size - 1) == 0)).all()
        if not (good and (size <= LARGEST + 1).all() and (first % size == 0).all()):
            raise ValueError("its column runs holds what is no block of runs")
    for name, values in found.items():
        if name.startswith("length") and not name.endswith("_m2"):
            fits = np.isfinite(values) & (values >= 1)  # type: ignore[operator]
        elif name.endswith("_m2"):
            fits = ~(values < 0)  # type: ignore[operator]
        elif name in ("truncated", "diverged") and values.dtype != np.bool_:
            fits = values >= 0  # type: ignore[operator]
            if sizes is not None and name == "diverged":
                fits &= values <= sizes  # type: ignore[operator]
        else:
            continue
        if not fits.all():
            raise ValueError(f"its column {name} holds what no run can have")
