"""What is asked of a table, and how it falls into configurations."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fastq.base.errors import InputError
from fastq.base.validation import choose, shorten
from fastq.plot.style import entry, plain

ESTIMATE = ("estimate", "lower", "upper", "runs")
TIMES = ("episode", "step")


def check_table(table: object, source: str) -> None:
    """Raise `InputError` unless something is a table; `source` is the method that gives it."""
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"table = {shorten(table)}: must be a table, as results.{source}() gives")


def check_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise `InputError` unless a table has rows, and columns of these names."""
    if table.empty:
        raise InputError("the table has no rows: there is nothing to draw")
    for name in names:
        choose("column", name, [str(column) for column in table.columns])


def time_column(table: pd.DataFrame) -> str:
    """Find the column that time runs in; raise `InputError` where there is none, or both."""
    found = [name for name in TIMES if name in table]
    if len(found) > 1:
        raise InputError("columns episode and step: must be one of them")
    check_columns(table, found or TIMES[:1])
    return found[0]


def time_label(time: str, window: int | None) -> str:
    """Name an axis of time."""
    label = "episode" if time == "episode" else "time steps"
    return label if window in (None, 1) else f"{label} (mean over windows of {window} {time}s)"


def configurations(
    table: pd.DataFrame, others: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give each configuration's name and rows; the `others` are columns that do not name one."""
    names = [name for name in table.columns if name not in others]
    groups = table.groupby(names, sort=False, dropna=False) if names else [((), table)]
    for values, rows in groups:
        yield name_of(names, values), rows


def name_of(names: Sequence[str], values: Sequence[Any]) -> str:
    """Name a configuration by its agent and the hyperparameters that it has."""
    texts = (
        text_of(value) if name == "agent" else f"{plain(name)} = {text_of(value)}"
        for name, value in zip(names, values, strict=True)
        if not is_empty(value)
    )
    return entry(", ".join(texts))


def text_of(value: Any) -> str:
    """Write a hyperparameter: a number, or a word."""
    return plain(str(value)) if isinstance(value, str | bool | np.bool_) else f"{value:g}"


def is_empty(value: Any) -> bool:
    """Say whether an agent lacks a hyperparameter that others have."""
    return bool(value == "" or pd.isna(value))
