"""Lists of outcomes, as gymnasium's ``P`` has them, read into tables.

``listed[state][action]`` is a sequence of `fastq.mdp.outcomes.Outcome`: probability, next state,
reward or its normal distribution, terminated. Whole columns are checked at once, so that a million
states take seconds; the index of a bad entry is looked for only when there is one.
"""

from collections.abc import Sequence
from itertools import chain
from numbers import Real
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import not_allowed, shorten
from fastq.mdp.outcomes import Tables, padded, read_start


def from_lists(name: str, listed: Any, start: Any) -> tuple[Tables, NDArray[np.float64]]:
    """Read lists of outcomes, and where episodes start.

    Parameters
    ----------
    name : str
        What messages call the lists.
    listed : nested sequences or mappings
        ``listed[state][action]``, each a sequence of `Outcome`.
    start : int or array of shape (S,)

    Returns
    -------
    tables, start

    Raises
    ------
    InputError
        Naming the first entry that is no outcome.
    """
    rows, num_states = _rows(name, listed)
    flat = list(chain.from_iterable(rows))
    if set(map(_size, flat)) != {4}:
        index = next((i for i, outcome in enumerate(flat) if _size(outcome) != 4), None)
        found = "no outcome" if index is None else shorten(flat[index])
        place = name if index is None else _place(name, rows, num_states, index)
        allowed = "(probability, next state, reward, terminated)"
        raise InputError(f"{place} = {found}: must be {allowed}", field=place, allowed=allowed)
    counts = np.fromiter(map(len, rows), np.int64, len(rows)).reshape(num_states, -1)
    try:
        columns = _columns(list(zip(*flat, strict=True)), num_states)
    except _EntryError as error:
        place = _place(name, rows, num_states, error.index)
        raise InputError(f"{place}: {error}", field=place) from None
    initial = read_start(start, num_states)
    return padded(name, counts, columns, initial), initial


def _rows(name: str, listed: Any) -> tuple[list[Sequence[Any]], int]:
    """Give the outcomes of all states and actions in one list, and the number of states."""
    place = name
    try:
        states = [listed[s] for s in range(len(listed))]
        num_actions = max(map(len, states), default=0)
        rows: list[Sequence[Any]] = []
        for s, state in enumerate(states):
            place = f"{name}[{s}]"
            if len(state) not in (0, num_actions):
                allowed = f"{num_actions}, as other states have"
                message = f"{place} has {len(state)} actions: must be {allowed}"
                raise InputError(message, field=place, value=len(state), allowed=allowed)
            rows.extend(
                [state[a] for a in range(num_actions)] if len(state) else [()] * num_actions
            )
        sizes = [_size(row) for row in rows]
    except (LookupError, TypeError):
        message = f"{place} must list the outcomes by state and action, each from 0"
        raise InputError(message, field=place) from None
    if not rows:
        message = f"{name} lists no action: must list the outcomes by state and action"
        raise InputError(message, field=name)
    if -1 in sizes:
        s, a = divmod(sizes.index(-1), num_actions)
        raise not_allowed(f"{name}[{s}][{a}]", rows[sizes.index(-1)], "a list")
    return rows, len(states)


def _size(value: Any) -> int:
    """Give the length of a list, or -1 for what has none or is text."""
    return len(value) if hasattr(value, "__len__") and not isinstance(value, str | bytes) else -1


def _place(name: str, rows: list[Sequence[Any]], num_states: int, index: int) -> str:
    """Name an outcome by its state, its action, and its index among theirs."""
    ends = np.cumsum([len(row) for row in rows])
    row = int(np.searchsorted(ends, index, side="right"))
    state, action = divmod(row, len(rows) // num_states)
    return f"{name}[{state}][{action}][{index - int(ends[row]) + len(rows[row])}]"


class _EntryError(ValueError):
    """An outcome that is none, by its index."""

    def __init__(self, index: int, field: str, value: Any, allowed: str) -> None:
        super().__init__(f"{field} = {shorten(value)}: must be {allowed}")
        self.index = index


def _columns(values: Sequence[Sequence[Any]], num_states: int) -> Tables:
    """Turn the columns of an outcome list into arrays."""
    rewards = values[2]
    random = [isinstance(reward, NormalDist) for reward in rewards]
    sd = [0.0] * len(rewards)
    if any(random):
        sd = [reward.stdev if isinstance(reward, NormalDist) else 0.0 for reward in rewards]
        rewards = [reward.mean if isinstance(reward, NormalDist) else reward for reward in rewards]
    following = _column("next state", values[1])
    in_range = (following >= 0) & (following < num_states) & (following == np.floor(following))
    _check_column("next state", following, in_range, f"a state from 0 to {num_states - 1}")
    terminated = _column("terminated", values[3])
    _check_column("terminated", terminated, (terminated == 0) | (terminated == 1), "True or False")
    return Tables(
        following.astype(np.int32),
        _column("reward", rewards).astype(np.float64),
        _column("probability", values[0]).astype(np.float64),
        terminated.astype(np.bool_),
        np.array(sd),
    )


def _column(field: str, values: Sequence[Any]) -> NDArray[Any]:
    """Turn a column into an array of numbers."""
    try:
        column: NDArray[Any] = np.array(values)
    except ValueError:
        column = np.array(None)
    if column.dtype.kind in "biuf" and column.ndim == 1:
        return column
    wrong = (i for i, value in enumerate(values) if not isinstance(value, Real | np.bool_))
    index = next(wrong, 0)
    raise _EntryError(index, field, values[index], "a number")


def _check_column(field: str, column: NDArray[Any], good: NDArray[Any], allowed: str) -> None:
    """Raise `_EntryError` for the first entry of a column that is not good."""
    if not good.all():
        index = int(np.argmin(good))
        raise _EntryError(index, field, column[index].item(), allowed)
