"""Input that is checked before any work starts, with errors of one line.

An error names the field, the value and what is allowed, as in
``alpha = 1.5: must be a number in (0, 1]``. What is allowed stands once, as the ``description`` of
the field's type.
"""

import difflib
import math
from collections.abc import Container, Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PydanticUserError,
    ValidationError,
)
from pydantic.fields import FieldInfo

from fastq.base.errors import InputError

LARGEST = 2**31 - 1


def plain_number(value: Any) -> Any:
    """Turn NumPy's scalars into Python's own, and leave all else for the strict check."""
    return value.item() if isinstance(value, np.generic) else value


Number = BeforeValidator(plain_number)
# `Number` stands last: pydantic then checks bounds itself, else it does so in Python.
StepSize = Annotated[
    float, Field(gt=0, le=1, allow_inf_nan=False, description="a number in (0, 1]"), Number
]
Fraction = Annotated[
    float, Field(ge=0, le=1, allow_inf_nan=False, description="a number in [0, 1]"), Number
]
Finite = Annotated[float, Field(allow_inf_nan=False, description="a finite number"), Number]
Count = Annotated[
    int, Field(ge=1, le=LARGEST, description=f"an integer from 1 to {LARGEST}"), Number
]
Index = Annotated[
    int, Field(ge=0, le=LARGEST, description=f"an integer from 0 to {LARGEST}"), Number
]
Seed = Annotated[
    int, Field(ge=0, lt=2**63, description="an integer from 0 to 9223372036854775807"), Number
]

Streams = Annotated[
    Literal["common", "independent"], Field(description="one of common, independent")
]


class Validated(BaseModel):
    """A frozen, strictly typed record whose errors are an `InputError` of one line."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", validate_default=True)

    def __init__(self, /, *values: Any, **fields: Any) -> None:  # a field may be called "self"
        if values:
            name, first = type(self).__name__, next(iter(type(self).model_fields), "field")
            raise InputError(
                f"{name}({shorten(values[0])}): must name its fields, as {name}({first}=...)",
                value=values[0],
            )
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise _first_fault(error, type(self)) from None
        except PydanticUserError as error:  # its class names a type that there is not
            raise InputError(first_sentence(error)) from None
        self.check()

    def check(self) -> None:
        """Raise `InputError` where fields contradict each other; the default finds no fault."""


class _Arguments(Validated):
    """What public calls take besides MDPs, agents and tables."""

    model_config = ConfigDict(validate_default=False)

    episodes: Count = 1
    runs: Count = 1
    seed: Seed = 0
    run: Index = 0
    episode: Index = 0
    max_steps: Count = 1
    chunk_size: Count = 1
    window: Count = 1
    resamples: Count = 1
    confirm_runs: Count = 1
    first_runs: Count = 1
    streams: Streams = "common"


def check_arguments(**arguments: Any) -> None:
    """Check arguments of a public call; raise `InputError` naming the first bad one.

    Plain numbers and words are looked at here first: pydantic takes 8 µs, as long as a short run.
    """
    for name, value in arguments.items():
        kind, allowed = _PLAIN[name]
        if type(value) is not kind or value not in allowed:
            _Arguments(**arguments)
            return


def _plain_values(field: FieldInfo) -> tuple[type, Container[Any]]:
    """Give the type of a field, and which plain values of this type are allowed."""
    if field.annotation is not int:
        return str, get_args(field.annotation)
    bounds = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "le", "lt")
        if hasattr(rule, name)
    }
    return int, range(bounds["ge"], bounds["lt"] if "lt" in bounds else bounds["le"] + 1)


_PLAIN = {name: _plain_values(field) for name, field in _Arguments.model_fields.items()}


def choose(field: str, value: object, allowed: Iterable[str]) -> None:
    """Raise `InputError` unless `value` is one of the `allowed` words."""
    words = list(allowed)
    if value not in words:
        raise not_allowed(field, value, f"one of {', '.join(words)}", meant(value, words))


def not_allowed(field: str, value: object, allowed: str, hint: str = "") -> InputError:
    """Say that a field has a value that is not allowed, and end with a hint."""
    message = f"{field} = {shorten(value)}: must be {allowed}{hint}"
    return InputError(message, field=field, value=value, allowed=allowed)


def meant(word: object, allowed: Iterable[str]) -> str:
    """End an error with the allowed word that was probably meant, if any is near.

    Case and underscores do not count: ``QLearning`` is near to ``q_learning``.
    """
    plain = {_plain(name): name for name in allowed}
    close = difflib.get_close_matches(_plain(str(word)[:_WORD]), plain, n=1)
    return f"; did you mean {plain[close[0]]}?" if close else ""


_WORD = 100
"""Longer words resemble no allowed word, and take long to compare."""


def _plain(word: str) -> str:
    """Write a word as it is compared."""
    return word.lower().replace("_", "")


def split_word(field: str, text: object, allowed: Mapping[str, bool]) -> tuple[str, float | None]:
    """Read a word that a number may follow, as in ``quantile:0.9``.

    Parameters
    ----------
    field : str
        For the error.
    text : object
    allowed : mapping of str to bool
        The words, and whether a number may follow.

    Raises
    ------
    InputError
        For another word, or a number that is none, or where none may stand.
    """
    name, colon, argument = str(text).partition(":")
    if not isinstance(text, str) or name not in allowed:
        words = [f"{word}:NUMBER" if takes else word for word, takes in allowed.items()]
        raise not_allowed(field, text, f"one of {', '.join(words)}", meant(name, allowed))
    if not colon:
        return name, None
    try:
        number = float(argument)
    except ValueError:
        number = math.nan
    if not (allowed[name] and math.isfinite(number)):
        rule = "a finite number after the colon" if allowed[name] else f"{name}, with no number"
        raise not_allowed(field, text, rule)
    return name, number


def first_sentence(error: Exception) -> str:
    """Give what a long message of pydantic says first."""
    return str(error).strip().splitlines()[0].partition(". ")[0].rstrip(".")


def _first_fault(error: ValidationError, model: type[BaseModel]) -> InputError:
    """Say the first fault of a failed validation in one line: an unknown field before all else."""
    faults = error.errors(include_url=False)
    unknown = [fault for fault in faults if fault["type"] == "extra_forbidden"]
    fault = (unknown or faults)[0]
    path = [str(part) for part in fault["loc"]]
    name = ".".join(path)
    field = model.model_fields.get(path[0]) if path else None
    if fault["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields) or "none"
        near = meant(path[-1], model.model_fields)
        said = f"{name} = {shorten(fault['input'])}: no such field; allowed are {known}{near}"
        return InputError(said, field=name, value=fault["input"])
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return cause if cause.field == name else cause.inside(name)
    allowed = _allowed(field.annotation, field.metadata, field.description) if field else None
    rule = f"must be {allowed}" if allowed else fault["msg"][0].lower() + fault["msg"][1:]
    if fault["type"] == "missing":
        return InputError(f"{name} is missing: {rule}", field=name, allowed=allowed)
    said = f"{name} = {shorten(fault['input'])}: {rule}"
    return InputError(said, field=name, value=fault["input"], allowed=allowed)


def _allowed(annotation: Any, metadata: Iterable[Any], description: str | None) -> str | None:
    """Find what a field allows: its own description, or that of a type inside it."""
    if description:
        return description
    for inner in (*metadata, *getattr(annotation, "__args__", ())):
        text = getattr(inner, "description", None)
        found = text or _allowed(inner, getattr(inner, "__metadata__", ()), None)
        if found:
            return str(found)
    return None


def shorten(value: object, width: int = 60) -> str:
    """Write a value for an error message, on one line and of bounded length."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # a number of thousands of digits
        text = f"<{type(value).__name__}>"
    return text if len(text) <= width else text[: width - 3] + "..."
