"""Schedules: hyperparameters that change while an agent learns, as data.

In episode e (from 0), or at the n-th visit (from 1):

- `Linear`: ``start + (end - start) * min(e / episodes, 1)``;
- `Exponential`: ``max(end, start * rate ** e)``;
- `Visits`: ``1 / n ** power``. For alpha, n counts the updates of the pair of state and action,
  this one included; for epsilon, the actions drawn in the state, this one included.

In TOML a schedule is a table with its kind: ``{kind = "visits", power = 0.8}``.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, PlainValidator

from fastq.base.errors import InputError
from fastq.base.validation import Count, Finite, Fraction, StepSize, Validated, choose, plain_number


class Linear(Validated):
    """From `start` to `end` in equal steps over the first `episodes` episodes, then constant."""

    kind: Literal["linear"] = "linear"
    start: Fraction
    end: Fraction
    episodes: Count

    def __str__(self) -> str:
        return f"linear({self.start}, {self.end}, {self.episodes})"


class Exponential(Validated):
    """From `start`, times `rate` after each episode, never below `end`."""

    kind: Literal["exponential"] = "exponential"
    start: Fraction
    rate: StepSize
    end: Fraction = 0.0

    def __str__(self) -> str:
        return f"exponential({self.start}, {self.rate}, {self.end})"


class Visits(Validated):
    """One over the number of visits to some power."""

    kind: Literal["visits"] = "visits"
    power: Annotated[
        Finite, Field(gt=0, le=10, description="a number in (0, 10]: the value is 1 / n^power")
    ]

    def __str__(self) -> str:
        return f"1/n^{self.power}"


Schedule = Linear | Exponential | Visits
KINDS: dict[str, type[Schedule]] = {
    "linear": Linear,
    "exponential": Exponential,
    "visits": Visits,
}


def as_schedule(table: Mapping[str, Any]) -> Schedule:
    """Make a schedule of its table, as TOML has it.

    Raises
    ------
    InputError
        For an unknown kind, or a bad field of it.
    """
    choose("kind", table.get("kind"), KINDS)
    return KINDS[table["kind"]](**table)


def _number_or_schedule(value: Any, lowest: float) -> float | Schedule:
    """Take a number from 0 to 1, a schedule, or the table of one; `lowest` itself is no number."""
    if type(value) is float and lowest < value <= 1:
        return value  # nearly every value; the checks below take microseconds
    if isinstance(value, Mapping):
        value = as_schedule(value)
    if isinstance(value, Schedule):
        for name in ("start", "end"):
            if getattr(value, name, 1) <= lowest:
                message = f"{name} = 0: a schedule of step sizes must stay in (0, 1]"
                raise InputError(message, field=name, value=0)
        return value
    number = plain_number(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not lowest < number <= 1:
        raise ValueError
    return float(number)


def _plain(value: float | Schedule) -> float | dict[str, Any]:
    """Write a number, or a schedule as its table."""
    return value if isinstance(value, float) else value.model_dump()


def _step_size(value: Any) -> float | Schedule:
    """Take what may be an alpha."""
    return _number_or_schedule(value, lowest=0)


def _fraction(value: Any) -> float | Schedule:
    """Take what may be an epsilon."""
    return _number_or_schedule(value, lowest=_BELOW_ZERO)


_BELOW_ZERO = -math.ulp(0)

ScheduledStepSize = Annotated[
    float | Schedule,
    PlainValidator(_step_size),
    PlainSerializer(_plain),
    Field(description="a number in (0, 1], or a schedule: linear, exponential or visits"),
]
ScheduledFraction = Annotated[
    float | Schedule,
    PlainValidator(_fraction),
    PlainSerializer(_plain),
    Field(description="a number in [0, 1], or a schedule: linear, exponential or visits"),
]
