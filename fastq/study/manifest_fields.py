"""The types of a manifest's fields, with their bounds: names, cells of tables, sums.

A checksum finds damage and not malice: whoever forges a manifest forges its checksum too. So each
name can be printed, and each number has a size that can be computed with. `fastq.study.study.Study`
and `fastq.study.storage.manifest.Manifest` are made of these types.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from fastq.base.errors import InputError
from fastq.base.text import LONGEST, is_name
from fastq.base.validation import Validated, shorten

_CELL = "a finite number, or text that can be printed"


def _printable(text: str) -> str:
    """Refuse characters that a terminal obeys."""
    if not text.isprintable():
        raise ValueError("must be text that can be printed")
    return text


def _cell(value: object) -> object:
    """Take what a table can show of a hyperparameter."""
    if isinstance(value, str):
        fits = is_name(value)
    elif isinstance(value, int):
        fits = -(2**63) <= value < 2**63
    else:
        fits = isinstance(value, float) and math.isfinite(value)
    if not fits:
        raise ValueError(f"must be {_CELL}")
    return value


Name = Annotated[
    str,
    Field(max_length=LONGEST, description=f"text that can be printed, up to {LONGEST} letters"),
    AfterValidator(_printable),
]
StoredCell = Annotated[
    float | int | str,
    PlainValidator(_cell),
    Field(description=_CELL),
    WithJsonSchema({"type": ["boolean", "number", "string"], "description": _CELL}),
]
Total = Annotated[int, Field(ge=0, lt=2**63, description="an integer from 0 to 2**63 - 1")]
Seconds = Annotated[float, Field(ge=0, le=1e15, description="a number from 0 to 1e15")]


Row = TypeVar("Row", bound=Validated)


def checked(model: type[Row], found: Mapping[str, Any]) -> Row:
    """Check a table that was read from a file, and give it as a model.

    Raises
    ------
    InputError
        Naming the first field that says what none may. Whatever stands in the table, what is wrong
        is one line.
    """
    try:
        return model(**found)
    except (RecursionError, TypeError) as error:
        raise InputError(shorten(str(error), 100)) from None
