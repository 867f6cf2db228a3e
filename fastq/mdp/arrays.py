"""Tables of numbers that are checked: an error names the first bad entry and what is allowed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import LARGEST, shorten

_EXACT = {np.int32: "an integer of 32 bits", np.bool_: "True or False"}
_TOLERANCE = 1e-9


def as_table(field: str, values: Any, dtype: type) -> NDArray[Any]:
    """Read values as a table of numbers, copied only where they are not one already.

    Raises
    ------
    InputError
        Where there are too many, or they are ragged, no numbers, or do not fit the type.
    """
    if isinstance(values, np.ndarray) and values.size > LARGEST:
        message = f"{field} has shape {values.shape}: must have at most {LARGEST} entries"
        raise InputError(message, field=field)
    try:
        found: NDArray[Any] = np.asarray(values)
        if found.dtype.kind not in "biufO":
            raise TypeError(f"they are {found.dtype}")
        with np.errstate(invalid="ignore"):
            table: NDArray[Any] = found.astype(dtype, order="C", copy=False)
    except (ValueError, TypeError, OverflowError) as error:
        message = f"{field} = {shorten(values)}: not a table of numbers ({error})"
        raise InputError(message, field=field, value=values) from None
    if dtype in _EXACT and table is not found:
        check_each(field, found, np.asarray(table == found), _EXACT[dtype])
    return table


def read_only(field: str, values: Any, dtype: type) -> NDArray[Any]:
    """Copy values into a read-only table."""
    table = np.array(as_table(field, values, dtype))
    table.flags.writeable = False
    return table


def check_shape(field: str, table: NDArray[Any], allowed: Sequence[tuple[int, ...]]) -> None:
    """Raise `InputError` unless a table has one of the allowed shapes."""
    if table.shape not in allowed:
        shapes = " or ".join(map(str, allowed))
        message = f"{field} has shape {table.shape}: must be {shapes}"
        raise InputError(message, field=field, value=table.shape, allowed=shapes)


def check_each(field: str, table: NDArray[Any], good: NDArray[np.bool_], allowed: str) -> None:
    """Raise `InputError` naming the first entry of a table that is not good."""
    if not good.all():
        place = tuple(int(i) for i in np.argwhere(~good)[0])
        where = f" at {place}" if place else ""
        message = f"{field}{where} = {table[place]}: must be {allowed}"
        raise InputError(message, field=field, value=table[place], allowed=allowed)


def check_distributions(field: str, table: NDArray[np.float64], *, or_zero: bool = False) -> None:
    """Raise `InputError` unless probabilities sum to 1, or else to 0, over the last axis."""
    check_each(field, table, (table >= 0) & (table <= 1), "in [0, 1]")
    total = table.sum(axis=-1)
    good = np.abs(total - 1) <= _TOLERANCE
    if or_zero:
        good |= total == 0
    allowed = "1, or 0 where there is no way on" if or_zero else "1"
    check_each(f"the sum of {field}", total, good, allowed)


def one_nan(values: NDArray[np.float64]) -> None:
    """Write each NaN by the same bits: its sign depends on the processor."""
    values[np.isnan(values)] = np.nan
