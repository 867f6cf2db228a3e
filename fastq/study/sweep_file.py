"""A sweep's TOML file: the fields that it holds, and what stands in the wrong table of it.

In TOML all that follows ``[fixed]`` belongs to that table, up to the next one. A field of the sweep
that stands there is unknown to the table and missing above.
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from fastq.base.errors import InputError
from fastq.base.validation import shorten


def read_fields(path: str | Path) -> dict[str, Any]:
    """Read the fields of a sweep; files that they name are looked for beside it.

    Raises
    ------
    InputError
        Where there is no such file, or it is not TOML.
    """
    try:
        fields = tomllib.loads(Path(path).read_bytes().decode())
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits
        raise InputError(f"is not TOML ({shorten(str(error), 100)})") from None
    for name in ("env", "agent"):
        if name in fields:
            fields[name] = _beside(Path(path).parent, fields[name])
    return fields


def _beside(folder: Path, word: Any) -> Any:
    """Find files that a spec names from the folder that it stands in."""
    if isinstance(word, list):
        return [_beside(folder, one) for one in word]
    if isinstance(word, str) and (word.endswith(".npz") or ".py:" in word):
        return str(folder / word)
    return word


def misplaced(fields: Mapping[str, Any], known: Collection[str], wrong: str | None) -> str:
    """Say which field of the sweep an error is about that stands in a table, to end the error.

    Parameters
    ----------
    fields : mapping
        From `read_fields`.
    known : collection of str
        The fields of a sweep.
    wrong : str, optional
        The field that the error names.
    """
    for table, name in _entries(fields, ""):
        is_above = name in known and name not in fields
        if is_above and wrong and (wrong in (name, table) or _is_in(wrong, f"{table}.{name}")):
            return f"; {name} is a field of the sweep, and belongs above [{table}]"
    return ""


def _is_in(path: str, field: str) -> bool:
    """Say whether a path leads to a field, or to something in it."""
    return path == field or path.startswith((f"{field}.", f"{field}["))


def _entries(table: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    """Give the entries of all tables, each with the name of its table."""
    for name, value in table.items():
        if place:
            yield place, name
        if isinstance(value, Mapping):
            yield from _entries(value, f"{place}.{name}" if place else name)
