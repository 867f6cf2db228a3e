"""The fields of a sweep, as users may write them in Python or in TOML, made plain."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field, PlainSerializer, PlainValidator

from fastq.agents.registry import word_for
from fastq.agents.schedules import Schedule, as_schedule
from fastq.agents.td_control import AGENTS, Agent
from fastq.base.errors import InputError
from fastq.base.text import is_name
from fastq.base.validation import not_allowed, plain_number
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study.record import as_plain, as_record

Value = float | int | str | Schedule
"""What a hyperparameter may be."""
_PLAIN = (float, int, str)
"""Values that need no change."""
Word = str | type[Agent]
"""What names an agent."""


def _environment(env: Any) -> str | FiniteMDP:
    """Take an id, a file's name, or an MDP."""
    if not (isinstance(env, FiniteMDP) or (is_name(env) and env)):
        raise ValueError
    return env


def _name_of(env: str | FiniteMDP) -> str:
    """Name an environment in a manifest."""
    return env if isinstance(env, str) else env.name


def _agent(agent: Any) -> Word | list[Word]:
    """Take a word or a class, or a list of them; fastq's own classes become their words."""
    if isinstance(agent, list | tuple) and agent:
        return [_word(one) for one in agent]
    return _word(agent)


def _word(agent: Any) -> Word:
    """Take a word or a class."""
    if isinstance(agent, Agent):
        name = type(agent).__name__
        allowed = f"the class {name} itself"
        raise InputError(
            f"agent = {name}(...): must be {allowed}; values of its hyperparameters "
            "stand in grid and fixed",
            field="agent",
            value=agent,
            allowed=allowed,
        )
    if isinstance(agent, type) and issubclass(agent, Agent):
        return agent.name if AGENTS.get(agent.name) is agent else agent
    if not isinstance(agent, str):
        raise ValueError
    return agent


def _text_of(agent: Word | list[Word]) -> str | list[str]:
    """Write agents as words."""
    if isinstance(agent, list):
        return [str(_text_of(one)) for one in agent]
    return agent if isinstance(agent, str) else word_for(agent)


def _fixed(table: Any) -> dict[str, Value]:
    """Take a table from hyperparameters to single values."""
    return {name: _plain_value(name, value) for name, value in _items(table)}


def _grid(table: Any) -> dict[str, list[Value]]:
    """Take a table from hyperparameters to lists, arrays, tuples or ranges of values."""
    plain: dict[str, list[Value]] = {}
    for name, values in _items(table):
        if not isinstance(values, list | tuple | range | np.ndarray):
            raise not_allowed(name, values, "a list of values")
        listed = values.tolist() if isinstance(values, np.ndarray) else values
        plain[name] = [
            value if type(value) in _PLAIN else _plain_value(f"{name}[{i}]", value)
            for i, value in enumerate(listed)
        ]
    return plain


def _items(table: Any) -> list[tuple[str, Any]]:
    """List a table's entries."""
    if not isinstance(table, Mapping):
        raise ValueError
    return [(str(name), value) for name, value in table.items()]


def _plain_value(place: str, value: Any) -> Value:
    """Turn NumPy's numbers into Python's own, and a schedule's table into the schedule."""
    try:
        plain = as_schedule(value) if isinstance(value, Mapping) else plain_number(value)
    except InputError as error:
        raise error.inside(place) from None
    if not isinstance(plain, Value):
        raise not_allowed(place, value, "a number, a word or a schedule")
    return plain


def _as_table(value: Any) -> Any:
    """Write schedules as tables, wherever they stand."""
    if isinstance(value, dict):
        return {name: _as_table(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_as_table(entry) for entry in value]
    return value.model_dump() if isinstance(value, Schedule) else value


Environment = Annotated[
    str | FiniteMDP,
    PlainValidator(_environment),
    PlainSerializer(_name_of),
    Field(description="a gymnasium id, the name of an .npz file, or a FiniteMDP"),
]
Agents = Annotated[
    Word | list[Word],
    PlainValidator(_agent),
    PlainSerializer(_text_of),
    Field(description="the name of an agent, its class, or a list of them"),
]
Grid = Annotated[
    dict[str, list[Value]],
    PlainValidator(_grid),
    PlainSerializer(_as_table),
    Field(description="a table from hyperparameters to lists of values"),
]
Fixed = Annotated[
    dict[str, Value],
    PlainValidator(_fixed),
    PlainSerializer(_as_table),
    Field(description="a table from hyperparameters to single values"),
]
Recorded = Annotated[
    str | dict[str, int],
    PlainValidator(lambda value: as_plain(as_record(value))),
    Field(description="one of episodes, moments, summary, or a window as {window = 10}"),
]
EnvArgs = Annotated[
    dict[str, bool | int | float | str],
    Field(description="a table of arguments to gymnasium.make"),
]
