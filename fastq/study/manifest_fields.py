"""What a manifest may say: types and bounds of all that fastq reads from it again.

A checksum finds damage and not malice: whoever forges a manifest forges its checksum too. So each
name can be printed, each number can be reckoned with, and what belongs together fits together.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator

from fastq.base.errors import InputError
from fastq.base.text import LONGEST, is_name
from fastq.base.validation import Count, Seed, Validated, shorten
from fastq.study.record import COLUMNS


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
        raise ValueError("must be a finite number, or text that can be printed")
    return value


Name = Annotated[
    str,
    Field(max_length=LONGEST, description=f"text that can be printed, up to {LONGEST} letters"),
    AfterValidator(_printable),
]
Cell = Annotated[
    bool | int | float | str,
    PlainValidator(_cell),
    Field(description="a finite number, or text that can be printed"),
]
Total = Annotated[int, Field(ge=0, lt=2**63, description="an integer from 0 to 2**63 - 1")]
Seconds = Annotated[float, Field(ge=0, le=1e15, description="a number from 0 to 1e15")]


class _Spec(Validated):
    """The sweep that was run last; what it says is checked again where a sweep is made of it."""

    model_config = ConfigDict(extra="allow")

    env: Name
    env_args: dict[Name, Any] = {}
    grid: dict[Name, list[Any]]
    fixed: dict[Name, Any] = {}
    streams: Name


class _Study(Validated):
    """What `Study` writes."""

    model_config = ConfigDict(extra="allow")

    env: Name
    agents: Annotated[list[Name], Field(min_length=1, description="a list of names")]
    seed: Seed
    episodes: Count
    runs: Count
    identity: Name
    keys: Annotated[list[Name], Field(min_length=1, description="a list of keys")]
    points: Annotated[
        list[dict[Name, Cell]],
        Field(description="a list of tables from names to numbers or words that can be printed"),
    ]

    def check(self) -> None:
        """Refuse points that are none of these agents', or keys that name none or two of them."""
        if len(self.keys) != len(self.points):
            raise InputError("keys and points differ in number")
        if len(set(self.keys)) < len(self.keys):
            raise InputError("keys: one is there twice")
        several = len(self.agents) > 1
        names = set(self.points[0])
        for i, point in enumerate(self.points):
            if several != ("agent" in point) or not (several or set(point) == names) or not point:
                raise InputError(f"points[{i}] = {shorten(point)}: has other names than it must")
            if several and point["agent"] not in self.agents:
                named = shorten(point["agent"])
                raise InputError(f"points[{i}].agent = {named}: must be one of agents")
        taken = (set().union(*self.points) - {"agent"}) & COLUMNS
        if taken:
            raise InputError(f"points: {min(taken)} is the name of a column of the results")


class _Manifest(Validated):
    """What the manifest says besides."""

    model_config = ConfigDict(extra="allow")

    spec: _Spec
    environment: Name
    max_steps: Count
    versions: dict[Name, Name]
    algorithms: dict[Name, Name]
    revision: Name | None
    wall_time: Seconds
    steps: Total
    machine: Name
    created: Name


def check_manifest(found: Mapping[str, Any]) -> None:
    """Raise `InputError` naming the first field of a manifest that says what none may."""
    _check(_Manifest, found)


def check_study(found: Mapping[str, Any]) -> None:
    """Raise `InputError` naming the first field of a stored study that says what none may."""
    _check(_Study, found)


def _check(kind: type[Validated], found: Mapping[str, Any]) -> None:
    """Check a table; whatever stands in it, what is wrong is one line."""
    try:
        kind(**found)
    except (RecursionError, TypeError) as error:
        raise InputError(shorten(str(error), 100)) from None
